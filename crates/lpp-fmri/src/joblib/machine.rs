//! The part of the pickle machine that joblib's dumps of arrays use.

use std::collections::HashMap;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::object::{Dtype, Global, Object, Objects, Value};
use crate::FmriError;
use crate::byte_source::ByteSource;
use crate::numeric::{NumArray, with_element_type};

/// Names and keys are short; a longer text has no business in a dump of arrays.
const MAX_TEXT: usize = 1 << 12;
/// Raw data begin at a multiple of this.
const ALIGNMENT: usize = 16;

/// Runs the program in `source` and returns its result with the objects that it refers to.
pub(super) fn run(source: &mut ByteSource) -> Result<(Value, Objects), FmriError> {
    let mut machine = Machine {
        source,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Objects::default(),
    };
    while machine.step()? {}
    let root = machine.pop()?;
    Ok((root, machine.objects))
}

struct Machine<'a> {
    source: &'a mut ByteSource,
    stack: Vec<Value>,
    /// Stack heights at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    objects: Objects,
}

impl Machine<'_> {
    /// Obeys one instruction; `false` after the last.
    fn step(&mut self) -> Result<bool, FmriError> {
        let opcode = self.source.read_byte()?;
        match opcode {
            b'.' => return Ok(false),
            0x80 => self.protocol()?,
            0x95 => self.source.skip(8)?, // a frame only announces how much to buffer
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'K' | b'M' | b'J' | 0x8a => self.integer(opcode)?,
            0x8c | b'X' => self.text(opcode)?,
            0x94 | b'q' | b'r' => self.remember(opcode)?,
            b'h' | b'j' => self.recall(opcode)?,
            b'c' | 0x93 => self.global(opcode)?,
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.push(Object::Tuple(Vec::new()))?,
            b']' => self.push(Object::List(Vec::new()))?,
            b'}' => self.push(Object::Dictionary(Vec::new()))?,
            0x85..=0x87 => self.short_tuple(usize::from(opcode - 0x84))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push(Object::Tuple(items))?;
            }
            b'a' | b'e' => self.append(opcode)?,
            b's' | b'u' => self.set_items(opcode)?,
            0x81 => self.new_object()?,
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            _ => return Err(self.refuse(format!("the pickle instruction {opcode:#04x}"))),
        }
        Ok(true)
    }

    fn refuse(&self, found: impl Into<String>) -> FmriError {
        self.source.malformed(
            format!("{} at byte {}", found.into(), self.source.position()),
            "a joblib dump of numeric arrays",
        )
    }

    fn pop(&mut self) -> Result<Value, FmriError> {
        // A mark hides what lies below it.
        let floor = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= floor {
            return Err(self.refuse("an empty stack"));
        }
        self.stack.pop().ok_or_else(|| self.refuse("an empty stack"))
    }

    fn top(&self) -> Result<Value, FmriError> {
        self.stack
            .last()
            .copied()
            .ok_or_else(|| self.refuse("an empty stack"))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, FmriError> {
        match self.marks.pop() {
            Some(height) if height <= self.stack.len() => Ok(self.stack.split_off(height)),
            _ => Err(self.refuse("an instruction without its mark")),
        }
    }

    fn push(&mut self, object: Object) -> Result<(), FmriError> {
        let value = self
            .objects
            .add(object)
            .ok_or_else(|| self.refuse("too many objects"))?;
        self.stack.push(value);
        Ok(())
    }

    fn protocol(&mut self) -> Result<(), FmriError> {
        match self.source.read_byte()? {
            2..=5 => Ok(()),
            other => Err(self.refuse(format!("pickle protocol {other}"))),
        }
    }

    fn integer(&mut self, opcode: u8) -> Result<(), FmriError> {
        let value = match opcode {
            b'K' => i64::from(self.source.read_byte()?),
            b'M' => i64::from(u16::from_le_bytes(self.source.read_array()?)),
            b'J' => i64::from(i32::from_le_bytes(self.source.read_array()?)),
            _ => self.long_integer()?,
        };
        self.stack.push(Value::Int(value));
        Ok(())
    }

    /// A two's complement number of up to eight bytes.
    fn long_integer(&mut self) -> Result<i64, FmriError> {
        let n = usize::from(self.source.read_byte()?);
        if n == 0 {
            return Ok(0);
        }
        let mut bytes = [0; 8];
        let Some(used) = bytes.get_mut(..n) else {
            return Err(self.refuse(format!("an integer of {n} bytes")));
        };
        self.source.read_exact(used)?;
        if used[n - 1] & 0x80 != 0 {
            bytes[n..].fill(0xff);
        }
        Ok(i64::from_le_bytes(bytes))
    }

    fn text(&mut self, opcode: u8) -> Result<(), FmriError> {
        let n = match opcode {
            0x8c => usize::from(self.source.read_byte()?),
            _ => u32::from_le_bytes(self.source.read_array()?) as usize,
        };
        if n > MAX_TEXT {
            return Err(self.refuse(format!("a text of {n} bytes")));
        }
        let mut bytes = vec![0; n];
        self.source.read_exact(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|_| self.refuse("a text that is not UTF-8"))?;
        self.push(Object::Text(text))
    }

    fn remember(&mut self, opcode: u8) -> Result<(), FmriError> {
        let value = self.top()?;
        let place = match opcode {
            b'q' => u32::from(self.source.read_byte()?),
            b'r' => u32::from_le_bytes(self.source.read_array()?),
            _ => u32::try_from(self.memo.len()).map_err(|_| self.refuse("too many objects"))?,
        };
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<(), FmriError> {
        let place = match opcode {
            b'h' => u32::from(self.source.read_byte()?),
            _ => u32::from_le_bytes(self.source.read_array()?),
        };
        let value = self.memo.get(&place).copied();
        self.stack
            .push(value.ok_or_else(|| self.refuse(format!("a reference to object {place}")))?);
        Ok(())
    }

    fn global(&mut self, opcode: u8) -> Result<(), FmriError> {
        let (module, name) = if opcode == b'c' {
            (self.line()?, self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            let owned = |value| self.objects.text(value).unwrap_or_default().to_owned();
            (owned(module), owned(name))
        };
        let global = Global::named(&module, &name);
        self.stack.push(Value::Global(
            global.ok_or_else(|| self.refuse(format!("the name {module}.{name}")))?,
        ));
        Ok(())
    }

    fn line(&mut self) -> Result<String, FmriError> {
        let mut text = String::new();
        loop {
            match self.source.read_byte()? {
                b'\n' => return Ok(text),
                byte if byte.is_ascii_graphic() && text.len() < MAX_TEXT => text.push(char::from(byte)),
                _ => return Err(self.refuse("a name with odd characters")),
            }
        }
    }

    fn short_tuple(&mut self, n: usize) -> Result<(), FmriError> {
        let mut items = (0..n).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.push(Object::Tuple(items))
    }

    fn append(&mut self, opcode: u8) -> Result<(), FmriError> {
        let items = if opcode == b'a' {
            vec![self.pop()?]
        } else {
            self.pop_to_mark()?
        };
        let list = self.top()?;
        match self.objects.get_mut(list) {
            Some(Object::List(list)) => {
                list.extend(items);
                Ok(())
            }
            _ => Err(self.refuse("an append to something else than a list")),
        }
    }

    fn set_items(&mut self, opcode: u8) -> Result<(), FmriError> {
        let items = if opcode == b's' {
            let (value, key) = (self.pop()?, self.pop()?);
            vec![key, value]
        } else {
            self.pop_to_mark()?
        };
        let dictionary = self.top()?;
        let (pairs, rest) = items.as_chunks::<2>();
        match self.objects.get_mut(dictionary) {
            Some(Object::Dictionary(entries)) if rest.is_empty() => {
                entries.extend(pairs.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => Err(self.refuse("keys and values without a dictionary")),
        }
    }

    fn new_object(&mut self) -> Result<(), FmriError> {
        let (arguments, class) = (self.pop()?, self.pop()?);
        match (class, self.objects.tuple(arguments)) {
            (Value::Global(Global::ArrayWrapper), Some([])) => self.push(Object::Wrapper),
            _ => Err(self.refuse("an object that is no array wrapper")),
        }
    }

    /// The one call that is obeyed: `dtype(code, False, True)`.
    fn reduce(&mut self) -> Result<(), FmriError> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let code = match (function, self.objects.tuple(arguments)) {
            (Value::Global(Global::Dtype), Some(&[code, Value::Bool(false), Value::Bool(true)])) => {
                self.objects.text(code).unwrap_or_default().to_owned()
            }
            _ => return Err(self.refuse("a function call")),
        };
        match Dtype::from_code(&code) {
            Some(dtype) => self.push(Object::Dtype(dtype)),
            None => Err(self.refuse(format!("elements of type {code:?}"))),
        }
    }

    /// Completes an element type with its byte order, or a wrapper with the array that follows.
    fn build(&mut self) -> Result<(), FmriError> {
        let state = self.pop()?;
        let target = self.top()?;
        match self.objects.get(target) {
            Some(Object::Wrapper) => {
                let array = self.array(state)?;
                self.replace(target, Object::Array(Box::new(array)));
            }
            Some(&Object::Dtype(dtype)) => {
                let big_endian = self.byte_order(state);
                let big_endian = Some(big_endian.ok_or_else(|| self.refuse("an unusual element type"))?);
                self.replace(target, Object::Dtype(Dtype { big_endian, ..dtype }));
            }
            _ => return Err(self.refuse("the state of an unknown object")),
        }
        Ok(())
    }

    fn replace(&mut self, target: Value, object: Object) {
        if let Some(place) = self.objects.get_mut(target) {
            *place = object;
        }
    }

    /// Whether the state (3, byte order, None, None, None, −1, −1, 0) says big-endian.
    fn byte_order(&self, state: Value) -> Option<bool> {
        const NO_FIELDS: [Value; 6] = [
            Value::None,
            Value::None,
            Value::None,
            Value::Int(-1),
            Value::Int(-1),
            Value::Int(0),
        ];
        match self.objects.tuple(state)? {
            [Value::Int(3), order, rest @ ..] if *rest == NO_FIELDS => match self.objects.text(*order)? {
                "<" | "|" | "=" => Some(false),
                ">" => Some(true),
                _ => None,
            },
            _ => None,
        }
    }

    /// Reads the array whose wrapper has the attributes `state`.
    fn array(&mut self, state: Value) -> Result<NumArray, FmriError> {
        let attributes = self
            .attributes(state)
            .ok_or_else(|| self.refuse("an array wrapper of another form"))?;
        if attributes.aligned {
            self.padding()?;
        }
        let n = attributes
            .shape
            .iter()
            .try_fold(1usize, |n, &length| n.checked_mul(length));
        let n = n.ok_or_else(|| self.refuse(format!("an array of shape {:?}", attributes.shape)))?;
        with_element_type!(attributes.element, T => {
            let numbers: Vec<T> = self.source.read_numbers(n, attributes.big_endian)?;
            let shape = IxDyn(&attributes.shape).set_f(attributes.fortran);
            let array = ArrayD::from_shape_vec(shape, numbers);
            Ok(NumArray::from(array.map_err(|e| self.refuse(e.to_string()))?))
        })
    }

    /// One byte n, then n bytes 0xff up to the next multiple of 16.
    fn padding(&mut self) -> Result<(), FmriError> {
        let n = usize::from(self.source.read_byte()?);
        let mut bytes = [0; ALIGNMENT];
        let Some(used) = bytes.get_mut(..n) else {
            return Err(self.refuse(format!("a padding of {n} bytes")));
        };
        self.source.read_exact(used)?;
        let intact = used.iter().all(|&byte| byte == 0xff);
        if intact {
            Ok(())
        } else {
            Err(self.refuse("a damaged padding"))
        }
    }

    fn attributes(&self, state: Value) -> Option<Attributes> {
        let Object::Dictionary(entries) = self.objects.get(state)? else {
            return None;
        };
        let find = |name: &str| {
            entries
                .iter()
                .rev()
                .find(|(key, _)| self.objects.text(*key) == Some(name))
                .map(|&(_, value)| value)
        };
        let Object::Dtype(dtype) = self.objects.get(find("dtype")?)? else {
            return None;
        };
        let length = |value: &Value| match value {
            Value::Int(n) => usize::try_from(*n).ok(),
            _ => None,
        };
        Some(Attributes {
            shape: self
                .objects
                .tuple(find("shape")?)?
                .iter()
                .map(length)
                .collect::<Option<_>>()?,
            fortran: match self.objects.text(find("order")?)? {
                "C" => false,
                "F" => true,
                _ => return None,
            },
            element: dtype.element,
            big_endian: dtype.big_endian?,
            aligned: match find("numpy_array_alignment_bytes") {
                None | Some(Value::None) => false,
                Some(Value::Int(16)) => true,
                Some(_) => return None,
            },
        })
        .filter(|_| find("subclass") == Some(Value::Global(Global::NdArray)))
    }
}

/// What a wrapper says of its array.
struct Attributes {
    shape: Vec<usize>,
    fortran: bool,
    element: crate::numeric::ElementType,
    big_endian: bool,
    /// Whether padding precedes the data (joblib 1.2 and later).
    aligned: bool,
}
