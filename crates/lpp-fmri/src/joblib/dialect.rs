//! The subset of pickle in joblib's dumps of arrays.

use lpp_files::shortened;
use lpp_pickle::{Called, Dialect, Object, Objects, Source, Value};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use crate::FmriError;
use crate::byte_source::ByteSource;
use crate::numeric::{ElementType, NumArray, with_element_type};

/// Raw data begin at a multiple of this.
const ALIGNMENT: usize = 16;

/// The three names that a dump may use.
const WRAPPER: &str = "joblib.numpy_pickle.NumpyArrayWrapper";
const ARRAY: &str = "numpy.ndarray";
const DTYPE: &str = "numpy.dtype";

/// Objects in a dump besides plain values.
#[derive(Debug)]
pub(super) enum Made {
    /// A wrapper whose array has not been read yet.
    Wrapper,
    /// The type of an array's elements, and their byte order once it is known.
    Dtype {
        element: ElementType,
        big_endian: Option<bool>,
    },
    // In a box, since most objects are much smaller.
    Array(Box<NumArray>),
}

/// The dialect of `joblib.dump`.
pub(super) struct Joblib;

impl Source for ByteSource {
    type Error = FmriError;

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), FmriError> {
        Self::read_exact(self, buffer)
    }

    fn refuse(&self, problem: String) -> FmriError {
        self.malformed(
            format!("{problem} at byte {}", self.position()),
            "a joblib dump of numeric arrays",
        )
    }
}

impl Dialect<ByteSource> for Joblib {
    type Made = Made;

    fn knows(&self, name: &str) -> bool {
        [WRAPPER, ARRAY, DTYPE].contains(&name)
    }

    /// The allowed calls: a wrapper without arguments, and `dtype(code, False, True)`.
    fn call(
        &mut self,
        function: &str,
        arguments: &[Value],
        objects: &Objects<Made>,
    ) -> Result<Called<Made>, String> {
        match (function, arguments) {
            (WRAPPER, []) => Ok(Called::Made(Made::Wrapper)),
            (DTYPE, &[code, Value::Bool(false), Value::Bool(true)]) => {
                let code = objects.text(code).unwrap_or_default();
                let element = element_type(code)
                    .ok_or_else(|| format!("elements of type {:?}", shortened(code, 20)))?;
                let big_endian = None;
                Ok(Called::Made(Made::Dtype { element, big_endian }))
            }
            _ => Err("a function call".to_owned()),
        }
    }

    /// Completes an element type with its byte order, or a wrapper with the array that follows.
    fn build(
        &mut self,
        target: Value,
        state: Value,
        objects: &Objects<Made>,
        source: &mut ByteSource,
    ) -> Result<Option<Made>, FmriError> {
        match objects.made(target) {
            Some(Made::Wrapper) => {
                let array = read_array(state, objects, source)?;
                Ok(Some(Made::Array(Box::new(array))))
            }
            Some(&Made::Dtype { element, .. }) => {
                let big_endian = byte_order(state, objects);
                if big_endian.is_none() {
                    return Err(source.refuse("an unusual element type".to_owned()));
                }
                Ok(Some(Made::Dtype { element, big_endian }))
            }
            _ => Err(source.refuse("the state of an unknown object".to_owned())),
        }
    }

    fn persistent(&mut self, _: Value, _: &Objects<Made>) -> Result<Made, String> {
        Err("a reference to something outside of the pickle".to_owned())
    }
}

/// The type for a NumPy code such as `f8`.
fn element_type(code: &str) -> Option<ElementType> {
    Some(match code {
        "u1" => ElementType::U8,
        "i1" => ElementType::I8,
        "u2" => ElementType::U16,
        "i2" => ElementType::I16,
        "u4" => ElementType::U32,
        "i4" => ElementType::I32,
        "u8" => ElementType::U64,
        "i8" => ElementType::I64,
        "f4" => ElementType::F32,
        "f8" => ElementType::F64,
        _ => return None,
    })
}

