//! What a format allows beyond plain values.

use std::convert::Infallible;

use crate::{Objects, Source, Value};

/// What a call makes.
#[derive(Debug)]
pub enum Called<M> {
    /// Something of the format's own.
    Made(M),
    /// An empty dictionary.
    Dictionary,
    /// A value that was there already.
    Value(Value),
}

/// The callables of a format, and what they make.
///
/// A problem is told as one short line that says what was found.
pub trait Dialect<S: Source> {
    /// What the format builds beyond plain values: a tensor, an array.
    type Made;

    /// Whether a program may name `module.name`.
    fn knows(&self, name: &str) -> bool;

    /// REDUCE and NEWOBJ: the call of a known name.
    ///
    /// # Errors
    /// The problem, if the call is not one that the format makes.
    fn call(
        &mut self,
        function: &str,
        arguments: &[Value],
        objects: &Objects<Self::Made>,
    ) -> Result<Called<Self::Made>, String>;

    /// BUILD: an object and the state that it is given. What comes back takes the object's place; `None` leaves it as it is.
    /// The format may read on in `source`.
    ///
    /// # Errors
    /// [`Source::refuse`] if the state is not one that the format gives.
    fn build(
        &mut self,
        target: Value,
        state: Value,
        objects: &Objects<Self::Made>,
        source: &mut S,
    ) -> Result<Option<Self::Made>, S::Error>;

    /// BINPERSID: something that lies outside of the program.
    ///
    /// # Errors
    /// The problem, if the format keeps nothing outside or not so.
    fn persistent(&mut self, id: Value, objects: &Objects<Self::Made>) -> Result<Self::Made, String>;
}

/// The dialect of plain values: no name is known.
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
