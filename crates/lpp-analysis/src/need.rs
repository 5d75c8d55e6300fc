//! The kinds of files that an analysis may need.

/// Files beyond the table of models that a part needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Scores and mask of the average subject.
    AverageSubject,
    /// The inter-subject correlation: without it the part makes nothing.
    Isc,
    /// Masks of regions of interest.
    Regions,
    /// A label image.
    Atlas,
    /// Scores and masks of single subjects.
    Subjects,
    /// Nested scores, joint fits and nulls beside the scores.
    Beside,
    /// Scores of fits with other settings.
    Variants,
    /// What lpp-score wrote, and the table of checkpoints.
    Competence,
}
