//! The stack machine.

use std::collections::HashMap;

use crate::{Called, Dialect, Limits, Object, Objects, Source, Value};

/// Memory of an entry of the memo, in bytes; a growing table is at most half full.
const MEMO_COST: u64 = 64;
/// Memory of a value in a container, in bytes; a vector may have grown to twice its length.
const VALUE_COST: u64 = 2 * size_of::<Value>() as u64;
/// Largest number of characters of a name or string of the file that an error quotes.
const QUOTED: usize = 60;

/// Runs one program from `source` and returns its value with the objects to which it refers.
///
/// Afterwards `source` is positioned after the program's last instruction.
///
/// # Errors
/// The errors of `source`, and [`Source::refuse`] for an instruction, name or call that `dialect` does not allow, a
/// broken program, or one that exceeds `limits`.
pub fn read<S: Source, D: Dialect<S>>(
    source: &mut S,
    dialect: &mut D,
    limits: Limits,
) -> Result<(Value, Objects<D::Made>), S::Error> {
    let mut machine = Machine {
        source,
        dialect,
        limits,
        memory: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        objects: Objects::new(),
    };
    let mut left = limits.instructions;
    while machine.step()? {
        left -= 1;
        if left == 0 {
            return machine.refuse(format!("more than {} instructions", limits.instructions));
        }
    }
    let value = machine.pop()?;
    Ok((value, machine.objects))
}

struct Machine<'a, S: Source, D: Dialect<S>> {
    source: &'a mut S,
    dialect: &'a mut D,
    limits: Limits,
    /// Approximate memory of all values and the memo, in bytes.
    memory: u64,
    stack: Vec<Value>,
    /// Stack heights at the marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    objects: Objects<D::Made>,
}

