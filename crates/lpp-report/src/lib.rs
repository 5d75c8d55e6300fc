//! Figures and the report page of a study.
//!
//! The crate stands between tables and what people look at: a [`ReportJob`] reads the tables that `lpp-analysis`
//! wrote and the score maps, draws figures and makes one self-contained page.
//!
//! * [`plot`]: figures from plain numbers, as SVG; [`export`] turns them into PNG and PDF;
//! * [`surface`]: the cortex as a mesh, with values of voxels on it;
//! * [`Theme`]: palettes, light and dark;
//! * [`ReportJob`]: figures and page.
//!
//! A study without baselines, without inter-subject correlation, with one model or with voxels that have no score
//! is drawn as far as it goes.

mod error;
mod export;
mod figures;
mod findings;
mod font;
mod further_findings;
mod highlights;
mod maps;
mod page;
mod planted;
pub mod plot;
mod report_job;
mod report_tables;
pub mod surface;
mod theme;
mod undrawn;

pub use error::ReportError;
pub use export::{Format, export};
pub use figures::Figure;
pub use report_job::{ReportFiles, ReportJob};
pub use theme::{Rgb, Theme};
