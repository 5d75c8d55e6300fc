//! `lpp-extract hidden-states`: all hidden states of given token ids.

use std::path::PathBuf;

use crate::{Artefact, Choice, Dtype};

/// The hidden states of token ids.
#[derive(Debug, Clone, PartialEq)]
pub struct HiddenStatesStep {
    /// Token ids, the attention mask if there is one, and the files of the checkpoint.
    pub files: Vec<PathBuf>,
    /// Seed of an untrained control; 0 for trained weights.
    pub seed: u64,
    /// Whether the dropout of the original stays active; trained models have none.
    pub dropout: Option<bool>,
    /// Arithmetic.
    pub dtype: Dtype,
    /// Whether the bits do not depend on the number of threads.
    pub equal_bits: bool,
    /// The states.
    pub output: PathBuf,
}

impl HiddenStatesStep {
    /// The states.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .inputs(&self.files)
            .with("precision", self.dtype.name())
            .with("seed", self.seed)
            .if_known("dropout", self.dropout)
            .if_known("equal_bits", self.equal_bits.then_some(true))
    }
}
