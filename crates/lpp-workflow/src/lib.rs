//! The study as a whole: which steps it takes, what they cost, which are done, and running the rest.
//!
//! [`plan`] turns the configuration of a study into [`Call`]s of the programs of lpp-rs with their inputs, outputs
//! and parameters, as the steps of [`lpp_steps`] state them. Whether a step is done is told from the provenance beside its outputs, whoever ran it: version,
//! parameters and the hashes of inputs and outputs must be those of now. [`RunJob`] runs what is not done as processes
//! of bounded memory and threads; since every program writes its outputs whole or not at all, a run that was killed at
//! any moment goes on where it was. [`PlanReport`] shows a plan without running it, [`Lineage`] what made an artefact,
//! [`Verification`] whether artefacts are still what was written down.
//!
//! ```
//! use lpp_study::{Language, Study};
//! use lpp_workflow::{PlanOptions, plan};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("lpp-doc-plan-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! std::fs::write(folder.join("lpp.toml"), "models = { en = [\"gpt2\"] }")?;
//! let options = PlanOptions { languages: vec![], threads: 2, memory_bytes: 8 << 30, fetch: false, subjects_per_step: None };
//! let steps = plan(&Study::open(&folder)?, &options)?.steps;
//! let names: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
//! assert_eq!(names, ["rois", "extract:gpt2:en", "fit:gpt2:en", "analyze:en", "report:en"]);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

mod call;
mod error;
mod fetch;
mod given;
mod graph;
mod hashes;
mod lineage;
mod lock;
mod log;
mod machine;
mod place;
mod plan;
mod record;
mod report;
mod run;
mod state;
mod verify;
mod walk;

pub use call::Call;
pub use error::WorkflowError;
pub use given::Given;
pub use lineage::{Lineage, Made};
pub use machine::{Machine, human_bytes, human_seconds};
pub use plan::{Plan, PlanOptions, plan};
pub use report::{PlanReport, PlannedStep};
pub use run::{RunJob, RunReport};
pub use state::State;
pub use verify::Verification;

/// The configuration of the published study: all its models, baselines, untrained twins, moments of training, languages
/// and individual subjects.
pub const PAPER: &str = include_str!("../paper.toml");
