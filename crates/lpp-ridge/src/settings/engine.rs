//! Who does the linear algebra.

/// Who does the linear algebra of a fit.
///
/// Scores agree to rounding, and every setting works with each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Engine {
    /// This crate, in Rust alone: no system library is needed.
    #[default]
    Pure,
    /// LAPACK factors the systems, from the BLAS library that the program links: see the features of the crate.
    #[cfg(feature = "blas")]
    Blas,
    /// libtorch on a CPU or a GPU. It chooses its kernels by shape, so the order of targets may change the last digits. TF32 is
    /// off unless the program switches it on: it would cost three digits.
    #[cfg(feature = "torch")]
    Torch(tch::Device),
}

impl Engine {
    /// Whether blocks of targets are worked on by one thread of the caller, since the engine has threads of its own.
    pub(crate) fn works_alone(self) -> bool {
        match self {
            #[cfg(feature = "torch")]
            Self::Torch(_) => true,
            _ => false,
        }
    }
}
