//! The numbers of a study: from scores per layer and voxel to tidy tables.
//!
//! An [`AnalysisJob`] reads the scores of all models of a study and writes [`Table`]s as CSV and Parquet. The
//! statistics come from `lpp-stats`, the files from `lpp-study` and `lpp-fmri`; here they are only put together.
//!
//! * [`Brain`], [`ModelScores`], [`Region`]: what is read;
//! * [`IscSummary`], [`AnalysisJob`]: what is computed, for the programs;
//! * [`Table`]: what comes out; [`number`]: how people read its values.
//!
//! A study without baselines, without inter-subject correlation, with one model or with voxels that have no score
//! is analysed as far as it goes.
//!
//! ```
//! use lpp_analysis::Table;
//! let table = Table::new("scaling").text("model", ["gpt2"])?.number("score_all", [0.07])?;
//! assert_eq!(table.json_rows().to_string(), r#"[{"model":"gpt2","score_all":0.07}]"#);
//! # Ok::<(), lpp_analysis::AnalysisError>(())
//! ```

mod baselines;
mod brain;
pub mod corrected;
mod error;
mod isc;
mod job;
mod lateralization;
mod layers;
mod model_scores;
pub mod number;
mod regions;
mod regression;
mod scaling;
mod summary;
mod table;
mod table_files;

pub use brain::{Brain, HemisphereRule};
pub use error::AnalysisError;
pub use isc::{IscSides, IscSummary};
pub use job::{Analysis, AnalysisJob, AnalysisReport};
pub use model_scores::{ModelScores, SelectionScores};
pub use regions::Region;
pub use table::{Column, Table};
