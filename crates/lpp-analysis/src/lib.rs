//! The numbers of a study: from scores per layer and voxel to tidy tables.
//!
//! An [`AnalysisJob`] reads the scores of all models of a study and writes [`Table`]s as CSV and Parquet. The
//! statistics come from `lpp-stats`, the files from `lpp-study` and `lpp-fmri`; here they are only put together.
//!
//! * [`Brain`], [`ModelScores`], [`ModelInfoTable`], [`Region`], [`ParcelPair`]: what is read;
//! * [`IscSummary`], [`AnalysisJob`]: what is computed, for the programs; [`LanguagesJob`] sets languages side by side;
//! * [`CompareJob`]: ours beside what the paper's notebooks printed;
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
mod canary;
mod cell;
mod compare;
pub mod corrected;
mod densities;
mod error;
mod individuals;
mod isc;
mod job;
mod languages;
mod lateralization;
mod layers;
mod lines;
mod model_info;
mod model_scores;
pub mod number;
mod parcel_pairs;
mod parcels;
mod performance;
mod published;
mod regions;
mod regression;
mod saved;
mod scaling;
mod side_names;
mod summary;
mod table;
mod table_files;
mod training;
mod voxel_maps;
mod voxelwise;

pub use brain::{Brain, HemisphereRule};
pub use compare::CompareJob;
pub use error::AnalysisError;
pub use isc::{IscSides, IscSummary};
pub use job::{Analysis, AnalysisJob, AnalysisOptions, AnalysisReport};
pub use languages::LanguagesJob;
pub use model_info::{ModelInfo, ModelInfoTable};
pub use model_scores::{Choosing, LayerRule, ModelScores, SelectionScores};
pub use parcel_pairs::{Pairing, ParcelPair};
pub use published::{Published, published_numbers};
pub use regions::Region;
pub use table::{Column, Table};
