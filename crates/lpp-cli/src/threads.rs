//! One number of threads for everything that runs in parallel.

use anyhow::Context;

/// Sets the threads of rayon, and keeps OpenBLAS to the thread that calls it.
///
/// All parallel work is cut into pieces by rayon. Two pools would fight for the same cores, a BLAS that splits its work
/// changes the last digits with the number of threads, and OpenBLAS's own threads have small stacks that some of its
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
