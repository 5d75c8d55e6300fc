//! Features of words or scans from other programs.

mod arrays;
mod job;
mod named_arrays;
mod run_features;

pub use job::{FeaturesJob, FeaturesReport, RowsAre};
