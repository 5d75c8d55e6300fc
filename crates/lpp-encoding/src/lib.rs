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
//! The entry point is [`FitJob`]. What comes before it, the average subject and the inter-subject correlation, is
//! [`AverageJob`]: the same ridge regression, with one half of the subjects as features and the other as targets.
//!
//! ```no_run
//! use lpp_encoding::{FitJob, Precision};
//! use lpp_study::{Language, Silent, Software, Study};
//!
//! # fn main() -> Result<(), lpp_encoding::EncodingError> {
//! let study = Study::open("demo-study")?;
//! let job = FitJob::average_subject(&study, "gpt2", Language::English, Precision::Single, None)?;
//! let software = Software { program: "my-program", version: "0.1.0", commit: None };
//! let outcome = job.run(software, &Silent)?;
//! println!("{}: mean score {:.3}", outcome.scores.display(), outcome.best_mean_score);
//! # Ok(())
//! # }
//! ```

mod average_job;
mod error;
mod features;
mod fit_job;
mod group_means;
mod scratch;
mod split_half;
mod subject_signals;
mod targets;

pub use average_job::{AverageJob, AverageReport};
pub use error::EncodingError;
pub use features::LayerFeatures;
pub use fit_job::{FitJob, FitOutcome, Precision};
pub use split_half::{SplitHalf, SplitHalfScores, split_half_scores};
pub use targets::load_targets;
