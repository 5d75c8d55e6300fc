//! `lpp-mask`: the common mask of many runs.

use std::path::PathBuf;

use lpp_study::Language;

use super::place;
use crate::{Artefact, Cost, Estimator, Step};

/// The common mask of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskStep {
    /// The language of the runs, for a step of a plan.
    pub lang: Language,
    /// The runs.
    pub runs: Vec<PathBuf>,
    /// Whether only voxels whose mirror image is inside too are kept.
    pub symmetric: bool,
    /// The mask.
    pub output: PathBuf,
}

impl MaskStep {
    /// The mask.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        let mask = Artefact::new(&self.output).inputs(&self.runs);
        mask.with("symmetric", self.symmetric)
    }
}

impl Step for MaskStep {
    const PROGRAM: &'static str = "lpp-mask";

    fn id(&self) -> String {
        format!("mask:{}", self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        place(self.lang)
    }

    fn artefacts(&self) -> Vec<Artefact> {
        vec![self.artefact()]
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        estimator.mask()
    }
}
