//! The steps of a study: inputs, outputs, parameters, arguments and cost, each stated once.
//!
//! A step is a plain struct of paths and settings, one file each in `src/steps`. The program that runs a step makes it from its
//! flags, and the plan of a study makes it from the configuration. Both ask it for its [`Artefact`]s, so a plan and a program
//! cannot disagree about the inputs of a file:
//!
//! * the program calls [`run_if_stale`] (or a [`Making`] for each artefact), which skips what is up to date and writes the record,
//!   a [`Provenance`], next to each artefact;
//! * the plan compares the records with the artefacts of its steps, and calls the program with [`Step::arguments`].
//!
//! To add a flag, edit the file of the step and the program.

mod artefact;
mod catalogue;
mod choice;
mod estimate;
mod making;
mod old_records;
mod provenance;
mod run_if_stale;
mod scans;
mod size;
mod step;
mod steps;
mod versions;
mod word_stories;

pub use artefact::Artefact;
pub use catalogue::{ModelSize, published_size};
pub use choice::Choice;
pub use estimate::{Cost, Estimator};
pub use making::Making;
pub use provenance::{Provenance, Software, command, peak_memory_bytes};
pub use run_if_stale::{Done, run_if_stale};
pub use scans::{cleaning_of, has_symmetric_masks, smoothing_of, target_grid};
pub use size::{StudySize, model_size};
pub use step::{Completion, Step};
pub use steps::*;
pub use versions::counts_as_current;
pub use word_stories::check_word_stories;
