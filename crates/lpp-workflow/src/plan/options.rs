//! What a plan depends on besides the study.

use lpp_study::Language;

/// What a plan depends on besides the study.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// Languages to plan for; none: those of the study.
    pub languages: Vec<Language>,
    /// Threads per step.
    pub threads: usize,
    /// Memory limit of a step in bytes; larger models are streamed.
    pub memory_bytes: u64,
    /// Whether missing inputs are fetched.
    pub fetch: bool,
    /// Largest number of individual subjects per step; they share a factorisation. `None`: all of them.
    pub subjects_per_step: Option<usize>,
}
