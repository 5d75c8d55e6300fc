//! Null distributions of the scores: the scans of each run permuted.

pub(crate) mod orders;
mod tables;
