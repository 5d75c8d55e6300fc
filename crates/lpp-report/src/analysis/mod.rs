//! From a study's scores to its tables.

mod baselines;
mod brain;
mod isc;
mod job;
mod lateralization;
mod layers;
mod model_scores;
mod regions;
mod regression;
mod scaling;
mod summary;

pub use brain::{Brain, HemisphereRule};
pub use isc::{IscSides, IscSummary};
pub use job::{Analysis, AnalysisJob, AnalysisReport};
pub use model_scores::{ModelScores, SelectionScores};
pub use regions::Region;
