//! One file per step.

mod align;
mod analyze;
mod average;
mod battery;
mod clean;
mod controls;
mod extract;
mod fetch;
mod fit;
mod fit_artefacts;
mod fit_extras;
mod fit_settings;
mod glove;
mod hidden_states;
mod import;
mod mask;
mod project;
mod published_array;
mod random;
mod regressors;
mod report;
mod resample;
mod ridge;
mod rois;
mod score;
mod simulate;
mod simulate_training;
mod subject;
mod words;

pub use align::AlignStep;
pub use analyze::{AnalyzeStep, AnalyzeTransferStep};
pub use average::AverageStep;
pub use battery::BatteryStep;
pub use clean::{CleanStep, ConfoundColumns, confounds_of};
pub use controls::{ControlStep, ScanControlStep};
pub use extract::{Dtype, ExtractStep};
pub use fetch::{FetchGloveStep, FetchModelStep, FetchPrecomputedStep, FetchScansStep, FetchWordsStep};
pub use fit::{AlphaSearch, Arithmetic, CanaryFeatures, FitStep, InnerRuns, TargetSet};
pub use fit_extras::{ControlBands, JointFit, NullOrder, Nulls, PartitionFit, Swaps};
pub use fit_settings::FitSettings;
pub use glove::GloveStep;
pub use hidden_states::HiddenStatesStep;
pub use import::{ImportAtlasStep, ImportFeaturesStep, ImportRunsStep, ImportWordsStep};
pub use mask::MaskStep;
pub use project::ProjectStep;
pub use published_array::PublishedArrayStep;
pub use random::RandomStep;
pub use regressors::RegressorsStep;
pub use report::ReportStep;
pub use resample::ResampleStep;
pub use ridge::RidgeStep;
pub use rois::RoisStep;
pub use score::{GenerateSettings, MakePairsStep, ScoreSettings, ScoreStep};
pub use simulate::{SimulateScansStep, SimulateStudyStep};
pub use simulate_training::SimulateTrainingStep;
pub use subject::SubjectStep;
pub use words::{AnnotationSource, WordsStep};

use lpp_study::Language;

/// The arguments for the study folder (the current one) and the language.
fn place(lang: Language) -> Vec<String> {
    words(["--study", ".", "--lang", lang.code()])
}

/// The same of one subject, if it is in place of the average subject.
fn place_of(lang: Language, subject: Option<&str>) -> Vec<String> {
    let subject = subject.map(|subject| words(["--subject", subject]));
    [place(lang), subject.unwrap_or_default()].concat()
}

/// The name of a step of one subject: `analyze:sub-01`.
fn with_subject(step: &str, subject: Option<&str>) -> String {
    subject.map_or_else(|| step.to_owned(), |subject| format!("{step}:{subject}"))
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}
