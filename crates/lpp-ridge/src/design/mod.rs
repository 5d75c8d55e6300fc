//! Runs as they are handed over, and which of their rows train, validate and test.

pub(crate) mod defects;
pub(crate) mod delays;
pub(crate) mod layout;
pub(crate) mod plan;
pub(crate) mod runs;
pub(crate) mod splits;
pub(crate) mod standardise;
