//! Scores of a kept model on scans that it was not fitted to.

use ndarray::{Array1, ArrayRef2, s};
use rayon::prelude::*;

use crate::engine::pearson::TargetMoments;
use crate::engine::product::product;
use crate::engine::r_squared::score_columns;
use crate::{Metric, Number};

/// Targets predicted together, so that predictions stay in cache.
const WIDTH: usize = 384;

/// The score of each target of `y` (`n_scans`, `n_targets`), predicted from `x` (`n_scans`, `n_features`).
pub(crate) fn score_new<A: Number>(
    coefficients: &ArrayRef2<A>,
    x: &ArrayRef2<A>,
    y: &ArrayRef2<A>,
    metric: Metric,
) -> Array1<f64> {
    let mut scores = vec![0.0; y.ncols()];
    scores.par_chunks_mut(WIDTH).enumerate().for_each(|(block, out)| {
        let left = block * WIDTH;
        let columns = s![.., left..left + out.len()];
        let predicted = product(x, &coefficients.slice(columns));
        let observed = y.slice(columns);
        // The rows of a target array may be anywhere in memory.
        let observed = observed.as_standard_layout();
        score_columns(metric, &predicted, &observed, &TargetMoments::new(&observed), out);
    });
    Array1::from_vec(scores)
}
