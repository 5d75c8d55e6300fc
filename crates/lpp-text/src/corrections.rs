//! The corrections of the word annotation in the published script, by row label.

use std::collections::{BTreeMap, BTreeSet};

use lpp_study::{AnnotationCorrections, Language};

/// Rows to drop and words to replace in an annotation.
///
/// The label of a row is its position among the data rows of the file, from 0.
///
/// ```
/// use lpp_study::{AnnotationCorrections, Language};
/// use lpp_text::Corrections;
///
/// let english = Corrections::of(Language::English, AnnotationCorrections::Published);
/// assert!(english.drops(3919));
/// assert_eq!(Corrections::none(), Corrections::of(Language::English, AnnotationCorrections::None));
/// ```
///
/// # References
/// `extract_llm_activations.py` of the paper's repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Corrections {
    /// Whether to leave out words that pandas reads as missing values.
    leaves_out_missing: bool,
    dropped: BTreeSet<usize>,
    replaced: BTreeMap<usize, &'static str>,
}

impl Corrections {
    /// The corrections of one language; only `AnnotationCorrections::Published` gives any.
    ///
    /// `Auto` depends on the file; call [`AnnotationCorrections::resolve`] first.
    #[must_use]
    pub fn of(lang: Language, which: AnnotationCorrections) -> Self {
        match (which, lang) {
            (AnnotationCorrections::None | AnnotationCorrections::Auto, _) => Self::none(),
            (AnnotationCorrections::Published, Language::Chinese) => Self {
                leaves_out_missing: true,
                ..Self::default()
            },
            (AnnotationCorrections::Published, Language::English) => Self {
                leaves_out_missing: true,
                // A repeated line with a typo, and two rows which are not in the text.
                dropped: BTreeSet::from([3919, 6775, 6781]),
                replaced: BTreeMap::new(),
            },
            (AnnotationCorrections::Published, Language::French) => Self {
                leaves_out_missing: true,
                // An s' which is not in the text, and two empty rows.
                dropped: BTreeSet::from([338, 1204, 3333]),
                replaced: BTreeMap::from([
                    (3332, "de"),
                    (3379, "trois"),
                    (3405, "trois"),
                    (4587, "l"),
                    (5325, "la"),
                    (5326, "première"),
                    (5328, "habitée"),
                    (11257, "À"),
                    (12249, "il"),
                ]),
            },
        }
    }

    /// No corrections.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether these are the published corrections. The published script reads `NA`, `None`, `null` and the like as
    /// missing values; otherwise they are words.
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
