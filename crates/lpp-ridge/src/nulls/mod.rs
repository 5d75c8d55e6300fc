//! Null distributions of the scores: the scans of each run in other orders.

pub(crate) mod orders;
mod tables;
