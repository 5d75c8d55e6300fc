//! A study as a data set of derivatives in BIDS form.

mod job;
mod names;
mod subjects;

pub use job::{ExportJob, ExportReport};
