//! What can go wrong between a table and its file.

/// A file is not the table that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found {found}, expected {expected}")]
#[non_exhaustive]
pub struct TableError {
    /// What is in it.
    pub found: String,
    /// What should be.
    pub expected: String,
}

impl TableError {
    /// What was found instead of what.
    #[must_use]
    pub fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            found: found.into(),
            expected: expected.into(),
        }
    }
}
