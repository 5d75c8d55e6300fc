//! Synthetic studies with planted, known effects.
//!
//! A method can be checked on data with known effects. This crate makes complete studies: text, word times, small
//! language models, brain mask, and scans of an average subject. Language regions respond to hidden vectors of the
//! words, left regions more strongly than right ones. Each model knows as many dimensions of these vectors as its
//! width. The analysis should then find scores that grow with model size, and an asymmetry in every region;
//! [`Comparison`] compares planted and recovered effects.
//!
//! - [`StudySimulation`] makes a whole study, or scans of many subjects as fMRIPrep leaves them, [`SubjectSimulation`] scans for real words, mask and noise level.
//! - [`TrainingSimulation`] makes scores and tables of checkpoints with a known lag of asymmetry behind competence.
//! - [`tell_story`], [`simulated_mask`], [`planted_responses`], [`WordLatents`], [`write_checkpoint`] and
//!   [`BoldSimulator`] are its parts.
//! - [`Truth`] has the planted effects, and [`Comparison`] compares them with the recovered ones.
//!
//! ```
//! let mask = lpp_sim::simulated_mask()?;
//! let responses = lpp_sim::planted_responses(&mask);
//! assert_eq!(responses.len(), mask.n_voxels());
//! # Ok::<(), lpp_sim::SimError>(())
//! ```
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "simulated data are single precision by design, and counts of scans are small positive numbers"
)]

mod bids;
mod bold;
mod brain;
mod checkpoint;
mod comparison;
mod error;
mod latent;
mod random;
mod story;
mod study_job;
mod subject_job;
mod training;
mod truth;

pub use bids::BidsSettings;
pub use bold::BoldSimulator;
pub use brain::{planted_responses, simulated_mask};
pub use checkpoint::{Architecture, ModelSpec, write_checkpoint};
pub use comparison::{Comparison, ModelComparison, RegionComparison};
pub use error::SimError;
pub use latent::{N_LATENT, WordLatents, explained_share, weight_stds};
pub use story::{SpokenWord, StoryRun, tell_story};
pub use study_job::StudySimulation;
pub use subject_job::SubjectSimulation;
pub use training::TrainingSimulation;
pub use truth::{PlantedModel, PlantedRegion, Truth};
