//! The arrays of a dump as nested lists.

use lpp_pickle::{Object, Objects, Value};

use super::dialect::{Made, described};
use crate::numeric::NumArray;

/// Lists may be nested deeper than runs, layers and words need, but not deeper than this.
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

    /// Moves the arrays out of the parser's objects; an error says what was found.
    pub(super) fn new(root: Value, mut objects: Objects<Made>) -> Result<Self, String> {
        build(root, &mut objects, 0)
    }
}

fn build(value: Value, objects: &mut Objects<Made>, depth: usize) -> Result<JoblibTree, String> {
    if depth > MAX_DEPTH {
        return Err(format!("lists nested deeper than {MAX_DEPTH}"));
    }
    // Whatever is met a second time has been taken: a list in itself ends here too.
    match objects.take(value) {
        Some(Object::Made(Made::Array(array))) => Ok(JoblibTree::Array(*array)),
        Some(Object::List(items) | Object::Tuple(items)) => {
            let items = items.into_iter().map(|item| build(item, objects, depth + 1));
            Ok(JoblibTree::Sequence(items.collect::<Result<_, _>>()?))
        }
        other => Err(described(value, other)),
    }
}
