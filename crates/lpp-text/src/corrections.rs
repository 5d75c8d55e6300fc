//! Corrections of a word annotation, by row label.

use std::collections::{BTreeMap, BTreeSet};

/// Rows to drop and words to replace in an annotation.
///
/// The label of a row is its position among the data rows of the file, from 0.
///
/// ```
/// use lpp_text::Corrections;
///
/// let corrections = Corrections::new([3919], [(4587, "l")]);
/// assert!(corrections.drops(3919) && corrections.replacement(4587) == Some("l"));
/// assert!(!Corrections::none().drops(3919));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corrections {
    /// Whether words that pandas reads as missing values are left out.
    leaves_out_missing: bool,
    dropped: BTreeSet<usize>,
    replaced: BTreeMap<usize, &'static str>,
}

impl Corrections {
    /// The corrections of a script that reads the annotation with pandas: rows that it drops and words that it replaces.
    ///
    /// Words that pandas reads as missing values (`NA`, `None`, `null` and so on) are left out.
    #[must_use]
    pub fn new(
        dropped: impl IntoIterator<Item = usize>,
        replaced: impl IntoIterator<Item = (usize, &'static str)>,
    ) -> Self {
        Self {
            leaves_out_missing: true,
            dropped: dropped.into_iter().collect(),
            replaced: replaced.into_iter().collect(),
        }
    }

    /// No corrections.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether these are those of a script, rather than none: `NA`, `None`, `null` and so on are missing values then, and words
    /// otherwise.
    #[must_use]
    pub fn are_published(&self) -> bool {
        self.leaves_out_missing
    }

    /// Whether the row with this label is dropped.
    #[must_use]
    pub fn drops(&self, row: usize) -> bool {
        self.dropped.contains(&row)
    }

    /// The replacement for the word in the row with this label.
    #[must_use]
    pub fn replacement(&self, row: usize) -> Option<&'static str> {
        self.replaced.get(&row).copied()
    }

    /// The last row to be dropped, which must exist in the file; a row to be replaced may be absent.
    pub(crate) fn last_dropped(&self) -> Option<usize> {
        self.dropped.last().copied()
    }
}
