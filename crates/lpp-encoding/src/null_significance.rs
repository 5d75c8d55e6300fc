//! P-values of a map and of its asymmetry, from the map's scores under nulls.

use lpp_fmri::{BrainMask, MaskOf, Sides};
use lpp_stats::{Hemispheres, HomotopicPairs, MaxStatistic, StatsError, Tail, VoxelSet, permutation_p};
use lpp_study::{NullLateral, NullTest};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rayon::prelude::*;

use crate::EncodingError;
use crate::prepared::to_f32;

/// What the rows of the map of p-values are.
pub(crate) const ROWS: [&str; 6] = [
    "score",
    "p",
    "p_fwe",
    "difference",
    "difference_p",
    "difference_p_fwe",
];

/// Every test of a map.
pub(crate) struct NullTests {
    /// (rows, `n_voxels`); see [`ROWS`].
    pub(crate) values: Array2<f32>,
    pub(crate) threshold_fwe_05: Option<f64>,
    pub(crate) n_significant: usize,
    pub(crate) mean_score: NullTest,
    pub(crate) l_minus_r: NullLateral,
}

impl NullTests {
    /// Tests the observed scores, which are the first column of `scores`, (`n_voxels`, 1 + `n_nulls`), against the others.
    ///
    /// Sides and homotopic pairs need the mask.
    pub(crate) fn new(
        scores: &ArrayRef2<f32>,
        mask: Option<(&BrainMask, MaskOf)>,
    ) -> Result<Self, EncodingError> {
        let observed = scores.column(0).mapv(f64::from);
        let p = p_of_rows(scores, Tail::Upper);
        let maxima = MaxStatistic::of_maxima(maxima(scores, |r| r), Tail::Upper)?;
        let p_fwe = maxima.corrected_p(&observed.to_vec());
        let threshold = maxima.threshold(0.05)?;
        let pairs = mask.map(|(mask, _)| pairs_of(mask)).transpose()?;
        let n_voxels = scores.nrows();
        let mut values = Array2::from_elem((ROWS.len(), n_voxels), f32::NAN);
        for (row, numbers) in [observed.to_vec(), p, p_fwe.clone()].iter().enumerate() {
            values
                .row_mut(row)
                .assign(&Array1::from_iter(numbers.iter().map(|&v| to_f32(v))));
        }
        let mut of_pairs = None;
        if let Some(pairs) = pairs.filter(|pairs| !pairs.is_empty()) {
            let differences = differences(scores, &pairs);
            write_differences(&mut values, &differences, &pairs)?;
            of_pairs = Some(test(
                &means(&differences, &VoxelSet::all(pairs.len())),
                Tail::TwoSided,
            ));
        }
        let sides = mask.map(|(mask, of)| mask.sides(of));
        let lateral = |sides: &Hemispheres| {
            let (left, right) = (means(scores, sides.left()), means(scores, sides.right()));
            test(&(left - right), Tail::TwoSided)
        };
        Ok(Self {
            values,
            threshold_fwe_05: threshold.is_finite().then_some(threshold),
            n_significant: p_fwe.iter().filter(|&&p| p <= 0.05).count(),
            mean_score: test(&means(scores, &VoxelSet::all(n_voxels)), Tail::Upper),
            l_minus_r: NullLateral {
                halves: sides.as_ref().and_then(Sides::halves).map(lateral),
                x: sides.as_ref().map(Sides::by_x).map(lateral),
                pairs: of_pairs,
            },
        })
    }
}

/// The homotopic pairs of a mask; none, with a warning, if its grid has no mirror images.
fn pairs_of(mask: &BrainMask) -> Result<HomotopicPairs, EncodingError> {
    let pairs = match mask.homotopic_pairs() {
        Err(error) if error.is_without_pairs() => {
            tracing::warn!("{error}; there are no homotopic pairs");
            Vec::new()
        }
        other => other?,
    };
    let (left, right) = pairs.iter().map(|pair| (pair.left, pair.right)).unzip();
    Ok(HomotopicPairs::new(left, right)?)
}

/// Left minus right score of each pair under each null.
fn differences(scores: &ArrayRef2<f32>, pairs: &HomotopicPairs) -> Array2<f32> {
    let mut out = Array2::zeros((pairs.len(), scores.ncols()));
    for ((mut row, &left), &right) in out.rows_mut().into_iter().zip(pairs.left()).zip(pairs.right()) {
        row.assign(&scores.row(left));
        row -= &scores.row(right);
    }
    out
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

/// Mean over the rows of a set under each null, without rows that have no score.
fn means(scores: &ArrayRef2<f32>, set: &VoxelSet) -> Array1<f64> {
    let (mut sum, mut n) = (Array1::zeros(scores.ncols()), 0_u32);
    for &row in set.indices() {
        let row = scores.row(row);
        if !row[0].is_nan() {
            sum.zip_mut_with(&row, |sum, &score| *sum += f64::from(score));
            n += 1;
        }
    }
    sum / f64::from(n)
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
    use lpp_fmri::{Grid, Mask, diagonal_affine};
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
        let sides = found.l_minus_r;
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
            let mask = BrainMask::Volume(mask);
            let sides = NullTests::new(&scores, Some((&mask, MaskOf::Group)))
                .unwrap()
                .l_minus_r;
            let by_x = sides.x.unwrap();
            assert!((by_x.observed - 0.475).abs() < 1e-7 && (by_x.p - 0.25).abs() < 1e-12);
            assert_eq!(sides.halves, (!reversed).then_some(by_x));
            // One pair lacks a score.
            assert!((sides.pairs.unwrap().observed - 0.8).abs() < 1e-7);
        }
    }
}
