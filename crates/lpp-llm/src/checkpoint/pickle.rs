//! A reader for the one kind of pickle that PyTorch checkpoints are: an (ordered) dictionary of tensors.
//!
//! A pickle is a program for a small stack machine whose instructions may import and call any Python function.
//! This reader knows a handful of instructions and five callables, builds plain values from them, and refuses
//! everything else by name; nothing is ever executed.

use std::collections::HashMap;

/// A pickle that is not understood: byte position and reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PickleError {
    /// Byte at which reading stopped.
    pub(crate) position: usize,
    /// Why.
    pub(crate) problem: String,
}

/// Deepest nesting that is followed; real checkpoints need about five levels.
const DEEPEST: usize = 64;

/// A value built by the reader.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `None`, floats, and everything that does not matter for tensors.
    Ignored,
    Int(i64),
    Text(String),
    /// A tuple or a list.
    Sequence(Vec<Value>),
    /// A dictionary, in order.
    Dict(Vec<(Value, Value)>),
    /// An allowed callable, such as `torch._utils._rebuild_tensor_v2`.
    Global(String),
    /// A storage that lies outside of the pickle.
    Storage {
        kind: String,
        key: String,
    },
    /// A view of a storage.
    Tensor {
        kind: String,
        key: String,
        offset: i64,
        shape: Vec<i64>,
        strides: Vec<i64>,
    },
}

/// Reads one pickle from the start of `bytes`; returns its value and its length.
pub(crate) fn read(bytes: &[u8]) -> Result<(Value, usize), PickleError> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
    };
    let value = machine.run()?;
    Ok((value, machine.at))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: HashMap<u64, Value>,
}

