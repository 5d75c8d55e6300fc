//! What fits return.

pub(crate) mod edges;
pub(crate) mod fit;
pub(crate) mod known_scores;
pub(crate) mod ridge_model;
