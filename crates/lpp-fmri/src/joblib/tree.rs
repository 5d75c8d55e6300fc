//! The arrays of a dump in their nested lists.

use super::object::{Object, Objects, Value};
use crate::numeric::NumArray;

/// Deeper lists than the pipeline's runs, layers and words would need are refused.
const MAX_DEPTH: usize = 32;

/// An array, or a list or tuple of such trees.
#[derive(Debug, Clone, PartialEq)]
pub enum JoblibTree {
    /// An array.
    Array(NumArray),
    /// A list or a tuple.
    Sequence(Vec<JoblibTree>),
}

impl JoblibTree {
    /// The array at a path of indices; an empty path is the tree itself.
    ///
    /// ```
    /// use lpp_fmri::joblib::JoblibTree;
    /// use ndarray::arr0;
    ///
    /// let tree = JoblibTree::Sequence(vec![JoblibTree::Array(arr0(2.5).into_dyn().into())]);
    /// assert_eq!(tree.array(&[0]).map(|a| a.len()), Some(1));
    /// assert!(tree.array(&[1]).is_none() && tree.array(&[]).is_none());
    /// ```
    #[must_use]
    pub fn array(&self, indices: &[usize]) -> Option<&NumArray> {
        match (self, indices) {
            (Self::Array(array), []) => Some(array),
            (Self::Sequence(items), [first, rest @ ..]) => items.get(*first)?.array(rest),
            _ => None,
        }
    }

    /// Moves the arrays out of the machine's objects; an error says what was found.
    pub(super) fn new(root: Value, mut objects: Objects) -> Result<Self, String> {
        build(root, &mut objects, 0)
    }
}

fn build(value: Value, objects: &mut Objects, depth: usize) -> Result<JoblibTree, String> {
    if depth > MAX_DEPTH {
        return Err(format!("lists nested deeper than {MAX_DEPTH}"));
    }
    let Some(object) = objects.get_mut(value) else {
        return Err(format!("an item {value:?}"));
    };
    // Whatever is met a second time has moved: a list in itself ends here too.
    match std::mem::replace(object, Object::Moved) {
        Object::Array(array) => Ok(JoblibTree::Array(*array)),
        Object::List(items) | Object::Tuple(items) => {
            let items = items.into_iter().map(|item| build(item, objects, depth + 1));
            Ok(JoblibTree::Sequence(items.collect::<Result<_, _>>()?))
        }
        Object::Moved => Err("the same list twice".to_owned()),
        Object::Text(text) => Err(format!("the text {text:?}")),
        Object::Dictionary(_) => Err("a dictionary".to_owned()),
        Object::Wrapper => Err("an array without its data".to_owned()),
        Object::Dtype(_) => Err("an element type".to_owned()),
    }
}
