//! What a fit is asked to do.

pub(crate) mod alpha_grid;
pub(crate) mod choices;
pub(crate) mod engine;
pub(crate) mod folds;
pub(crate) mod metric;
pub(crate) mod params;
pub(crate) mod ridge_cv;
pub(crate) mod stop;
