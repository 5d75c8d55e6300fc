//! `lpp-simulate training`: a training with a known lag between competence and asymmetry.

use std::path::PathBuf;

use lpp_study::Language;

use crate::Artefact;

/// Scores and tables of checkpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateTrainingStep {
    /// The file of planted locations, which is written last.
    pub truth: PathBuf,
    /// Language of the study.
    pub lang: Language,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Doublings of the tokens by which asymmetry rises after competence.
    pub lag_doublings: f64,
    /// Standard deviation over runs of left minus right.
    pub noise: f64,
    /// Number of checkpoints after step 0.
    pub n_checkpoints: u32,
    /// Number of runs.
    pub n_runs: usize,
}

impl SimulateTrainingStep {
    /// The file of planted locations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.truth)
            .with("lang", self.lang)
            .with("seed", self.seed)
            .with("lag_doublings", self.lag_doublings)
            .with("noise", self.noise)
            .with("n_checkpoints", self.n_checkpoints)
            .with("n_runs", self.n_runs)
    }
}
