//! An array of a `.npy` file.

use ndarray::ArrayD;
use ndarray_npy::ViewNpyError;

/// An array of one of the element types that studies use.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NpyArray {
    /// Single precision.
    F32(ArrayD<f32>),
    /// Double precision.
    F64(ArrayD<f64>),
    /// 64-bit integers, such as token ids.
    I64(ArrayD<i64>),
}

impl NpyArray {
    /// Length along each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::F32(a) => a.shape(),
            Self::F64(a) => a.shape(),
            Self::I64(a) => a.shape(),
        }
    }

    /// The numbers in single precision, with rounding.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "rounding to single precision is what is asked for"
    )]
    pub fn into_f32(self) -> ArrayD<f32> {
        match self {
            Self::F32(a) => a,
            Self::F64(a) => a.mapv(|v| v as f32),
            Self::I64(a) => a.mapv(|v| v as f32),
        }
    }

    /// NumPy's name of the element type.
    #[must_use]
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::F32(_) => "float32",
            Self::F64(_) => "float64",
            Self::I64(_) => "int64",
        }
    }
}

pub(crate) fn describe(error: &ViewNpyError) -> String {
    match error {
        ViewNpyError::MissingBytes(n) => format!("a file truncated by {n} bytes"),
        ViewNpyError::ExtraBytes(n) => format!("{n} bytes after the array"),
        other => other.to_string(),
    }
}