/// Whether the state (3, byte order, None, None, None, −1, −1, 0) says big-endian.
fn byte_order(state: Value, objects: &Objects<Made>) -> Option<bool> {
    const NO_FIELDS: [Value; 6] = [
        Value::None,
        Value::None,
        Value::None,
        Value::Int(-1),
        Value::Int(-1),
        Value::Int(0),
    ];
    match objects.tuple(state)? {
        [Value::Int(3), order, rest @ ..] if *rest == NO_FIELDS => match objects.text(*order)? {
            "<" | "|" | "=" => Some(false),
            ">" => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// Reads the array whose wrapper has the attributes `state`.
fn read_array(state: Value, objects: &Objects<Made>, source: &mut ByteSource) -> Result<NumArray, FmriError> {
    let attributes = Attributes::of(state, objects)
        .ok_or_else(|| source.refuse("an array wrapper of another form".to_owned()))?;
    if attributes.aligned {
        read_padding(source)?;
    }
    let n = attributes
        .shape
        .iter()
        .try_fold(1usize, |n, &length| n.checked_mul(length));
    let n = n.ok_or_else(|| source.refuse(format!("an array of shape {:?}", attributes.shape)))?;
    with_element_type!(attributes.element, T => {
        let numbers: Vec<T> = source.read_numbers(n, attributes.big_endian)?;
        let shape = IxDyn(&attributes.shape).set_f(attributes.fortran);
        let array = ArrayD::from_shape_vec(shape, numbers);
        Ok(NumArray::from(array.map_err(|e| source.refuse(e.to_string()))?))
    })
}

/// One byte n, then n bytes 0xff up to the next multiple of 16.
fn read_padding(source: &mut ByteSource) -> Result<(), FmriError> {
    let n = usize::from(source.read_byte()?);
    let mut bytes = [0; ALIGNMENT];
    let Some(used) = bytes.get_mut(..n) else {
        return Err(source.refuse(format!("a padding of {n} bytes")));
    };
    source.read_exact(used)?;
    if used.iter().all(|&byte| byte == 0xff) {
        Ok(())
    } else {
        Err(source.refuse("a damaged padding".to_owned()))
    }
}

/// The attributes of a wrapper.
struct Attributes {
    shape: Vec<usize>,
    fortran: bool,
    element: ElementType,
    big_endian: bool,
    /// Whether padding precedes the data (joblib 1.2 and later).
    aligned: bool,
}

/// The largest number of axes of NumPy arrays.
const MOST_AXES: usize = 32;

impl Attributes {
    fn of(state: Value, objects: &Objects<Made>) -> Option<Self> {
        let entries = objects.dictionary(state)?;
        let find = |name: &str| {
            entries
                .iter()
                .rev()
                .find(|(key, _)| objects.text(*key) == Some(name))
                .map(|&(_, value)| value)
        };
        let Made::Dtype { element, big_endian } = *objects.made(find("dtype")?)? else {
            return None;
        };
        let length = |value: &Value| match value {
            Value::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        };
        let shape = objects
            .tuple(find("shape")?)
            .filter(|shape| shape.len() <= MOST_AXES)?;
        Some(Self {
            shape: shape.iter().map(length).collect::<Option<_>>()?,
            fortran: match objects.text(find("order")?)? {
                "C" => false,
                "F" => true,
                _ => return None,
            },
            element,
            big_endian: big_endian?,
            aligned: match find("numpy_array_alignment_bytes") {
                None | Some(Value::None) => false,
                Some(Value::Int(16)) => true,
                Some(_) => return None,
            },
        })
        .filter(|_| find("subclass").and_then(|class| objects.global(class)) == Some(ARRAY))
    }
}

/// Describes an item that is not an array, list or tuple.
pub(super) fn described(value: Value, object: Option<Object<Made>>) -> String {
    match object {
        None => format!("an item {value:?}"),
        Some(Object::Text(text)) => format!("the text {:?}", shortened(&text, 40)),
        Some(Object::Dictionary(_)) => "a dictionary".to_owned(),
        Some(Object::Global(name)) => format!("the name {name}"),
        Some(Object::Made(Made::Wrapper)) => "an array without its data".to_owned(),
        Some(Object::Made(Made::Dtype { .. })) => "an element type".to_owned(),
        Some(Object::Taken) => "the same list twice".to_owned(),
        Some(Object::Tuple(_) | Object::List(_) | Object::Made(Made::Array(_))) => {
            "an array or a list".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_numpy_are_kinds_and_bytes() {
        for (code, name) in [
            ("u1", "uint8"),
            ("i1", "int8"),
            ("u2", "uint16"),
            ("i2", "int16"),
            ("u4", "uint32"),
            ("i4", "int32"),
            ("u8", "uint64"),
            ("i8", "int64"),
            ("f4", "float32"),
            ("f8", "float64"),
        ] {
            let element = element_type(code).unwrap();
            assert_eq!(
                (element.name(), element.size().to_string().as_str()),
                (name, &code[1..])
            );
        }
        for code in ["", "f2", "c8", "O8", "S4", "b1", "<f8"] {
            assert_eq!(element_type(code), None, "{code}");
        }
        let known = [
            WRAPPER,
            ARRAY,
            DTYPE,
            "numpy.core.multiarray._reconstruct",
            "os.system",
        ];
        assert_eq!(
            known.map(|name| Joblib.knows(name)),
            [true, true, true, false, false]
        );
    }
}
