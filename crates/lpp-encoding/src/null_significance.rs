//! P-values of a map and of its asymmetry, from the map's scores under nulls.

use lpp_stats::{HomotopicPairs, MaxStatistic, StatsError, Tail, VoxelSet, permutation_p};
use lpp_study::NullTest;
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rayon::prelude::*;

use crate::EncodingError;
use crate::map_sides::{Lateral, MapSides, differences, means};
use crate::prepared::to_f32;

/// What the rows of the map of p-values are.
pub(crate) const ROWS: [&str; 7] = [
    "score",
    "p",
    "p_fwe",
    "difference",
    "difference_p",
    "difference_p_fwe",
    "difference_tfce_p",
];

/// Every test of a map.
pub(crate) struct NullTests {
    /// (rows, `n_voxels`); see [`ROWS`]. The last row is left to [`NullTests::set_tfce_p`].
    pub(crate) values: Array2<f32>,
    pub(crate) threshold_fwe_05: Option<f64>,
    pub(crate) n_significant: usize,
    pub(crate) mean_score: NullTest,
    /// Left minus right.
    pub(crate) sides: Lateral<NullTest>,
}

impl NullTests {
    /// Tests the observed scores, which are the first column of `scores`, (`n_voxels`, 1 + `n_nulls`), against the others.
    pub(crate) fn new(scores: &ArrayRef2<f32>, sides: Option<&MapSides>) -> Result<Self, EncodingError> {
        let observed = scores.column(0).mapv(f64::from);
        let p = p_of_rows(scores, Tail::Upper);
        let maxima = MaxStatistic::of_maxima(maxima(scores, |r| r), Tail::Upper)?;
        let p_fwe = maxima.corrected_p(&observed.to_vec());
        let threshold = maxima.threshold(0.05)?;
        let n_voxels = scores.nrows();
        let mut values = Array2::from_elem((ROWS.len(), n_voxels), f32::NAN);
        for (row, numbers) in [observed.to_vec(), p, p_fwe.clone()].iter().enumerate() {
            values
                .row_mut(row)
                .assign(&Array1::from_iter(numbers.iter().map(|&v| to_f32(v))));
        }
        if let Some(pairs) = sides.and_then(MapSides::pairs) {
            write_differences(&mut values, &differences(scores, pairs), pairs)?;
        }
        let lateral = sides.map(|sides| sides.l_minus_r(scores)).unwrap_or_default();
        let two_sided = |numbers: Array1<f64>| test(&numbers, Tail::TwoSided);
        Ok(Self {
            values,
            threshold_fwe_05: threshold.is_finite().then_some(threshold),
            n_significant: p_fwe.iter().filter(|&&p| p <= 0.05).count(),
            mean_score: test(&means(scores, &VoxelSet::all(n_voxels)), Tail::Upper),
            sides: lateral.map(two_sided),
        })
    }
}

impl NullTests {
    /// Writes the p of pairs by clusters under exchanged sides.
    pub(crate) fn set_tfce_p(&mut self, pairs: &HomotopicPairs, p: &[f64]) {
        for (&left, &p) in pairs.left().iter().zip(p) {
            self.values[[ROWS.len() - 1, left]] = to_f32(p);
        }
    }
}

fn write_differences(
    values: &mut Array2<f32>,
    differences: &ArrayRef2<f32>,
    pairs: &HomotopicPairs,
) -> Result<(), StatsError> {
    let observed = differences.column(0).mapv(f64::from).to_vec();
    let p = p_of_rows(differences, Tail::TwoSided);
    let maxima = MaxStatistic::of_maxima(maxima(differences, f32::abs), Tail::TwoSided)?;
    let p_fwe = maxima.corrected_p(&observed);
    for (row, numbers) in [observed, p, p_fwe].iter().enumerate() {
        for (&left, &number) in pairs.left().iter().zip(numbers) {
            values[[3 + row, left]] = to_f32(number);
        }
    }
    Ok(())
}

/// The p-value of the first number of each row against the others.
fn p_of_rows(scores: &ArrayRef2<f32>, tail: Tail) -> Vec<f64> {
    let row_p = |row: ndarray::ArrayView1<'_, f32>| {
        let null: Vec<f64> = row.iter().skip(1).map(|&r| f64::from(r)).collect();
        permutation_p(f64::from(row[0]), &null, tail)
    };
    let rows: Vec<_> = scores.rows().into_iter().collect();
    rows.into_par_iter().map(row_p).collect()
}

/// The maximum of each null, without the observed column and ignoring NaN.
fn maxima(scores: &ArrayRef2<f32>, size: impl Fn(f32) -> f32) -> Vec<f64> {
    let mut most = vec![f32::NAN; scores.ncols() - 1];
    for row in scores.rows() {
        for (most, &score) in most.iter_mut().zip(row.iter().skip(1)) {
            *most = most.max(size(score));
        }
    }
    most.into_iter().map(f64::from).collect()
}

/// The test of the first number against the others.
fn test(numbers: &ArrayRef1<f64>, tail: Tail) -> NullTest {
    let null: Vec<f64> = numbers.iter().skip(1).copied().collect();
    NullTest {
        observed: numbers[0],
        p: permutation_p(numbers[0], &null, tail),
    }
}

#[cfg(test)]
mod tests {
    use lpp_fmri::{BrainMask, Grid, Mask, MaskOf, diagonal_affine};
    use ndarray::{Array3, array};

    use super::*;

    fn scores() -> Array2<f32> {
        array![
            [0.9_f32, 0.1, 0.2, 0.3],
            [0.25, 0.0, 0.25, 0.125],
            [f32::NAN; 4],
            [0.1, 0.5, 0.125, 0.0]
        ]
    }

    #[test]
    fn maps_and_asymmetry_are_tested_against_the_same_nulls() {
        let found = NullTests::new(&scores(), None).unwrap();
        assert_eq!(found.values.row(1).to_vec()[..2], [0.25, 0.5]);
        assert_eq!(found.values.row(2).to_vec()[..2], [0.25, 1.0]);
        assert!(found.values.column(2).iter().all(|v| v.is_nan()));
        assert!(found.values.row(3).iter().all(|v| v.is_nan()));
        assert_eq!((found.threshold_fwe_05, found.n_significant), (None, 0));
        let sides = found.sides;
        assert_eq!((sides.halves, sides.x, sides.pairs), (None, None, None));
    }

    #[test]
    fn asymmetry_is_left_minus_right_however_the_mask_is_stored() {
        // Mean of the two left voxels less the only known right one: 0.475; 0.05 − 0.5, 0.1, 0.2125 under the nulls.
        for (step, reversed) in [(4.0, false), (-4.0, true)] {
            let mut scores = scores();
            if reversed {
                scores.invert_axis(ndarray::Axis(0));
            }
            let grid = Grid::new(
                [4, 1, 1],
                diagonal_affine([step, 4.0, 4.0], [-1.5 * step, 0.0, 0.0]),
            )
            .unwrap();
            let mask = Mask::new(grid, Array3::from_elem((4, 1, 1), true)).unwrap();
            let sides = MapSides::of(&BrainMask::Volume(mask), MaskOf::Group).unwrap();
            let sides = NullTests::new(&scores, Some(&sides)).unwrap().sides;
            let by_x = sides.x.unwrap();
            assert!((by_x.observed - 0.475).abs() < 1e-7 && (by_x.p - 0.25).abs() < 1e-12);
            assert_eq!(sides.halves, (!reversed).then_some(by_x));
            // One pair lacks a score.
            assert!((sides.pairs.unwrap().observed - 0.8).abs() < 1e-7);
        }
    }
}
