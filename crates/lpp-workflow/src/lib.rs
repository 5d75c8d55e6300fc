//! The steps of a study: their costs, which are done, and running the others.
//!
//! [`plan`] turns the configuration of a study into [`Call`]s of the programs of lpp-rs with their inputs, outputs and
//! parameters, as the steps of [`lpp_steps`] state them. A step is done if the provenance next to its outputs has the
//! current version, parameters and hashes of inputs and outputs; it does not matter who ran it. [`RunJob`] runs the
//! other steps as processes with limited memory and threads. Every program writes its outputs completely or not at all,
//! so a run that was killed at any moment can be resumed. [`PlanReport`] shows a plan without running it, [`Lineage`]
//! how a file was made, and [`Verification`] whether files still agree with their records.
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
mod init;
mod lineage;
mod lock;
mod log;
mod machine;
mod missing_runs;
mod place;
mod plan;
mod record;
mod regular;
mod report;
mod run;
mod state;
mod stop;
mod verify;
mod walk;

pub use call::Call;
pub use error::WorkflowError;
pub use given::Given;
pub use init::initial_config;
pub use lineage::{Lineage, Made};
pub use machine::{Machine, human_seconds};
pub use missing_runs::MissingRuns;
pub use plan::{Plan, PlanOptions, plan};
pub use report::{PlanReport, PlannedStep};
pub use run::{RunJob, RunReport};
pub use state::State;
pub use stop::StopRequest;
pub use verify::Verification;

/// The configuration of the published study: all its models, baselines, untrained twins, moments of training, languages
/// and individual subjects.
pub const PAPER: &str = include_str!("../paper.toml");
