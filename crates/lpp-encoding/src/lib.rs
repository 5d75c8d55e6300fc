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
//! The entry point is [`FitJob`]. It fits any number of [`TargetSet`]s, subjects or the average one, with one factorisation a
//! layer. What comes before it is [`AverageJob`], the average subject and the inter-subject correlation (the same ridge
//! regression, with one half of the subjects as features and the other as targets), or [`IndividualJob`], the mask and the
//! cleaned signals of one subject.
//!
//! What goes beyond the paper builds on a [`FitJob`]: layers chosen on inner data ([`FitJob::nested_layer`]), a layer beside
//! low-level controls ([`JointJob`]), p-values of a layer ([`NullJob`]), and features that should explain nothing
//! ([`CanaryJob`]).
//!
//! ```no_run
//! use lpp_encoding::{FitJob, Precision};
//! use lpp_files::Silent;
//! use lpp_study::{Language, Software, Study};
//!
//! # fn main() -> Result<(), lpp_encoding::EncodingError> {
//! let study = Study::open("demo-study")?;
//! let job = FitJob::average_subject(&study, "gpt2", Language::English, Precision::Single, None)?;
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
mod features;
mod fit_job;
mod group_means;
mod individual_job;
mod joint_job;
mod layer_job;
mod nested;
mod null_job;
mod null_tests;
mod scratch;
mod split_half;
mod subject_signals;
mod target_set;
mod targets;

pub use average_job::{AverageJob, AverageReport};
pub use canary_job::CanaryJob;
pub use error::EncodingError;
pub use features::{Layer, LayerFeatures};
pub use fit_job::{FitJob, FitOutcome, Precision};
pub use individual_job::IndividualJob;
pub use joint_job::JointJob;
pub use layer_job::LayerOutcome;
pub use null_job::{NullJob, NullKind};
pub use split_half::{SplitHalf, SplitHalfScores, split_half_scores};
pub use target_set::TargetSet;
pub use targets::load_targets;
