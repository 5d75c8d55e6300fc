//! What the stack machine of a pickle works on.

use crate::numeric::{ElementType, NumArray};

/// A value on the stack: small ones by themselves, others by their place in [`Objects`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Global(Global),
    Object(usize),
}

/// The three names that a dump may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Global {
    ArrayWrapper,
    NdArray,
    Dtype,
}

impl Global {
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        match (module, name) {
            ("joblib.numpy_pickle", "NumpyArrayWrapper") => Some(Self::ArrayWrapper),
            ("numpy", "ndarray") => Some(Self::NdArray),
            ("numpy", "dtype") => Some(Self::Dtype),
            _ => None,
        }
    }
}

/// Something that can be referred to again.
#[derive(Debug)]
pub(super) enum Object {
    Text(String),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dictionary(Vec<(Value, Value)>),
    /// A wrapper whose array has not been read yet.
    Wrapper,
    Dtype(Dtype),
    // In a box, since most objects are much smaller.
    Array(Box<NumArray>),
    /// An array or a sequence that was moved into the result.
    Moved,
}

/// The type of an array's elements, and their byte order once it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dtype {
    pub(super) element: ElementType,
    pub(super) big_endian: Option<bool>,
}

impl Dtype {
    /// The type of a code of NumPy's such as `f8`.
    pub(super) fn from_code(code: &str) -> Option<Self> {
        let element = match code {
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
        };
        Some(Self {
            element,
            big_endian: None,
        })
    }
}

/// Dumps of whole studies hold some millions of objects; a hostile one of more is refused before it fills the memory.
const MAX_OBJECTS: usize = 1 << 24;

/// All objects of a dump, by place; never freed one by one, so that no nesting can overflow the stack.
#[derive(Debug, Default)]
pub(super) struct Objects(Vec<Object>);

impl Objects {
    /// Adds an object, or returns `None` if there are too many.
    pub(super) fn add(&mut self, object: Object) -> Option<Value> {
        if self.0.len() == MAX_OBJECTS {
            return None;
        }
        self.0.push(object);
        Some(Value::Object(self.0.len() - 1))
    }

    pub(super) fn get(&self, value: Value) -> Option<&Object> {
        match value {
            Value::Object(place) => self.0.get(place),
            _ => None,
        }
    }

    pub(super) fn get_mut(&mut self, value: Value) -> Option<&mut Object> {
        match value {
            Value::Object(place) => self.0.get_mut(place),
            _ => None,
        }
    }

    pub(super) fn text(&self, value: Value) -> Option<&str> {
        match self.get(value)? {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn tuple(&self, value: Value) -> Option<&[Value]> {
        match self.get(value)? {
            Object::Tuple(items) => Some(items),
            _ => None,
        }
    }
}
