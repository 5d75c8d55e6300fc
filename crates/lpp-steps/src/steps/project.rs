//! `lpp-surface project`: a volume on the vertices of a hemisphere.

use std::path::PathBuf;

use crate::Artefact;

/// Values of a volume between two surfaces of a hemisphere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectStep {
    /// The volume: a run or a map.
    pub volume: PathBuf,
    /// The surface between white and grey matter.
    pub white: PathBuf,
    /// The outer surface.
    pub pial: PathBuf,
    /// The values, `.func.gii`.
    pub output: PathBuf,
}

impl ProjectStep {
    /// The values.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output).inputs([&self.volume, &self.white, &self.pial])
    }
}
