//! Scores of targets that are put together anew: the scans of each run permuted, or the sides of whole runs exchanged.

pub(crate) mod forecasts;
pub(crate) mod orders;
pub(crate) mod swaps;
mod tables;
pub(crate) mod versions;
