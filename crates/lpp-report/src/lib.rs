//! Tables, figures and the report page of a study.

mod analysis;
mod error;
mod number;
pub mod plot;
mod table;
mod table_files;
mod theme;

pub use analysis::{
    Analysis, AnalysisJob, AnalysisReport, Brain, HemisphereRule, IscSummary, ModelScores, Region,
    SelectionScores,
};
pub use error::ReportError;
pub use table::{Column, Table};
