//! The seed of all draws.

/// A constant: tables must not change from run to run.
pub(super) const SEED: u64 = 20_251_125;
