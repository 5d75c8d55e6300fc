//! Synthetic studies with planted, known effects.
//!
//! A method is trusted when it finds what is known to be there. This crate makes complete studies (text, word times,
//! small language models, brain mask, scans of an average subject) in which language regions respond to hidden
//! vectors of the words, left ones more than right ones, and in which each model knows as many dimensions of these
//! vectors as it is wide. The analysis should then find scores that grow with model size and an asymmetry in every
//! region; [`Comparison`] puts what was planted beside what was found.
//!
//! * [`StudySimulation`] makes a whole study, [`SubjectSimulation`] scans for real words, mask and noise level;
//! * [`tell_story`], [`simulated_mask`], [`planted_responses`], [`WordLatents`], [`write_checkpoint`] and
//!   [`BoldSimulator`] are its parts;
//! * [`Truth`] and [`Comparison`] are the known answer.
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
mod truth;

pub use bold::BoldSimulator;
pub use brain::{planted_responses, simulated_mask};
pub use checkpoint::{Architecture, ModelSpec, write_checkpoint};
pub use comparison::{Comparison, ModelComparison, RegionComparison};
pub use error::SimError;
pub use latent::{N_LATENT, WordLatents, explained_share, weight_stds};
pub use story::{SpokenWord, StoryRun, tell_story};
pub use study_job::StudySimulation;
pub use subject_job::SubjectSimulation;
pub use truth::{PlantedModel, PlantedRegion, Truth};
