//! Tables, figures and the report page of a study.
//!
//! The crate stands between scores per layer and voxel and what people read. An [`AnalysisJob`] turns the
//! scores of all models of a study into tidy [`Table`]s on the disk, a [`ReportJob`] turns those into figures and
//! one self-contained page. The numbers come from `lpp-stats`, the files from `lpp-study` and `lpp-fmri`; here they
//! are only put together.
//!
//! * [`Brain`], [`ModelScores`], [`Region`]: what is read;
//! * [`IscSummary`], [`AnalysisJob`]: what is computed, for the programs;
//! * [`plot`]: figures from plain numbers, as SVG;
//! * [`ReportJob`]: figures and page.
//!
//! A study without baselines, without inter-subject correlation, with one model or with voxels that have no score
//! is analysed as far as it goes.
//!
//! ```
//! use lpp_report::Table;
//! let table = Table::new("scaling").text("model", ["gpt2"])?.number("score_all", [0.07])?;
//! assert_eq!(table.json_rows().to_string(), r#"[{"model":"gpt2","score_all":0.07}]"#);
//! # Ok::<(), lpp_report::ReportError>(())
//! ```

mod analysis;
mod error;
mod figures;
mod highlights;
mod number;
mod page;
pub mod plot;
mod report_job;
mod report_tables;
mod table;
mod table_files;
mod theme;

pub use analysis::{
    Analysis, AnalysisJob, AnalysisReport, Brain, HemisphereRule, IscSides, IscSummary, ModelScores, Region,
    SelectionScores,
};
pub use error::ReportError;
pub use figures::Figure;
pub use report_job::{ReportFiles, ReportJob};
pub use table::{Column, Table};
