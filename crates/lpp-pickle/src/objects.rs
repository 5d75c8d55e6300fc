//! The values that a program builds.

/// A value: a small one by itself, others by their place in [`Objects`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A whole number of more than eight bytes, such as the magic number of torch's older files.
    LongInt,
    /// A text, container or made object.
    Object(u32),
}

/// Something that can be referred to again.
#[derive(Debug)]
pub enum Object<M> {
    /// A text.
    Text(Box<str>),
    /// A known name, `module.name`.
    Global(Box<str>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A list.
    List(Vec<Value>),
    /// A dictionary, in order; a key that was set twice is there twice.
    Dictionary(Vec<(Value, Value)>),
    /// What the format made.
    Made(M),
    /// What was taken out by [`Objects::take`].
    Taken,
}

/// An object and how deep others lie in it.
#[derive(Debug)]
struct Kept<M> {
    object: Object<M>,
    nesting: u8,
}

/// All objects of a program, by place. They are never freed one by one, so that no nesting can overflow the call stack.
#[derive(Debug)]
pub struct Objects<M> {
    kept: Vec<Kept<M>>,
}

impl<M> Objects<M> {
    pub(crate) fn new() -> Self {
        Self { kept: Vec::new() }
    }

    /// Bytes that an object takes beside its contents; a vector of them may have grown to twice its length.
    pub(crate) const COST: u64 = 2 * size_of::<Kept<M>>() as u64;

    /// Adds an object that holds others nested to that depth; `None` if there are more than places.
    pub(crate) fn add(&mut self, object: Object<M>, nesting: u8) -> Option<Value> {
        let place = u32::try_from(self.kept.len()).ok()?;
        self.kept.push(Kept { object, nesting });
        Some(Value::Object(place))
    }

    /// How deep objects are nested in a value; 0 for one that holds none.
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

    /// The object that a value stands for.
    #[must_use]
    pub fn get(&self, value: Value) -> Option<&Object<M>> {
        self.at(value).map(|kept| &kept.object)
    }

    /// Moves an object out; whoever comes again finds [`Object::Taken`].
    pub fn take(&mut self, value: Value) -> Option<Object<M>> {
        self.get_mut(value)
            .map(|object| std::mem::replace(object, Object::Taken))
    }

    /// The text that a value stands for.
    #[must_use]
    pub fn text(&self, value: Value) -> Option<&str> {
        match self.get(value)? {
            Object::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The known name that a value stands for.
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

    /// What the format made.
    #[must_use]
    pub fn made(&self, value: Value) -> Option<&M> {
        match self.get(value)? {
            Object::Made(made) => Some(made),
            _ => None,
        }
    }
}
