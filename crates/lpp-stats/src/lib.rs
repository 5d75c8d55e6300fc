//! Statistics of brain scores: arrays in, arrays out, no files.

mod error;
mod percentile;

pub use error::StatsError;
pub use percentile::{percentile, percentiles};
