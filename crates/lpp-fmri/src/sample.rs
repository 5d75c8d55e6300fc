//! Conversion of image values to `f64` and back, with the casts of the reference's compiled code.

/// A number of an image.
pub(crate) trait Sample: Copy + Send + Sync + 'static {
    /// As `f64`; 64-bit integers beyond 2⁵³ are rounded.
    fn to_double(self) -> f64;

    /// Converts from `f64`: floats are rounded; integers are truncated and clipped to their range.
    fn from_double(value: f64) -> Self;

    /// Whether it is neither NaN nor infinite.
    fn is_finite(self) -> bool {
        self.to_double().is_finite()
    }
}

macro_rules! samples {
    ($($type:ty)+) => {
        $(impl Sample for $type {
            #[inline]
            #[allow(
                clippy::cast_lossless,
                clippy::unnecessary_cast,
                reason = "one expression serves ten types, of which some widen and some round"
            )]
            fn to_double(self) -> f64 {
                self as f64
            }

            #[inline]
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::unnecessary_cast,
                reason = "this cast is what the method is for"
            )]
            fn from_double(value: f64) -> Self {
                value as $type
            }
        })+
    };
}

samples!(u8 i8 u16 i16 u32 i32 u64 i64 f32 f64);

/// A floating-point type in which the reference computes; it depends on the data.
pub(crate) trait Real: Sample + num_traits::Float + num_traits::NumAssign {}

impl Real for f32 {}
impl Real for f64 {}
