//! The parts that families are built from, each written once.
//!
//! Hidden states are matrices of (`n_tokens`, `width`): each window goes through a model on its own, because
//! batching them gains nothing on a CPU once a window has hundreds of tokens.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod dense;
pub(crate) mod embedding;
pub(crate) mod memory;
pub(crate) mod norm;
pub(crate) mod packed;
pub(crate) mod pass;
pub(crate) mod rotary;
pub(crate) mod visibility;