impl<S: Source, D: Dialect<S>> Machine<'_, S, D> {
    /// Executes one instruction; `false` after the last.
    fn step(&mut self) -> Result<bool, S::Error> {
        let opcode = self.byte()?;
        match opcode {
            b'.' => return Ok(false),
            0x80 => self.protocol()?,
            // A frame only announces how much to buffer.
            0x95 => drop(self.array::<8>()?),
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' | b'M' | b'J' | 0x8a => self.integer(opcode)?,
            b'G' => {
                let float = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(float))?;
            }
            0x8c | b'X' => self.text(opcode)?,
            0x94 | b'q' | b'r' => self.remember(opcode)?,
            b'h' | b'j' => self.recall(opcode)?,
            b'c' | 0x93 => self.global(opcode)?,
            b'(' => self.mark()?,
            b'0' => drop(self.pop()?),
            b'1' => drop(self.pop_to_mark()?),
            b')' => self.make(Object::Tuple(Vec::new()))?,
            b']' => self.make(Object::List(Vec::new()))?,
            b'}' => self.make(Object::Dictionary(Vec::new()))?,
            0x85..=0x87 => self.short_tuple(usize::from(opcode - 0x84))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.make(Object::Tuple(items))?;
            }
            b'l' => {
                let items = self.pop_to_mark()?;
                self.make(Object::List(items))?;
            }
            b'a' | b'e' => self.append(opcode)?,
            b's' | b'u' => self.set_items(opcode)?,
            0x81 | b'R' => self.call()?,
            b'b' => self.build()?,
            b'Q' => self.persistent()?,
            _ => return self.refuse(format!("the pickle instruction {opcode:#04x}")),
        }
        Ok(true)
    }

    fn refuse<T>(&self, problem: impl Into<String>) -> Result<T, S::Error> {
        Err(self.source.refuse(problem.into()))
    }

    fn byte(&mut self) -> Result<u8, S::Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], S::Error> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Accounts for memory before it is allocated.
    fn charge(&mut self, n_bytes: u64) -> Result<(), S::Error> {
        self.memory = self.memory.saturating_add(n_bytes);
        if self.memory > self.limits.memory {
            let allowed = self.limits.memory >> 20;
            return self.refuse(format!(
                "values that take more than {allowed} MiB, too many for the file"
            ));
        }
        Ok(())
    }

    fn push(&mut self, value: Value) -> Result<(), S::Error> {
        if self.stack.len() == self.limits.stack {
            return self.refuse(format!("more than {} values on the stack", self.limits.stack));
        }
        self.stack.push(value);
        Ok(())
    }

    fn mark(&mut self) -> Result<(), S::Error> {
        if self.marks.len() == self.limits.marks {
            return self.refuse(format!("values nested deeper than {}", self.limits.marks));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// The height of the last mark; values below it are hidden.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Value, S::Error> {
        if self.stack.len() <= self.floor() {
            return self.refuse("an empty stack");
        }
        match self.stack.pop() {
            Some(value) => Ok(value),
            None => self.refuse("an empty stack"),
        }
    }

    fn top(&self) -> Result<Value, S::Error> {
        match self.stack.last() {
            Some(&value) if self.stack.len() > self.floor() => Ok(value),
            _ => self.refuse("an empty stack"),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, S::Error> {
        match self.marks.pop() {
            Some(height) if height <= self.stack.len() => Ok(self.stack.split_off(height)),
            _ => self.refuse("an instruction without its mark"),
        }
    }

    /// Adds an object and pushes it.
    fn make(&mut self, object: Object<D::Made>) -> Result<(), S::Error> {
        let items: &[Value] = match &object {
            Object::Tuple(items) | Object::List(items) => items,
            _ => &[],
        };
        let nesting = self.nesting_over(items)?;
        self.charge(Objects::<D::Made>::COST + VALUE_COST * items.len() as u64)?;
        match self.objects.add(object, nesting) {
            Some(value) => self.push(value),
            None => self.refuse("too many objects"),
        }
    }

    /// The nesting depth of a container of these items.
    fn nesting_over(&self, items: &[Value]) -> Result<u8, S::Error> {
        let deepest = items.iter().map(|&item| self.objects.nesting(item)).max();
        let nesting = deepest.unwrap_or(0).saturating_add(1);
        if nesting > self.limits.nesting {
            return self.refuse(format!("values nested deeper than {}", self.limits.nesting));
        }
        Ok(nesting)
    }

    fn protocol(&mut self) -> Result<(), S::Error> {
        match self.byte()? {
            2..=5 => Ok(()),
            other => self.refuse(format!("pickle protocol {other}")),
        }
    }

    fn integer(&mut self, opcode: u8) -> Result<(), S::Error> {
        let value = match opcode {
            b'K' => Value::Int(i64::from(self.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.array()?))),
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.array()?))),
            _ => self.long_integer()?,
        };
        self.push(value)
    }

    /// A two's complement number of up to 255 bytes; the values of more than eight bytes are not needed.
    fn long_integer(&mut self) -> Result<Value, S::Error> {
        let n = usize::from(self.byte()?);
        let mut bytes = [0; u8::MAX as usize];
        self.source.read_exact(&mut bytes[..n])?;
        if n > 8 {
            return Ok(Value::LongInt);
        }
        let mut eight = [0; 8];
        eight[..n].copy_from_slice(&bytes[..n]);
        if n > 0 && bytes[n - 1] & 0x80 != 0 {
            eight[n..].fill(0xff);
        }
        Ok(Value::Int(i64::from_le_bytes(eight)))
    }

    fn text(&mut self, opcode: u8) -> Result<(), S::Error> {
        let n = match opcode {
            0x8c => usize::from(self.byte()?),
            _ => u32::from_le_bytes(self.array()?) as usize,
        };
        if n > self.limits.text {
            return self.refuse(format!("a text of {n} bytes"));
        }
        self.charge(n as u64)?;
        let mut bytes = vec![0; n];
        self.source.read_exact(&mut bytes)?;
        match String::from_utf8(bytes) {
            Ok(text) => self.make(Object::Text(text.into())),
            Err(_) => self.refuse("a text that is not UTF-8"),
        }
    }

    fn remember(&mut self, opcode: u8) -> Result<(), S::Error> {
        let value = self.top()?;
        let place = match opcode {
            b'q' => u32::from(self.byte()?),
            b'r' => u32::from_le_bytes(self.array()?),
            _ => match u32::try_from(self.memo.len()) {
                Ok(place) => place,
                Err(_) => return self.refuse("too many objects"),
            },
        };
        if !self.memo.contains_key(&place) {
            self.charge(MEMO_COST)?;
        }
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<(), S::Error> {
        let place = match opcode {
            b'h' => u32::from(self.byte()?),
            _ => u32::from_le_bytes(self.array()?),
        };
        match self.memo.get(&place).copied() {
            Some(value) => self.push(value),
            None => self.refuse(format!("a reference to object {place}, which does not exist")),
        }
    }

    fn global(&mut self, opcode: u8) -> Result<(), S::Error> {
        let name = if opcode == b'c' {
            let module = self.line()?;
            format!("{module}.{}", self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            match (self.objects.text(module), self.objects.text(name)) {
                (Some(module), Some(name)) => format!("{module}.{name}"),
                _ => return self.refuse("a name that is no text"),
            }
        };
        if !self.dialect.knows(&name) {
            return self.refuse(format!("the name {}", quoted(&name)));
        }
        self.charge(name.len() as u64)?;
        self.make(Object::Global(name.into()))
    }

    fn line(&mut self) -> Result<String, S::Error> {
        let mut text = String::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(text),
                byte if byte.is_ascii_graphic() && text.len() < self.limits.text => {
                    text.push(char::from(byte));
                }
                _ => return self.refuse("a name with odd characters"),
            }
        }
    }

    fn short_tuple(&mut self, n: usize) -> Result<(), S::Error> {
        let mut items = (0..n).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        self.make(Object::Tuple(items))
    }

    /// APPEND and APPENDS.
    fn append(&mut self, opcode: u8) -> Result<(), S::Error> {
        let items = self.items(opcode == b'a', 1)?;
        let list = self.container(&items)?;
        match self.objects.get_mut(list) {
            Some(Object::List(list)) => {
                list.extend(items);
                Ok(())
            }
            _ => self.refuse("an append to something that is not a list"),
        }
    }

    /// SETITEM and SETITEMS.
    fn set_items(&mut self, opcode: u8) -> Result<(), S::Error> {
        let items = self.items(opcode == b's', 2)?;
        let dictionary = self.container(&items)?;
        let (pairs, rest) = items.as_chunks::<2>();
        match self.objects.get_mut(dictionary) {
            Some(Object::Dictionary(entries)) if rest.is_empty() => {
                entries.extend(pairs.iter().map(|&[key, value]| (key, value)));
                Ok(())
            }
            _ => self.refuse("keys and values without a dictionary"),
        }
    }

    /// The topmost `n` values, or those above the mark.
    fn items(&mut self, some: bool, n: usize) -> Result<Vec<Value>, S::Error> {
        if !some {
            return self.pop_to_mark();
        }
        let mut items = (0..n).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
        items.reverse();
        Ok(items)
    }

    /// The container on top of the stack, with the memory of its new items accounted for.
    fn container(&mut self, items: &[Value]) -> Result<Value, S::Error> {
        let container = self.top()?;
        let nesting = self.nesting_over(items)?;
        self.charge(VALUE_COST * items.len() as u64)?;
        self.objects.deepen(container, nesting);
        Ok(container)
    }

    /// REDUCE and NEWOBJ: a known name with a tuple of arguments.
    fn call(&mut self) -> Result<(), S::Error> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let objects = &self.objects;
        let called = match (objects.global(function), objects.tuple(arguments)) {
            (Some(name), Some(arguments)) => self.dialect.call(name, arguments, objects),
            _ => return self.refuse("a function call"),
        };
        match called {
            Ok(Called::Made(made)) => self.make(Object::Made(made)),
            Ok(Called::Dictionary) => self.make(Object::Dictionary(Vec::new())),
            Ok(Called::Value(value)) => self.push(value),
            Err(problem) => self.refuse(problem),
        }
    }

    fn build(&mut self) -> Result<(), S::Error> {
        let state = self.pop()?;
        let target = self.top()?;
        let made = self.dialect.build(target, state, &self.objects, self.source)?;
        if let (Some(made), Some(place)) = (made, self.objects.get_mut(target)) {
            *place = Object::Made(made);
        }
        Ok(())
    }

    fn persistent(&mut self) -> Result<(), S::Error> {
        let id = self.pop()?;
        match self.dialect.persistent(id, &self.objects) {
            Ok(made) => self.make(Object::Made(made)),
            Err(problem) => self.refuse(problem),
        }
    }
}

