//! The output matrix as a family describes it.

use crate::parameter::Initial;

/// The output matrix, (`n_vocabulary`, `last_width`), and what becomes of its logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeadLayout {
    /// Whether it is the token embedding.
    pub(crate) is_tied: bool,
    /// Name of the token embedding.
    pub(crate) embedding: &'static str,
    /// Name of an output matrix of its own.
    pub(crate) own: &'static str,
    /// How an untrained model gets a matrix of its own.
    pub(crate) initial: Initial,
    /// Logits z become c tanh(z / c) with this c (Gemma 2).
    pub(crate) softcap: Option<f64>,
}

impl HeadLayout {
    /// Named as most families do.
    pub(crate) fn new(is_tied: bool, embedding: &'static str, std: f64) -> Self {
        Self {
            is_tied,
            embedding,
            own: "lm_head.weight",
            initial: Initial::Normal(std),
            softcap: None,
        }
    }
}
