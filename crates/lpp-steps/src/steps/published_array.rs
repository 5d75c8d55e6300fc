//! `lpp-fetch precomputed`: a published joblib dump as a NumPy array.

use std::path::PathBuf;

use crate::Artefact;

/// One published array in a form that programs can map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedArrayStep {
    /// The joblib dump of one array of two axes.
    pub input: PathBuf,
    /// The `.npy` file to write.
    pub output: PathBuf,
}

impl PublishedArrayStep {
    /// The array.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output).input(&self.input)
    }
}
