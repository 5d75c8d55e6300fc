//! Who does the linear algebra.

/// The implementation of the linear algebra of a fit.
///
/// Every setting works with every engine, and scores agree to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Engine {
    /// Written in Rust, in this crate; needs no system library.
    #[default]
    Pure,
    /// LAPACK factorisations from the BLAS library that the program links; see the features of the crate.
    #[cfg(feature = "blas")]
    Blas,
    /// libtorch on a CPU or a GPU. It chooses its kernels by shape, so the order of targets may change the last digits.
    /// TF32 is off unless the program enables it; it would cost three digits.
    #[cfg(feature = "torch")]
    Torch(tch::Device),
}

impl Engine {
    /// Whether blocks of targets are processed by one thread of the caller, because the engine has its own threads.
    pub(crate) fn works_alone(self) -> bool {
        match self {
            #[cfg(feature = "torch")]
            Self::Torch(_) => true,
            _ => false,
        }
    }
}
