//! One number of threads for all parallel work.

use anyhow::Context;

/// Sets the number of threads of rayon, and restricts OpenBLAS to the calling thread.
///
/// All parallel work is distributed by rayon. Two pools would compete for the same cores. A BLAS that splits its work
/// changes the last digits with the number of threads. OpenBLAS's own threads have small stacks, which some of its
/// routines overflow (seen with 0.3.21).
pub(crate) fn start(threads: usize) -> anyhow::Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .context("cannot start threads")?;
    #[cfg(feature = "openblas")]
    openblas::keep_to_one_thread();
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

    pub(super) fn keep_to_one_thread() {
        // SAFETY: a function of OpenBLAS without other conditions than a positive number, called before any BLAS call.
        unsafe { openblas_set_num_threads(1) }
    }
}