/// The beginning of a name, without line breaks.
fn quoted(name: &str) -> String {
    let short: String = name.chars().take(QUOTED).flat_map(char::escape_debug).collect();
    if name.chars().nth(QUOTED).is_some() {
        format!("{short}…")
    } else {
        short
    }
}

#[cfg(test)]
#[allow(clippy::octal_escapes, reason = "opcodes of a pickle")]
mod tests {
    use super::*;
    use crate::{Bytes, PickleError, Plain};
    use std::convert::Infallible;

    fn run(program: &[u8]) -> Result<(Value, Objects<Infallible>), PickleError> {
        read(
            &mut Bytes::new(program),
            &mut Plain,
            Limits::for_file(program.len() as u64),
        )
    }

    fn refused(program: &[u8], part: &str) {
        let problem = run(program).unwrap_err().problem;
        assert!(
            problem.contains(part) && problem.len() < 120,
            "{problem}, expected {part}"
        );
    }

    #[test]
    fn plain_values_come_out() {
        let (value, objects) =
            run(b"\x80\x02]q\x00(NK\x07M\xff\xffJ\xfe\xff\xff\xff\x8a\x01\xffG?\xf0\0\0\0\0\0\0e.").unwrap();
        let expected = [
            Value::None,
            Value::Int(7),
            Value::Int(65_535),
            Value::Int(-2),
            Value::Int(-1),
            Value::Float(1.0),
        ];
        assert_eq!(objects.sequence(value), Some(&expected[..]));
    }

