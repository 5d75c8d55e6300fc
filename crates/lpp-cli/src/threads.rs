//! One number of threads for everything that runs in parallel.

use anyhow::Context;

/// Sets the threads of rayon, and of OpenBLAS where it is linked.
pub(crate) fn start(threads: usize) -> anyhow::Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start threads")?;
    #[cfg(feature = "openblas")]
    openblas::set_threads(threads);
    Ok(())
}

#[cfg(feature = "openblas")]
#[expect(
    unsafe_code,
    reason = "OpenBLAS has no Rust interface to its number of threads"
)]
mod openblas {
    extern crate openblas_src as _;

    unsafe extern "C" {
        fn openblas_set_num_threads(threads: std::ffi::c_int);
    }

    pub(super) fn set_threads(threads: usize) {
        let threads = threads.try_into().unwrap_or(std::ffi::c_int::MAX);
        // SAFETY: a function of OpenBLAS without other conditions than a positive number, called before any BLAS call.
        unsafe { openblas_set_num_threads(threads) }
    }
}
