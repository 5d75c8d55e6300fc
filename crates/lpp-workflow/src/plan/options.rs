//! What a plan depends on besides the study.

use lpp_study::Language;

/// What a plan depends on besides the study.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// Languages to plan for; none: those of the study.
    pub languages: Vec<Language>,
    /// Threads that a step gets.
    pub threads: usize,
    /// Memory that a step may take, bytes: larger models are streamed.
    pub memory_bytes: u64,
    /// Whether missing inputs are fetched.
    pub fetch: bool,
    /// Most subjects of a step that fits individual ones; they share a factorisation. `None`: all of them.
    pub subjects_per_step: Option<usize>,
}
