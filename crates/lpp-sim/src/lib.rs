//! Synthetic studies with planted, known effects.
//!
//! A method can be checked on data with known effects. This crate makes complete studies: text, word times, small
//! language models, brain mask, and scans of an average subject or of a group. Language regions respond to hidden vectors
//! of the words. Each model knows as many dimensions of these vectors as its width, so scores grow with model size. What
//! differs between the sides is a [`Plant`](lpp_study::Plant): nothing, ceilings, or growth at equal ceilings.
//!
//! - [`StudySimulation`] makes a whole study, or scans of many subjects as fMRIPrep leaves them, [`SubjectSimulation`] scans for real words, mask and noise level.
//! - [`TrainingSimulation`] makes scores and tables of checkpoints with a known lag of asymmetry behind competence.
//! - [`tell_story`], [`simulated_mask`], [`PlantedBrain`], [`WordLatents`], [`write_checkpoint`] and
//!   [`BoldSimulator`] are its parts.
//! - [`Truth`](lpp_study::Truth) has the planted effects, and [`Comparison`] compares them with the recovered ones.
//!
//! ```
//! let mask = lpp_sim::simulated_mask()?;
//! let brain = lpp_sim::PlantedBrain::of(&mask, &lpp_study::Plant::default());
//! assert_eq!(brain.responses.len(), mask.n_voxels());
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
mod group;
mod isc;
mod latent;
mod noise;
mod plant;
mod random;
mod story;
mod study_job;
mod subject_job;
mod training;
mod truth;

pub use bids::{BidsSettings, coarse_mask};
pub use bold::BoldSimulator;
pub use brain::{PlantedBrain, simulated_mask};
pub use checkpoint::{Architecture, ModelSpec, write_checkpoint};
pub use comparison::{Comparison, CorrectedComparison, ModelComparison, RegionComparison};
pub use error::SimError;
pub use isc::half_correlations;
pub use latent::{N_LATENT, WordLatents, explained_share, weight_stds};
pub use story::{SpokenWord, StoryRun, tell_story};
pub use study_job::StudySimulation;
pub use subject_job::SubjectSimulation;
pub use training::TrainingSimulation;
