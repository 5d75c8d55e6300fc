//! Progress reports from libraries to programs.

/// Receives the progress of a long computation.
///
/// Libraries call it and never print; a program shows a bar, a line from time to time, or nothing ([`Silent`]).
pub trait Progress: Sync {
    /// A stage of `total` equal parts begins; `what` is a short description such as `"layer 3 of 13"`.
    fn start(&self, what: &str, total: u64);

    /// `parts` more parts of the stage are done.
    fn advance(&self, parts: u64);

    /// The stage is over.
    fn finish(&self);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _what: &str, _total: u64) {}
    fn advance(&self, _parts: u64) {}
    fn finish(&self) {}
}
