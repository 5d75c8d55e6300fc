//! Extensions of a format beyond plain values.

use std::convert::Infallible;

use crate::{Objects, Source, Value};

/// The result of a call.
#[derive(Debug)]
pub enum Called<M> {
    /// An object of the format.
    Made(M),
    /// An empty dictionary.
    Dictionary,
    /// An existing value.
    Value(Value),
}

/// The callables of a format and their results.
///
/// A problem is described in one short line that says what was found.
pub trait Dialect<S: Source> {
    /// The type of the format's objects, for example tensors or arrays.
    type Made;

    /// Whether a program may use `module.name`.
    fn knows(&self, name: &str) -> bool;

    /// REDUCE and NEWOBJ: the call of a known name.
    ///
    /// # Errors
    /// The problem, if the format does not use such a call.
    fn call(
        &mut self,
        function: &str,
        arguments: &[Value],
        objects: &Objects<Self::Made>,
    ) -> Result<Called<Self::Made>, String>;

    /// BUILD: sets the state of an object. A returned value replaces the object; `None` leaves it unchanged. The format
    /// may read more from `source`.
    ///
    /// # Errors
    /// [`Source::refuse`] if the format does not use such a state.
    fn build(
        &mut self,
        target: Value,
        state: Value,
        objects: &Objects<Self::Made>,
        source: &mut S,
    ) -> Result<Option<Self::Made>, S::Error>;

    /// BINPERSID: an object outside the program.
    ///
    /// # Errors
    /// The problem, if the format has no such object.
    fn persistent(&mut self, id: Value, objects: &Objects<Self::Made>) -> Result<Self::Made, String>;
}

/// The dialect of plain values, without any known name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plain;

impl<S: Source> Dialect<S> for Plain {
    type Made = Infallible;

    fn knows(&self, _: &str) -> bool {
        false
    }

    fn call(&mut self, _: &str, _: &[Value], _: &Objects<Infallible>) -> Result<Called<Infallible>, String> {
        Err("a call".to_owned())
    }

    fn build(
        &mut self,
        _: Value,
        _: Value,
        _: &Objects<Infallible>,
        source: &mut S,
    ) -> Result<Option<Infallible>, S::Error> {
        Err(source.refuse("the state of an object".to_owned()))
    }

    fn persistent(&mut self, _: Value, _: &Objects<Infallible>) -> Result<Infallible, String> {
        Err("a reference to something outside of the pickle".to_owned())
    }
}
