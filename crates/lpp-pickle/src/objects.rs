//! The values built by a program.

/// A value: small ones directly, others by their index in [`Objects`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// An integer of more than eight bytes, such as the magic number of older torch files.
    LongInt,
    /// A string, a container or an object of the format.
    Object(u32),
}

/// An object that can be referred to again.
#[derive(Debug)]
pub enum Object<M> {
    /// A string.
    Text(Box<str>),
    /// A known name, `module.name`.
    Global(Box<str>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A list.
    List(Vec<Value>),
    /// A dictionary, in order; a key that was set twice appears twice.
    Dictionary(Vec<(Value, Value)>),
    /// An object of the format.
    Made(M),
    /// An object removed by [`Objects::take`].
    Taken,
}

/// An object with its nesting depth.
#[derive(Debug)]
struct Kept<M> {
    object: Object<M>,
    nesting: u8,
}

/// All objects of a program, by index. They are never freed one by one, so that no nesting can overflow the call stack.
#[derive(Debug)]
pub struct Objects<M> {
    kept: Vec<Kept<M>>,
}

impl<M> Objects<M> {
    pub(crate) fn new() -> Self {
        Self { kept: Vec::new() }
    }

    /// Memory of an object in addition to its contents, in bytes; a vector may have grown to twice its length.
    pub(crate) const COST: u64 = 2 * size_of::<Kept<M>>() as u64;

    /// Adds an object of that nesting depth; `None` if there are too many objects.
    pub(crate) fn add(&mut self, object: Object<M>, nesting: u8) -> Option<Value> {
        let place = u32::try_from(self.kept.len()).ok()?;
        self.kept.push(Kept { object, nesting });
        Some(Value::Object(place))
    }

    /// The nesting depth of a value; 0 if it contains no objects.
    pub(crate) fn nesting(&self, value: Value) -> u8 {
        self.at(value).map_or(0, |kept| kept.nesting)
    }

    pub(crate) fn deepen(&mut self, value: Value, nesting: u8) {
        if let Some(kept) = self.at_mut(value) {
            kept.nesting = kept.nesting.max(nesting);
        }
    }

    pub(crate) fn get_mut(&mut self, value: Value) -> Option<&mut Object<M>> {
        self.at_mut(value).map(|kept| &mut kept.object)
    }

    fn at(&self, value: Value) -> Option<&Kept<M>> {
        match value {
            Value::Object(place) => self.kept.get(place as usize),
            _ => None,
        }
    }

    fn at_mut(&mut self, value: Value) -> Option<&mut Kept<M>> {
        match value {
            Value::Object(place) => self.kept.get_mut(place as usize),
            _ => None,
        }
    }

    /// The object of a value.
    #[must_use]
    pub fn get(&self, value: Value) -> Option<&Object<M>> {
        self.at(value).map(|kept| &kept.object)
    }

    /// Moves an object out; later accesses find [`Object::Taken`].
    pub fn take(&mut self, value: Value) -> Option<Object<M>> {
        self.get_mut(value)
            .map(|object| std::mem::replace(object, Object::Taken))
    }

    /// The string of a value.
    #[must_use]
    pub fn text(&self, value: Value) -> Option<&str> {
        match self.get(value)? {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The known name of a value.
    #[must_use]
    pub fn global(&self, value: Value) -> Option<&str> {
        match self.get(value)? {
            Object::Global(name) => Some(name),
            _ => None,
        }
    }

    /// The items of a tuple.
    #[must_use]
    pub fn tuple(&self, value: Value) -> Option<&[Value]> {
        match self.get(value)? {
            Object::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The items of a tuple or a list.
    #[must_use]
    pub fn sequence(&self, value: Value) -> Option<&[Value]> {
        match self.get(value)? {
            Object::Tuple(items) | Object::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of a dictionary, in order.
    #[must_use]
    pub fn dictionary(&self, value: Value) -> Option<&[(Value, Value)]> {
        match self.get(value)? {
            Object::Dictionary(entries) => Some(entries),
            _ => None,
        }
    }

    /// An object of the format.
    #[must_use]
    pub fn made(&self, value: Value) -> Option<&M> {
        match self.get(value)? {
            Object::Made(made) => Some(made),
            _ => None,
        }
    }
}
