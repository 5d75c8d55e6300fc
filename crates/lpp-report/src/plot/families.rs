//! Which colour and mark a model family has in all figures of a study.

use crate::theme::{Mark, family_style};

/// Model families in a fixed order, so that a family looks the same in every figure of a study.
///
/// ```
/// use lpp_report::plot::Families;
/// let families = Families::of(["gpt2", "opt", "gpt2"]);
/// assert_eq!(families.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Families(Vec<String>);

impl Families {
    /// The families in the order in which they first appear; ordered by model size, colours do not depend on the alphabet.
    #[must_use]
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut families: Vec<String> = Vec::new();
        for name in names {
            if !families.iter().any(|known| known == name) {
                families.push(name.to_owned());
            }
        }
        Self(families)
    }

    /// Number of families.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Colour and mark of a family; one that is not known looks like the first.
    pub(crate) fn style(&self, name: &str) -> (&'static str, Mark) {
        family_style(self.0.iter().position(|known| known == name).unwrap_or(0))
    }
}
