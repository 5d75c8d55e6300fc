//! What may keep a figure from being drawn.

use crate::ReportError;

/// Why a figure is not drawn.
#[derive(Debug)]
pub(crate) enum Undrawn {
    /// A table has not been computed.
    Missing(&'static str),
    /// The study lacks what the figure shows.
    Without(String),
    /// A file is broken.
    Failed(ReportError),
}

impl From<ReportError> for Undrawn {
    fn from(error: ReportError) -> Self {
        Self::Failed(error)
    }
}