    #[test]
    fn every_cut_of_a_program_is_an_error() {
        let whole = b"\x80\x02}q\x00(X\x01\x00\x00\x00aK\x01u.";
        let (value, objects) = run(whole).unwrap();
        assert_eq!(objects.dictionary(value).map(<[_]>::len), Some(1));
        for n in 0..whole.len() {
            assert!(run(&whole[..n]).is_err(), "cut at {n}");
        }
    }

    #[test]
    fn broken_programs_are_refused() {
        for program in [
            &b"0."[..],
            b"s.",
            b"u.",
            b"t.",
            b"R.",
            b"b.",
            b"\x93.",
            b"(0.",
            b"(a.",
        ] {
            assert!(run(program).is_err());
        }
        refused(b"h\x07.", "object 7");
        refused(b"\x80\x09.", "protocol 9");
        refused(b"cos\nsystem\n.", "the name os.system");
        refused(b"X\xff\xff\xff\xff.", "a text of 4294967295 bytes");
        refused(b"i.", "instruction 0x69");
        refused(
            &[b"c".to_vec(), vec![b'a'; 60_000], b"\nb\n.".to_vec()].concat(),
            "the name aaa",
        );
    }

    #[test]
    fn a_value_that_holds_itself_twice_costs_no_more_than_its_instructions() {
        for container in [
            &b"h\x00h\x00\x86q\x00"[..],
            b"](h\x00h\x00eq\x00",
            b"}(h\x00h\x00uq\x00",
        ] {
            let program = [&b")q\x000"[..], &container.repeat(40), b"."].concat();
            let (value, objects) = run(&program).unwrap();
            assert!(objects.get(value).is_some());
            let deep = [&b")q\x000"[..], &container.repeat(70), b"."].concat();
            refused(&deep, "nested deeper than 64");
        }
    }

    #[test]
    fn floods_end_at_the_height_of_the_stack() {
        for instruction in [
            &b"N"[..],
            b"K\x01",
            b")",
            b"]",
            b"}",
            b"X\0\0\0\0",
            b"\x89",
            b"G\0\0\0\0\0\0\0\0",
            b"\x8a\x00",
        ] {
            refused(
                &instruction.repeat(100_000),
                "more than 65536 values on the stack",
            );
        }
    }

    #[test]
    fn nesting_ends_early_in_whatever_way_it_is_built() {
        refused(
            &[b")".to_vec(), vec![0x85; 1000]].concat(),
            "nested deeper than 64",
        );
        refused(
            &[vec![b']'; 1000], vec![b'a'; 999]].concat(),
            "nested deeper than 64",
        );
        refused(&vec![b'('; 1000], "nested deeper than 64");
        refused(
            &[&b"}"[..], &b"N\x86".repeat(100)].concat(),
            "nested deeper than 64",
        );
    }

    #[test]
    fn what_is_made_and_dropped_is_paid_for() {
        // Small limits, since the real ones take some seconds to reach.
        let limits = Limits {
            memory: 1 << 20,
            instructions: 1 << 16,
            ..Limits::for_file(0)
        };
        for (cycle, part) in [
            (&b")0"[..], "more than 1 MiB"),
            (b"X\x10\0\0\00123456789abcdef0", "more than 1 MiB"),
            (b"N0", "more than 65536 instructions"),
            (b"]q\x00(NNNNNNNNNNNNNNNNNNNNNNNNe0", "more than 1 MiB"),
        ] {
            let program = [&cycle.repeat(70_000)[..], b"N."].concat();
            let error = read(&mut Bytes::new(&program), &mut Plain, limits).unwrap_err();
            assert!(error.problem.contains(part), "{error}");
        }
        let mut memo: Vec<u8> = b"N".to_vec();
        memo.extend((0..100_000_u32).flat_map(|place| [&b"r"[..], &place.to_le_bytes()].concat()));
        let error = read(&mut Bytes::new(&memo), &mut Plain, limits).unwrap_err();
        assert!(error.problem.contains("more than 1 MiB"), "{error}");
    }
}
