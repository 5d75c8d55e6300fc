//! From targets to scores: penalties are validated, one is chosen, its fit is tested.

pub(crate) mod block;
mod exact_sum;
pub(crate) mod new_scans;
mod predictions;
pub(crate) mod refit;
pub(crate) mod score;
mod screening;
mod second_moments;
mod validated;
pub(crate) mod validation;
mod validation_scores;
pub(crate) mod workers;
