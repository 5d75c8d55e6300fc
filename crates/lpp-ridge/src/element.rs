//! The two number types of a fit.

use std::fmt::{Debug, Display};

use ndarray::LinalgScalar;
use num_traits::Float;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The type of features, targets and wide products: `f32` or `f64`.
///
/// Gram matrices are summed and factored in `f64` for both, and correlations are accumulated in `f64`; the type
/// decides the products that run over all targets, which take nearly all of the time. Scores in `f32` are within
/// 1e-4 of `f64`, usually within 1e-6. The trait is sealed: LAPACK and `gemm` know these two types.
pub trait Element: sealed::Sealed + LinalgScalar + Float + Send + Sync + Debug + Display {
    /// Machine epsilon, as `f64`.
    const EPSILON: f64;

    /// The value in double precision, exact.
    fn to_double(self) -> f64;

    /// The nearest value of this type.
    fn from_double(value: f64) -> Self;
}

impl Element for f32 {
    const EPSILON: f64 = f32::EPSILON as f64;

    #[inline]
    fn to_double(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to single precision is the purpose"
    )]
    fn from_double(value: f64) -> Self {
        value as f32
    }
}

impl Element for f64 {
    const EPSILON: f64 = f64::EPSILON;

    #[inline]
    fn to_double(self) -> f64 {
        self
    }

    #[inline]
    fn from_double(value: f64) -> Self {
        value
    }
}
