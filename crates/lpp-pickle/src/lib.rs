//! A parser for Python pickles with limits; nothing is executed.
//!
//! A pickle is a program for a small stack machine, whose instructions may import and call any Python function.
//! [`read`] handles only the instructions that build plain values (numbers, strings, tuples, lists, dictionaries).
//! Everything else is defined by a [`Dialect`]: the few callables that a format may use, and the result of each. All
//! other names are refused, with an error that names them.
//!
//! A hostile program is limited in all respects ([`Limits`]): height of the stack, open marks, nesting, length of
//! strings, number of instructions, and memory of all values together. Values are stored in [`Objects`] and refer to
//! each other by index. So neither a value that contains itself twice, forty times over, nor a million nested tuples
//! cost more than their instructions.
//!
//! ```
//! use lpp_pickle::{Bytes, Limits, Plain, Value, read};
//!
//! // {"a": 1}, protocol 2.
//! let mut source = Bytes::new(b"\x80\x02}q\x00X\x01\x00\x00\x00aK\x01s.");
//! let (value, objects) = read(&mut source, &mut Plain, Limits::for_file(16))?;
//! let entries = objects.dictionary(value).unwrap_or_default();
//! assert_eq!((objects.text(entries[0].0), entries[0].1), (Some("a"), Value::Int(1)));
//! # Ok::<(), lpp_pickle::PickleError>(())
//! ```
//!
//! # References
//! Lib/pickletools.py of `CPython` describes every instruction, <https://docs.python.org/3/library/pickletools.html>

mod dialect;
mod limits;
mod machine;
mod objects;
mod source;

pub use dialect::{Called, Dialect, Plain};
pub use limits::Limits;
pub use machine::read;
pub use objects::{Object, Objects, Value};
pub use source::{Bytes, PickleError, Source, Stream, StreamError};
