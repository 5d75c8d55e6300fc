//! The corrections that the published script makes to the word annotation, by row label.

use std::collections::{BTreeMap, BTreeSet};

use lpp_study::{AnnotationCorrections, Language};

/// Rows to drop and words to replace before an annotation is used.
///
/// A row's label is its position among the data rows of the file, from 0.
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
    /// Whether words that pandas takes for missing values are left out.
    leaves_out_missing: bool,
    dropped: BTreeSet<usize>,
    replaced: BTreeMap<usize, &'static str>,
}

impl Corrections {
    /// The corrections of one language; only `AnnotationCorrections::Published` gives any.
    ///
    /// What `Auto` means depends on the file: [`AnnotationCorrections::resolve`] it first.
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

    /// No corrections at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether these are the published corrections. The published script reads `NA`, `None`, `null` and their like as
    /// missing values; elsewhere they are words.
    #[must_use]
    pub fn are_published(&self) -> bool {
        self.leaves_out_missing
    }

    /// Whether the row with this label is dropped.
    #[must_use]
    pub fn drops(&self, row: usize) -> bool {
        self.dropped.contains(&row)
    }

    /// The word that replaces the one of the row with this label.
    #[must_use]
    pub fn replacement(&self, row: usize) -> Option<&'static str> {
        self.replaced.get(&row).copied()
    }

    /// The last row that is dropped, which a file must have; a row to be replaced may be absent.
    pub(crate) fn last_dropped(&self) -> Option<usize> {
        self.dropped.last().copied()
    }
}
