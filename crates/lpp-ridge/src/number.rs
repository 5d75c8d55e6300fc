//! Single and double precision.

use std::fmt::{Debug, Display};

use ndarray::{ArrayRef2, LinalgScalar};
use num_traits::Float;

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// Requirements of libtorch on a number type.
#[cfg(feature = "torch")]
#[allow(unreachable_pub, reason = "a public trait is bound by it")]
pub use tch::kind::Element as OfTorch;
/// No requirements without libtorch.
#[cfg(not(feature = "torch"))]
pub trait OfTorch {}
#[cfg(not(feature = "torch"))]
impl<A: sealed::Sealed> OfTorch for A {}

/// A number in single or double precision. Sealed: `f32` and `f64`.
///
/// Fits ask for [`Element`](crate::Element): the same, with the fits in that precision.
pub trait Number: sealed::Sealed + OfTorch + LinalgScalar + Float + Send + Sync + Debug + Display {
    /// Machine epsilon, as `f64`.
    const EPSILON: f64;

    /// Smallest ratio of the features' scale to a penalty at which predictions and their squares keep their precision.
    const LEAST_RATIO: f64;

    /// The value in double precision, exact.
    fn to_double(self) -> f64;

    /// The nearest value of this type.
    fn from_double(value: f64) -> Self;

    /// All values row by row, each in little-endian order.
    #[doc(hidden)]
    fn to_bytes(values: &ArrayRef2<Self>) -> Vec<u8>;

    /// Reads values from such bytes.
    #[doc(hidden)]
    fn from_bytes(bytes: &[u8]) -> Vec<Self>;
}

impl Number for f32 {
    fn to_bytes(values: &ArrayRef2<Self>) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (values, _) = bytes.as_chunks();
        values.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect()
    }

    const EPSILON: f64 = f32::EPSILON as f64;
    const LEAST_RATIO: f64 = 1e-30;

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

impl Number for f64 {
    fn to_bytes(values: &ArrayRef2<Self>) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Vec<Self> {
        let (values, _) = bytes.as_chunks();
        values.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect()
    }

    const EPSILON: f64 = f64::EPSILON;
    const LEAST_RATIO: f64 = 1e-140;

    #[inline]
    fn to_double(self) -> f64 {
        self
    }

    #[inline]
    fn from_double(value: f64) -> Self {
        value
    }
}
