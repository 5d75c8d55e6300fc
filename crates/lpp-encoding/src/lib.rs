//! Encoding models: from a language model's activations and a subject's scans to brain scores.
//!
//! This crate composes the others, as the original's `fit_average_subject.py` does:
//!
//! 1. activations of each word → features of each scan ([`lpp_fmri::RegressorOperator`], one matrix per run that all
//!    layers share);
//! 2. ten scans are cut at both ends of each run, columns are z-scored ([`lpp_ridge::trim_and_standardise`]);
//! 3. nested cross-validated ridge regression, layer by layer ([`lpp_ridge::RidgeCv`]);
//! 4. scores, their sidecar and a map of the best layer's score are written.
//!
//! The entry point is [`FitJob`]. It fits any number of [`TargetSet`](lpp_steps::TargetSet)s, subjects or the average one, with one factorisation a
//! layer. What comes before it is [`AverageJob`], the average subject and the inter-subject correlation (the same ridge
//! regression, with one half of the subjects as features and the other as targets), or [`IndividualJob`], the mask and the
//! cleaned signals of one subject.
//!
//! Analyses beyond the paper build on a [`FitJob`]: layers chosen on inner data
//! ([`FitStep::nested_layer`](lpp_steps::FitStep::nested_layer)), a layer fitted jointly with low-level controls
//! ([`JointJob`]), p-values of a layer ([`NullJob`]), and a time-only control model ([`CanaryJob`]). A [`ModelJob`] keeps the
//! weights of all layers; a [`TransferJob`] scores them in another study, language or story.
//!
//! ```no_run
//! use lpp_encoding::FitJob;
//! use lpp_files::Silent;
//! use lpp_steps::{FitStep, Software};
//! use lpp_study::{Language, Study};
//!
//! # fn main() -> Result<(), lpp_encoding::EncodingError> {
//! let study = Study::open("demo-study")?;
//! let step = FitStep::of_study(&study, "gpt2", Language::English);
//! let job = FitJob::average_subject(&study, step, false)?;
//! let software = Software { program: "my-program", version: "0.1.0", commit: None };
//! for outcome in job.run(software, &Silent)? {
//!     println!("{}: mean score {:.3}", outcome.scores.display(), outcome.best_mean_score);
//! }
//! # Ok(())
//! # }
//! ```

mod average_job;
mod canary_job;
mod error;
mod exchanges;
mod explainable;
mod features;
mod fit_job;
mod group;
mod group_means;
mod heard;
mod individual_job;
mod joint_job;
mod layer_job;
mod map_sides;
mod model_job;
mod nested;
mod null_job;
mod null_layers;
mod null_significance;
mod pair_clusters;
mod pieces;
mod prepared;
mod scratch;
mod set_fit;
mod split_half;
mod subject_signals;
mod swap_job;
mod target_set;
mod transfer;
mod voxel_halves;
mod weights;

pub use average_job::{AverageJob, AverageReport};
pub use canary_job::CanaryJob;
pub use error::EncodingError;
pub use fit_job::{FitJob, FitOutcome};
pub use individual_job::IndividualJob;
pub use joint_job::JointJob;
pub use layer_job::LayerOutcome;
pub use model_job::{ModelJob, ModelOutcome};
pub use null_job::{NullJob, null_orders};
pub use split_half::{SplitHalf, SplitHalfScores, split_half_scores};
pub use swap_job::SwapJob;
pub use target_set::{average_targets, average_targets_of};
pub use transfer::{TransferJob, applying};