impl Machine<'_> {
    fn fail<T>(&self, problem: impl Into<String>) -> Result<T, PickleError> {
        Err(PickleError {
            position: self.at,
            problem: problem.into(),
        })
    }

    fn take(&mut self, n: usize) -> Result<&[u8], PickleError> {
        let Some(end) = self.at.checked_add(n).filter(|&end| end <= self.bytes.len()) else {
            return self.fail("the pickle ends early (truncated file?)");
        };
        let taken = self.bytes.get(self.at..end).unwrap_or_default();
        self.at = end;
        Ok(taken)
    }

    /// A little-endian unsigned number of up to eight bytes.
    fn number(&mut self, n_bytes: usize) -> Result<u64, PickleError> {
        Ok(self
            .take(n_bytes)?
            .iter()
            .rev()
            .fold(0, |n, &byte| (n << 8) | u64::from(byte)))
    }

    fn length(&mut self, n_bytes: usize) -> Result<usize, PickleError> {
        let n = self.number(n_bytes)?;
        usize::try_from(n).or_else(|_| self.fail("an impossible length"))
    }

    fn text(&mut self, n_bytes: usize) -> Result<String, PickleError> {
        let taken = self.take(n_bytes)?.to_vec();
        String::from_utf8(taken).or_else(|_| self.fail("a string that is not UTF-8"))
    }

    fn line(&mut self) -> Result<String, PickleError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(n) = rest.iter().position(|&b| b == b'\n') else {
            return self.fail("the pickle ends early (truncated file?)");
        };
        let line = self.text(n)?;
        self.at += 1;
        Ok(line)
    }

    fn pop(&mut self) -> Result<Value, PickleError> {
        match self.stack.pop() {
            Some(value) => Ok(value),
            None => self.fail("the stack is empty"),
        }
    }

    fn pop_many(&mut self, n: usize) -> Result<Vec<Value>, PickleError> {
        match self.stack.len().checked_sub(n) {
            Some(start) => Ok(self.stack.split_off(start)),
            None => self.fail("the stack is empty"),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, PickleError> {
        match self.marks.pop() {
            Some(start) if start <= self.stack.len() => Ok(self.stack.split_off(start)),
            _ => self.fail("a mark is missing"),
        }
    }

    fn memoise(&mut self, key: u64) -> Result<(), PickleError> {
        let Some(top) = self.stack.last() else {
            return self.fail("the stack is empty");
        };
        // Containers are memoised while still empty and never fetched again in a state dictionary; keeping a
        // copy of the filled ones would let a small file ask for much memory.
        let kept = match top {
            Value::Dict(_) => Value::Ignored,
            other => other.clone(),
        };
        self.memo.insert(key, kept);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<(), PickleError> {
        match self.memo.get(&key).cloned() {
            Some(value) => {
                self.stack.push(value);
                Ok(())
            }
            None => self.fail(format!("memo {key} is empty")),
        }
    }

    fn run(&mut self) -> Result<Value, PickleError> {
        loop {
            let opcode = self.number(1)?;
            if self.marks.len() > DEEPEST {
                return self.fail("too deeply nested");
            }
            // u8 by construction: one byte was read.
            match u8::try_from(opcode).unwrap_or_default() {
                b'.' => return self.pop(),
                other => self.step(other)?,
            }
        }
    }

    fn step(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            0x80 => drop(self.number(1)?), // PROTO
            0x95 => drop(self.number(8)?), // FRAME
            b'(' => self.marks.push(self.stack.len()),
            // POP, and BUILD of attributes such as `_metadata`, of no use here.
            b'0' | b'b' => drop(self.pop()?),
            b'}' => self.stack.push(Value::Dict(Vec::new())),
            b']' | b')' => self.stack.push(Value::Sequence(Vec::new())),
            b'N' | 0x88 | 0x89 => self.stack.push(Value::Ignored), // NONE, NEWTRUE, NEWFALSE
            b'G' => {
                self.take(8)?; // BINFLOAT
                self.stack.push(Value::Ignored);
            }
            b'X' => self.push_text(4)?,
            0x8c => self.push_text(1)?,
            b'K' | b'M' | b'J' | 0x8a => self.push_int(opcode)?,
            b'q' | b'r' | 0x94 | b'h' | b'j' => self.memo_step(opcode)?,
            b't' | 0x85..=0x87 | b'l' => self.push_sequence(opcode)?,
            b's' | b'u' | b'a' | b'e' => self.fill(opcode)?,
            b'c' | 0x93 => self.push_global(opcode)?,
            b'Q' => self.push_storage()?,
            b'R' => self.call()?,
            other => return self.fail(format!("instruction {other:#04x} has no place in a tensor file")),
        }
        Ok(())
    }

    fn push_text(&mut self, length_bytes: usize) -> Result<(), PickleError> {
        let n = self.length(length_bytes)?;
        let text = self.text(n)?;
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn push_int(&mut self, opcode: u8) -> Result<(), PickleError> {
        let (n_bytes, signed) = match opcode {
            b'K' => (1, false),
            b'M' => (2, false),
            b'J' => (4, true),
            _ => (self.length(1)?, true), // LONG1
        };
        let value = match n_bytes {
            0 => Value::Int(0),
            1..=8 => {
                let shift = 64 - 8 * u32::try_from(n_bytes).unwrap_or(8);
                let raw = self.number(n_bytes)? << shift;
                // Moving the sign bit to the top and back extends it.
                Value::Int(if signed {
                    raw.cast_signed() >> shift
                } else {
                    (raw >> shift).cast_signed()
                })
            }
            _ => {
                self.take(n_bytes)?; // torch's magic number has ten bytes
                Value::Ignored
            }
        };
        self.stack.push(value);
        Ok(())
    }

    fn memo_step(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            b'q' => self.number(1).and_then(|key| self.memoise(key)),
            b'r' => self.number(4).and_then(|key| self.memoise(key)),
            0x94 => self.memoise(self.memo.len() as u64),
            b'h' => self.number(1).and_then(|key| self.recall(key)),
            _ => self.number(4).and_then(|key| self.recall(key)),
        }
    }

    fn push_sequence(&mut self, opcode: u8) -> Result<(), PickleError> {
        let items = match opcode {
            0x85..=0x87 => self.pop_many(usize::from(opcode - 0x84))?,
            _ => self.pop_to_mark()?,
        };
        self.stack.push(Value::Sequence(items));
        Ok(())
    }

    /// SETITEM, SETITEMS, APPEND, APPENDS.
    fn fill(&mut self, opcode: u8) -> Result<(), PickleError> {
        let items = match opcode {
            b's' => self.pop_many(2)?,
            b'a' => self.pop_many(1)?,
            _ => self.pop_to_mark()?,
        };
        match self.stack.last_mut() {
            Some(Value::Dict(pairs)) => {
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Ok(())
            }
            Some(Value::Sequence(list)) => {
                list.extend(items);
                Ok(())
            }
            // The `_metadata` that BUILD drops may refer to an emptied dictionary.
            Some(Value::Ignored) => Ok(()),
            _ => self.fail("items for something that holds none"),
        }
    }

    fn push_global(&mut self, opcode: u8) -> Result<(), PickleError> {
        let name = if opcode == b'c' {
            let module = self.line()?;
            format!("{module}.{}", self.line()?)
        } else {
            match <[Value; 2]>::try_from(self.pop_many(2)?) {
                Ok([Value::Text(module), Value::Text(name)]) => format!("{module}.{name}"),
                _ => return self.fail("a global without a name"),
            }
        };
        let allowed =
            matches!(
                name.as_str(),
                "collections.OrderedDict"
                    | "torch._utils._rebuild_tensor_v2"
                    | "torch._utils._rebuild_tensor"
                    | "torch._utils._rebuild_parameter"
            ) || (name.starts_with("torch.") && name.ends_with("Storage") && name.matches('.').count() == 1);
        if !allowed {
            return self.fail(format!("it asks for `{name}`; only tensors are read"));
        }
        self.stack.push(Value::Global(name));
        Ok(())
    }

    /// BINPERSID: ("storage", type, key, location, number of elements, …).
    fn push_storage(&mut self) -> Result<(), PickleError> {
        let Value::Sequence(parts) = self.pop()? else {
            return self.fail("a storage without description");
        };
        match parts.as_slice() {
            [Value::Text(tag), Value::Global(kind), Value::Text(key), ..] if tag == "storage" => {
                self.stack.push(Value::Storage {
                    kind: kind.clone(),
                    key: key.clone(),
                });
                Ok(())
            }
            _ => self.fail("a storage without description"),
        }
    }

    /// REDUCE: calls one of the known callables.
    fn call(&mut self) -> Result<(), PickleError> {
        let arguments = self.pop()?;
        let (Value::Global(name), Value::Sequence(arguments)) = (self.pop()?, arguments) else {
            return self.fail("a call of something that cannot be called");
        };
        let value = match name.as_str() {
            "collections.OrderedDict" => Value::Dict(Vec::new()),
            "torch._utils._rebuild_parameter" => arguments.into_iter().next().unwrap_or(Value::Ignored),
            _ => match rebuilt_tensor(&arguments) {
                Some(tensor) => tensor,
                None => return self.fail(format!("`{name}` with unexpected arguments")),
            },
        };
        self.stack.push(value);
        Ok(())
    }
}

/// The arguments of `_rebuild_tensor_v2`: storage, offset, shape, strides, and two that do not matter.
fn rebuilt_tensor(arguments: &[Value]) -> Option<Value> {
    let [
        Value::Storage { kind, key },
        Value::Int(offset),
        shape,
        strides,
        ..,
    ] = arguments
    else {
        return None;
    };
    let (shape, strides) = (integers(shape)?, integers(strides)?);
    let sound = *offset >= 0 && shape.len() == strides.len() && shape.iter().chain(&strides).all(|&n| n >= 0);
    sound.then(|| Value::Tensor {
        kind: kind.clone(),
        key: key.clone(),
        offset: *offset,
        shape,
        strides,
    })
}

fn integers(value: &Value) -> Option<Vec<i64>> {
    let Value::Sequence(items) = value else {
        return None;
    };
    items
        .iter()
        .map(|item| if let Value::Int(n) = item { Some(*n) } else { None })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_a_foreign_function_is_refused_by_name() {
        let problem = read(b"cos\nsystem\n(X\x02\x00\x00\x00lstR.").unwrap_err().problem;
        assert!(problem.contains("`os.system`"), "{problem}");
    }

    #[test]
    fn signed_numbers_keep_their_sign() {
        assert_eq!(read(b"J\xfe\xff\xff\xff.").unwrap().0, Value::Int(-2));
        assert_eq!(read(b"\x8a\x01\xff.").unwrap().0, Value::Int(-1));
        assert_eq!(read(b"M\xff\xff.").unwrap().0, Value::Int(65535));
    }

    #[test]
    fn every_cut_of_a_pickle_is_an_error() {
        let whole = b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01u.";
        let (value, length) = read(whole).unwrap();
        assert_eq!(value, Value::Dict(vec![(Value::Text("a".into()), Value::Int(1))]));
        assert_eq!(length, whole.len());
        for n in 0..whole.len() {
            assert!(read(&whole[..n]).is_err(), "cut at {n}");
        }
    }

    #[test]
    fn stack_underflow_is_an_error() {
        for program in [
            &b"0."[..],
            b"s.",
            b"u.",
            b"t.",
            b"R.",
            b"Q.",
            b"b.",
            b"\x93.",
            b"h\x07.",
        ] {
            assert!(read(program).is_err());
        }
    }
}
