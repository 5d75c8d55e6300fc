//! Clusters of homotopic pairs that differ, against exchanges of the sides of whole runs.

use lpp_fmri::Mask;
use lpp_stats::{HomotopicPairs, MaxStatistic, StatsError, Tail, Tfce};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;

use crate::EncodingError;

/// Steps between the threshold 0 and the largest difference of all patterns. A common step keeps the maps of all patterns
/// comparable.
const N_STEPS: f64 = 100.0;

/// p of each pair, corrected over the map: its differences are enhanced by clusters (TFCE) on the left side, under every
/// pattern, and compared with the largest of each pattern.
///
/// `differences` is (`n_pairs`, `n_patterns`), the data as they are first. Pairs without a difference have NaN.
///
/// # References
/// S. M. Smith and T. E. Nichols (2009), <https://doi.org/10.1016/j.neuroimage.2008.03.061>.
pub(crate) fn tfce_p(
    mask: &Mask,
    pairs: &HomotopicPairs,
    differences: &Array2<f32>,
) -> Result<Vec<f64>, EncodingError> {
    let largest = differences
        .iter()
        .filter(|d| d.is_finite())
        .fold(0.0_f32, |most, d| most.max(d.abs()));
    let tfce = Tfce {
        step: Some(f64::from(largest) / N_STEPS).filter(|step| *step > 0.0),
        ..Tfce::default()
    };
    let enhanced = |pattern: ArrayView1<'_, f32>| -> Result<Vec<f64>, EncodingError> {
        let mut map = Array1::zeros(mask.n_voxels());
        for (&left, &difference) in pairs.left().iter().zip(pattern) {
            map[left] = if difference.is_nan() {
                0.0
            } else {
                f64::from(difference)
            };
        }
        let volume = tfce.of(&mask.unmask(&map, 0.0)?)?;
        let values = mask.apply(&volume)?;
        Ok(pairs.left().iter().map(|&left| values[left]).collect())
    };
    let patterns: Vec<ArrayView1<'_, f32>> = differences.axis_iter(Axis(1)).collect();
    let maps: Vec<Vec<f64>> = patterns.into_par_iter().map(enhanced).collect::<Result<_, _>>()?;
    let [observed, others @ ..] = maps.as_slice() else {
        return Err(StatsError::TooFew {
            statistic: "patterns of exchanged runs",
            needed: 1,
            found: 0,
        }
        .into());
    };
    let most = |map: &Vec<f64>| map.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let maxima = MaxStatistic::of_maxima(others.iter().map(most).collect(), Tail::TwoSided)?;
    let mut p = maxima.corrected_p(observed);
    for (p, difference) in p.iter_mut().zip(differences.column(0)) {
        if difference.is_nan() {
            *p = f64::NAN;
        }
    }
    Ok(p)
}
