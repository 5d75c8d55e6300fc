//! The numbers of a study: from scores per layer and voxel to tidy tables.
//!
//! An [`AnalysisJob`] reads the scores of all models of a study and writes the tables that `lpp-tables` declares as CSV and
//! Parquet. The statistics come from `lpp-stats`, the files from `lpp-study` and `lpp-fmri`; here they are only put together.
//!
//! * [`Brain`], [`ModelScores`], [`ModelInfoTable`], [`Region`], [`ParcelPair`]: what is read;
//! * [`Analysis`], [`AnalysisJob`]: what is computed, for the programs; [`LanguagesJob`] sets languages side by side;
//! * [`CompareJob`]: ours beside what the paper's notebooks printed;
//! * [`TransfersJob`]: kept weights on other words and scans;
//! * [`load_table`]: a table that was written.
//!
//! A study without baselines, without inter-subject correlation, with one model or with voxels that have no score
//! is analysed as far as it goes.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use lpp_analysis::{Analysis, AnalysisJob};
//! use lpp_files::Silent;
//! use lpp_steps::Software;
//! use lpp_study::{Language, Study};
//! use lpp_tables::Scaling;
//!
//! let job = AnalysisJob::new(Study::open(Path::new("my-study"))?, Language::English, Analysis::Scaling);
//! let software = Software { program: "my-program", version: "1.0.0", commit: None };
//! let report = job.run(software, &Silent)?;
//! for row in report.rows::<Scaling>()? {
//!     println!("{}: {}", row.id.model, row.score_all);
//! }
//! # Ok::<(), lpp_analysis::AnalysisError>(())
//! ```

mod analyses;
mod baselines;
mod brain;
mod canary;
mod cell;
mod compare;
mod competence;
mod competence_files;
pub mod corrected;
mod curve;
mod densities;
mod dimension;
mod error;
mod individuals;
mod inputs;
mod isc;
mod job;
mod languages;
mod lateralization;
mod layers;
mod lines;
mod model_columns;
mod model_info;
mod model_scores;
mod need;
mod options;
mod overview;
mod parcel_files;
mod parcel_pairs;
mod parcels;
mod part;
mod performance;
mod published;
mod region;
mod regions;
mod regression;
mod saved;
mod scaling;
mod seeds;
mod side_names;
mod sidecars;
mod subject;
mod table_files;
mod training;
mod transfers;
mod voxel_maps;
mod voxelwise;

pub use analyses::Analysis;
pub use brain::{Brain, HemisphereRule};
pub use compare::CompareJob;
pub use error::AnalysisError;
pub use isc::{IscSides, IscSummary};
pub use job::{AnalysisJob, AnalysisReport};
pub use languages::LanguagesJob;
pub use model_info::{ModelInfo, ModelInfoTable};
pub use model_scores::{Choosing, LayerMaps, LayerRule, ModelScores, SelectionScores};
pub use options::AnalysisOptions;
pub use parcel_pairs::{Pairing, ParcelPair};
pub use published::{Published, published_numbers};
pub use region::Region;
pub use table_files::load_table;
pub use transfers::TransfersJob;
