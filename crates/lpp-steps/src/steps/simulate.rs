//! `lpp-simulate`: a synthetic study, or synthetic scans for real words.

use std::path::PathBuf;

use lpp_study::{Asymmetry, Language, Plant};

use crate::{Artefact, Choice};

impl Choice for Asymmetry {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::None, "none", "Both sides respond alike"),
        (
            Self::Ceiling,
            "ceiling",
            "The left has higher ceilings: it responds more strongly, to small and large models alike",
        ),
        (
            Self::Growth,
            "growth",
            "At equal ceilings the left weighs more what only larger models know",
        ),
    ];
}

/// A whole synthetic study.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateStudyStep {
    /// The file of planted effects, which is written last.
    pub truth: PathBuf,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Language of the study.
    pub lang: Language,
    /// Smallest number of words per run.
    pub words_per_run: usize,
    /// Names of the models.
    pub models: Vec<String>,
    /// Width of the random baselines.
    pub baseline_dims: usize,
    /// Number of runs, if not that of the published study.
    pub n_runs: Option<usize>,
    /// Repetition time in seconds, if not that of the published study.
    pub tr_s: Option<f64>,
    /// What is planted in the brain.
    pub plant: Plant,
    /// Number of subjects, if there are scans of subjects as fMRIPrep leaves them.
    pub n_subjects: Option<usize>,
    /// The story that is heard again, from 1.
    pub test_story: Option<usize>,
}

impl SimulateStudyStep {
    /// The file of planted effects.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        let plant = &self.plant;
        let known = |value: f64| Some(value).filter(|value| *value > 0.0);
        Artefact::new(&self.truth)
            .with("asymmetry", plant.asymmetry.name())
            .if_known("ceiling_left", plant.ceiling_left)
            .if_known("midline", plant.midline)
            .if_known("noise_fwhm_mm", known(plant.noise_fwhm_mm))
            .if_known("noise_shared", known(plant.noise_shared))
            .if_known("group", plant.group.map(|group| group.n_subjects))
            .if_known("gain_sd", plant.group.map(|group| group.gain_sd))
            .with("seed", self.seed)
            .with("lang", self.lang)
            .with("words_per_run", self.words_per_run)
            .with("models", &self.models)
            .with("baseline_dims", self.baseline_dims)
            .if_known("n_runs", self.n_runs)
            .if_known("tr_s", self.tr_s)
            .if_known("n_subjects", self.n_subjects)
            .if_known("test_story", self.test_story)
    }
}

/// Simulated scans of an average subject who hears the real words.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulateScansStep {
    /// The words and their times.
    pub words: PathBuf,
    /// The brain mask.
    pub mask: PathBuf,
    /// The inter-subject correlation that gives the noise level.
    pub isc: PathBuf,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Repetition time, seconds.
    pub tr_s: f64,
    /// Number of scans of each run.
    pub n_scans: Vec<usize>,
    /// The runs and the correlation to write.
    pub outputs: Vec<PathBuf>,
}

impl SimulateScansStep {
    /// The runs and the correlation.
    #[must_use]
    pub fn artefacts(&self) -> Vec<Artefact> {
        let artefact = |output: &PathBuf| {
            Artefact::new(output)
                .inputs([&self.words, &self.mask, &self.isc])
                .with("seed", self.seed)
                .with("tr_s", self.tr_s)
                .with("n_scans", &self.n_scans)
        };
        self.outputs.iter().map(artefact).collect()
    }
}
