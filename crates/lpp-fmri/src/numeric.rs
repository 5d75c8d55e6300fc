//! Arrays whose element type is known only when the file is read.

use ndarray::ArrayD;

/// Declares the element types once: the enum of codes, the enum of arrays, and the code to decode each type.
macro_rules! numeric_types {
    ($($variant:ident, $type:ty, $name:literal;)+) => {
        /// The type of the numbers in a file.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ElementType {
            $(#[doc = concat!("`", stringify!($type), "`, NumPy's ", $name, ".")] $variant,)+
        }

        impl ElementType {
            /// Bytes per element.
            #[must_use]
            pub const fn size(self) -> usize {
                match self { $(Self::$variant => size_of::<$type>(),)+ }
            }

            /// The NumPy name of the type.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        /// An array of any of the [`ElementType`]s, of any number of dimensions.
        ///
        /// The type comes from the file, and it determines the precision of the computation: the reference computes in
        /// `f32` on `f32` data. So the stored type is kept until a caller requests another one.
        #[derive(Debug, Clone, PartialEq)]
        #[non_exhaustive]
        pub enum NumArray {
            $(#[doc = concat!("Elements of type `", stringify!($type), "`.")] $variant(ArrayD<$type>),)+
        }

        $(
            impl From<ArrayD<$type>> for NumArray {
                fn from(array: ArrayD<$type>) -> Self {
                    Self::$variant(array)
                }
            }

            impl Element for $type {
                const TYPE: ElementType = ElementType::$variant;

                fn decode(bytes: &[u8], big_endian: bool, out: &mut Vec<Self>) {
                    let (elements, _) = bytes.as_chunks::<{ size_of::<$type>() }>();
                    if big_endian {
                        out.extend(elements.iter().map(|e| <$type>::from_be_bytes(*e)));
                    } else {
                        out.extend(elements.iter().map(|e| <$type>::from_le_bytes(*e)));
                    }
                }

                fn encode(self, out: &mut Vec<u8>) {
                    out.extend_from_slice(&self.to_le_bytes());
                }

                fn take(array: NumArray) -> Option<ArrayD<Self>> {
                    match array {
                        NumArray::$variant(array) => Some(array),
                        _ => None,
                    }
                }
            }
        )+

        /// Runs an expression with `T` bound to the Rust type of an [`ElementType`].
        macro_rules! with_element_type {
            ($element:expr, $T:ident => $body:expr) => {
                match $element {
                    $($crate::numeric::ElementType::$variant => { type $T = $type; $body })+
                }
            };
        }

        /// Runs an expression with the array inside a [`NumArray`].
        macro_rules! with_array {
            ($value:expr, $array:ident => $body:expr) => {
                match $value { $($crate::numeric::NumArray::$variant($array) => $body,)+ }
            };
        }
    };
}

/// A number stored in files.
pub(crate) trait Element: Copy + 'static {
    /// Its code.
    const TYPE: ElementType;

    /// Appends the numbers in `bytes`, whose length is a multiple of the element's size.
    fn decode(bytes: &[u8], big_endian: bool, out: &mut Vec<Self>);

    /// Appends the little-endian bytes of the number.
    fn encode(self, out: &mut Vec<u8>);

    /// The array if it has this type.
    fn take(array: NumArray) -> Option<ArrayD<Self>>;
}

numeric_types! {
    U8, u8, "uint8";
    I8, i8, "int8";
    U16, u16, "uint16";
    I16, i16, "int16";
    U32, u32, "uint32";
    I32, i32, "int32";
    U64, u64, "uint64";
    I64, i64, "int64";
    F32, f32, "float32";
    F64, f64, "float64";
}

#[expect(
    clippy::single_component_path_imports,
    reason = "this is what makes the macros paths of the crate"
)]
pub(crate) use {with_array, with_element_type};

impl NumArray {
    /// The type of its elements.
    #[must_use]
    pub fn element_type(&self) -> ElementType {
        fn of<T: Element>(_: &ArrayD<T>) -> ElementType {
            T::TYPE
        }
        with_array!(self, array => of(array))
    }

    /// Its shape; empty for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        with_array!(self, array => array.shape())
    }

    /// Number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        with_array!(self, array => array.len())
    }

    /// Whether it has no elements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy as `f64`, in the same memory order. Exact, except for 64-bit integers beyond 2⁵³, which are rounded.
    #[must_use]
    #[expect(
        clippy::cast_lossless,
        clippy::unnecessary_cast,
        reason = "one expression serves ten types, of which some widen and some round"
    )]
    pub fn to_f64(&self) -> ArrayD<f64> {
        with_array!(self, array => array.map(|&v| v as f64))
    }

    /// The array as `f64`, without a copy if it already is.
    #[must_use]
    pub fn into_f64(self) -> ArrayD<f64> {
        match self {
            Self::F64(array) => array,
            other => other.to_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_decode_and_the_little_one_round_trips() {
        let mut bytes = Vec::new();
        for value in [-2.5f32, 1e30] {
            value.encode(&mut bytes);
        }
        let mut back = Vec::new();
        f32::decode(&bytes, false, &mut back);
        assert_eq!(back, [-2.5, 1e30]);
        let mut swapped = Vec::new();
        u16::decode(&[1, 2], true, &mut swapped);
        assert_eq!(swapped, [258]);
    }

    #[test]
    fn an_array_knows_its_type() {
        let array = NumArray::from(ArrayD::<i16>::zeros(vec![2, 3]));
        assert_eq!(
            (array.element_type().name(), array.element_type().size()),
            ("int16", 2)
        );
        assert_eq!((array.shape(), array.len()), (&[2, 3][..], 6));
        assert_eq!(array.into_f64().sum(), 0.0);
    }
}
