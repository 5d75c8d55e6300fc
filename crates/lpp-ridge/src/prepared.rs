//! Features factored once, for any number of target sets.

use ndarray::{Array2, Array3, s};

use crate::design::defects::{Defect, survey, with_defect};
use crate::design::runs::matrices;
use crate::nulls::forecasts::Scored;
use crate::nulls::versions::Versions;
use crate::systems::factored::Factored;
use crate::{Element, NullOrders, RidgeCv, RidgeCvFit, RidgeError, Run, SideSwaps};

/// The features of all runs, with everything of the fit that does not depend on the targets.
///
/// Created by [`RidgeCv::prepare`]. One value can be used for any number of target sets (subjects, shifted nulls, ...)
/// and never factors a validation system again. The systems of the test runs are factored when a penalty is first
/// chosen, and kept. All methods take `&self`, so target sets can also be scored from several threads.
///
/// ```
/// use lpp_ridge::RidgeCv;
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let wave = |n, p, f: f64| Array2::from_shape_fn((n, p), |(i, j)| (f * (i + 1) as f64 * (j + 1) as f64).sin());
/// let x: Vec<_> = (0..4).map(|r| wave(30 + r, 5, 0.7)).collect();
/// let prepared = RidgeCv::params().check()?.prepare(&x)?;
/// for subject in 1..4 {
///     let y: Vec<_> = x.iter().map(|x| &wave(x.nrows(), 3, 0.3 * subject as f64) + &x.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1))).collect();
///     let fit = prepared.score(&y)?;
///     assert_eq!(fit.scores.len(), 3);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PreparedFeatures<A> {
    pub(crate) factored: Factored<A>,
}

impl<A: Element> PreparedFeatures<A> {
    /// Scores one target set.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_targets`) per run, standardised like the features. The element type is that
    /// of the features.
    ///
    /// A run may be a view of a mapped file; targets are read block by block.
    ///
    /// A target that is constant or not finite in any run has a NaN mean score, is left out of the choice of a penalty,
    /// and is listed in [`RidgeCvFit::constant_targets`] or [`RidgeCvFit::non_finite_targets`]. The other targets have
    /// the same results as in a fit without it, to the bit.
    ///
    /// # Errors
    /// [`RidgeError`] if the shapes do not match the features, if there are no targets, if no target has a validation
    /// score for a test run, or if a factorisation fails.
    pub fn score<Y: Run<Element = A>>(&self, y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError> {
        A::score(&self.factored, &matrices(y_runs))
    }

    /// Predicts every run from the fit that left it out, for some targets. Scans that no fold tests are NaN.
    ///
    /// # Shapes
    /// `fit` is the result of [`score`](Self::score) for the same targets `y_runs`; `columns` lists targets in any
    /// order. The result has one array (`n_scans` of that run, `columns.len()`) per run, in the type of the features.
    /// These are the predictions whose scores are [`RidgeCvFit::fold_scores`]. A column is NaN in a fold if the target
    /// has no penalty ([`RidgeCvFit::alpha_index_of`]), or has NaN or infinity in a training run.
    ///
    /// # Errors
    /// [`RidgeError`] if the shapes do not match the features, if `fit` has different penalties, folds or targets
    /// ([`RidgeError::ForeignFit`]), for a column that does not exist, or if a factorisation fails.
    ///
    /// ```
    /// use lpp_ridge::RidgeCv;
    /// use ndarray::Array2;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..4).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let y: Vec<Array2<f64>> = x.iter().map(|x| x.dot(&ndarray::array![[1.0, 0.3], [0.5, -2.0]])).collect();
    /// let prepared = RidgeCv::params().alphas([1e-6]).check()?.prepare(&x)?;
    /// let fit = prepared.score(&y)?;
    /// let predicted = prepared.predictions(&fit, &y, &[1])?;
    /// assert_eq!(predicted[3].dim(), (30, 1));
    /// assert!((predicted[3][[7, 0]] - y[3][[7, 1]]).abs() < 1e-6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predictions<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        columns: &[usize],
    ) -> Result<Vec<Array2<A>>, RidgeError> {
        A::predictions(&self.factored, fit, &matrices(y_runs), columns)
    }

    /// Primal coefficients of the fit of each fold, for some targets: B in `X B`, for either system.
    ///
    /// # Shapes
    /// Arguments as for [`predictions`](Self::predictions). The result is (`n_folds`, `n_features`, `columns.len()`).
    /// Fold k is the fit on its training runs; the mean over folds is a common summary. Systems are solved in `f64`,
    /// and the result is rounded once to the type of the features. A column is NaN as for predictions.
    ///
    /// Memory: the result, and in `f64` the features and the chosen targets.
    ///
    /// # Errors
    /// As [`predictions`](Self::predictions).
    ///
    /// ```
    /// use lpp_ridge::RidgeCv;
    /// use ndarray::Array2;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..4).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let y: Vec<Array2<f64>> = x.iter().map(|x| x.dot(&ndarray::array![[1.0, 0.3], [0.5, -2.0]])).collect();
    /// let prepared = RidgeCv::params().alphas([1e-6]).check()?.prepare(&x)?;
    /// let coefficients = prepared.coefficients(&prepared.score(&y)?, &y, &[0, 1])?;
    /// assert_eq!(coefficients.dim(), (4, 2, 2));
    /// assert!((coefficients[[2, 1, 1]] + 2.0).abs() < 1e-6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn coefficients<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        columns: &[usize],
    ) -> Result<Array3<A>, RidgeError> {
        A::coefficients(&self.factored, fit, &matrices(y_runs), columns)
    }

    /// The scores of permuted targets, with the penalties of `fit`.
    ///
    /// The result is equal, to rounding, to fitting and testing the output of [`NullOrders::apply`] again with the
    /// penalties chosen in `fit`. Both the test run and the training runs are permuted. Each run is predicted from the
    /// others, so the scores of the folds are correlated; a null that kept the predictions would have too small a
    /// spread.
    ///
    /// # Shapes
    /// `fit` is the result of [`score`](Self::score) for `y_runs`. The result is (`n_targets`, `n_nulls`): the
    /// correlation averaged over folds, NaN if a target is constant or not finite in a run. With groups of runs,
    /// permutations apply to a group, with its runs stacked.
    ///
    /// # Cost
    /// With K permutations per run: K products of all scans with all scans and the targets, for any number of nulls,
    /// and for each null some 45 additions per fold and target (for nine runs). Memory: the result, 4 bytes per null
    /// and target.
    ///
    /// # Errors
    /// [`RidgeError`] if shapes do not match or a factorisation fails, [`RidgeError::ForeignFit`] for a fit of
    /// different data, [`RidgeError::NullsUnsupported`] for penalties that differ between targets or R² as metric.
    ///
    /// ```
    /// use lpp_ridge::{NullOrders, RidgeCv};
    /// use ndarray::{Array2, array};
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..3).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let prepared = RidgeCv::params().alphas([1.0]).check()?.prepare(&x)?;
    /// let fit = prepared.score(&x)?;
    /// let shifted = |by: usize| (0..30_usize).map(|i| (i + by) % 30).collect::<Vec<usize>>();
    /// let orders = vec![vec![shifted(0), shifted(11)]; 3];
    /// let null = prepared.null_scores(&fit, &x, &NullOrders::new(orders, array![[0, 0, 0], [1, 0, 1]])?)?;
    /// assert!((f64::from(null[[0, 0]]) - fit.scores[0]).abs() < 1e-6);
    /// assert!(null[[0, 1]] < null[[0, 0]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn null_scores<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        nulls: &NullOrders,
    ) -> Result<Array2<f32>, RidgeError> {
        let all: Vec<usize> = (0..fit.fold_scores.ncols()).collect();
        self.of_versions(fit, y_runs, Versions::Orders(&all, nulls), None)
    }

    /// The validation scores of permuted targets, with the penalties of `fit`: as [`null_scores`](Self::null_scores), but
    /// predictions of the validation runs are scored, for the targets `columns`.
    ///
    /// The result is (`columns.len()`, `n_nulls`), the mean over all folds and their validation runs; NaN if a target is
    /// constant in one of these, or not finite in any run. To choose among
    /// feature sets under a null, compare the means over targets.
    ///
    /// # Errors
    /// As [`null_scores`](Self::null_scores), and [`RidgeError::NoSuchTarget`].
    ///
    /// ```
    /// use lpp_ridge::{NullOrders, RidgeCv};
    /// use ndarray::{Array2, array};
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..3).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let prepared = RidgeCv::params().alphas([1.0]).validation_scores(true).check()?.prepare(&x)?;
    /// let fit = prepared.score(&x)?;
    /// let as_is = NullOrders::new(vec![vec![(0..30).collect()]; 3], array![[0, 0, 0]])?;
    /// let found = prepared.null_validation_scores(&fit, &x, &[1], &as_is)?;
    /// let expected = fit.validation_scores.map(|scores| scores.column(1).sum() / 3.0);
    /// assert!(expected.is_some_and(|expected| (f64::from(found[[0, 0]]) - expected).abs() < 1e-6));
    /// # Ok(())
    /// # }
    /// ```
    pub fn null_validation_scores<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        columns: &[usize],
        nulls: &NullOrders,
    ) -> Result<Array2<f32>, RidgeError> {
        let scored = Some(Scored::Validations);
        self.of_versions(fit, y_runs, Versions::Orders(columns, nulls), scored)
    }

    /// Left minus right score of pairs of targets whose runs are exchanged, with the penalties of `fit`.
    ///
    /// Where the sides of a run are exchanged, the left target has the scans of the right one, in training and test, and
    /// the right target those of the left one.
    ///
    /// # Shapes
    /// The result is (`n_pairs`, `n_patterns`): the difference averaged over the tests of `folds`, NaN if either target is
    /// constant or not finite in a run.
    ///
    /// # Errors
    /// As [`null_scores`](Self::null_scores), and [`RidgeError::NoSuchTarget`].
    ///
    /// ```
    /// use lpp_ridge::{RidgeCv, SideSwaps};
    /// use ndarray::{Array2, array};
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..3).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let prepared = RidgeCv::params().alphas([1.0]).check()?.prepare(&x)?;
    /// let fit = prepared.score(&x)?;
    /// let patterns = array![[false, false, false], [true, true, true]];
    /// let swaps = SideSwaps::new(vec![0], vec![1], &patterns)?;
    /// let found = prepared.swap_differences(&fit, &x, &swaps, &[0, 1, 2])?;
    /// assert!((f64::from(found[[0, 0]]) - (fit.scores[0] - fit.scores[1])).abs() < 1e-6);
    /// assert_eq!(found[[0, 1]], -found[[0, 0]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn swap_differences<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        swaps: &SideSwaps,
        folds: &[usize],
    ) -> Result<Array2<f32>, RidgeError> {
        let [left, right] = self.swap_scores(fit, y_runs, swaps, folds)?;
        Ok(left - right)
    }

    /// The scores of both targets of such pairs, left then right, each (`n_pairs`, `n_patterns`).
    ///
    /// # Errors
    /// As [`swap_differences`](Self::swap_differences).
    pub fn swap_scores<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        swaps: &SideSwaps,
        folds: &[usize],
    ) -> Result<[Array2<f32>; 2], RidgeError> {
        let scored = Some(Scored::Tests(folds));
        let mut left = self.of_versions(fit, y_runs, Versions::Sides(swaps), scored)?;
        let right = left.slice(s![.., swaps.n_patterns()..]).to_owned();
        left.slice_collapse(s![.., ..swaps.n_patterns()]);
        Ok([left, right])
    }

    /// Scores of combinations of versions of runs; those of all tests if nothing else is said.
    fn of_versions<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        versions: Versions<'_>,
        scored: Option<Scored<'_>>,
    ) -> Result<Array2<f32>, RidgeError> {
        let folds: Vec<usize> = (0..self.n_folds()).collect();
        let scored = scored.unwrap_or(Scored::Tests(&folds));
        A::scores_of_versions(&self.factored, fit, &matrices(y_runs), versions, scored)
    }

    /// Features that are constant in some run, ascending. Standardised, they are 0 there and have no effect.
    #[must_use]
    pub fn constant_features(&self) -> Vec<usize> {
        let Factored { layout, x, .. } = &self.factored;
        let runs: Vec<Array2<A>> = (0..layout.n_runs()).map(|run| layout.take(run, x)).collect();
        with_defect(&survey(&matrices(&runs)), Defect::Constant)
    }

    /// The model with the settings of these features.
    #[must_use]
    pub fn model(&self) -> &RidgeCv {
        &self.factored.model
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.factored.n_features()
    }

    /// Number of folds: one per run unless other [folds](crate::RidgeCvParams::folds) are set.
    #[must_use]
    pub fn n_folds(&self) -> usize {
        self.factored.n_folds()
    }

    /// Whether the primal systems (features by features) are solved rather than the dual ones (scans by scans).
    #[must_use]
    pub fn is_primal(&self) -> bool {
        self.factored.is_primal()
    }

    /// Memory of the validation operators, the largest part, in bytes: penalties × predicted scans × order of the
    /// system.
    #[must_use]
    pub fn operator_bytes(&self) -> usize {
        self.factored.operator_bytes()
    }
}

#[cfg(test)]
mod tests {
    // One factorisation serves twenty subjects.

    use std::collections::BTreeMap;

    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::{Formulation, standardise_columns};

    const N_SUBJECTS: u64 = 20;

    /// White noise of four runs, standardised.
    fn noise<A: Element>(seed: u64, n_columns: usize) -> Vec<Array2<A>> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut run =
            |n| Array2::from_shape_simple_fn((n, n_columns), || A::from_double(rng.random_range(-1.0..1.0)));
        [31, 26, 33, 29].map(|n| standardise_columns(&run(n))).into()
    }

    /// The address of each inner operator.
    fn places<A: Element>(prepared: &PreparedFeatures<A>) -> Vec<*const A> {
        prepared
            .factored
            .inner
            .iter()
            .flatten()
            .map(Array2::as_ptr)
            .collect()
    }

    fn twenty_subjects<A: Element>(formulation: Formulation) {
        let x: Vec<Array2<A>> = noise(100, 40);
        let model = RidgeCv::params()
            .alphas([1.0, 30.0, 1000.0])
            .formulation(formulation)
            .check()
            .unwrap();
        let prepared = model.prepare(&x).unwrap();
        let (inner, bytes) = (places(&prepared), prepared.operator_bytes());
        let mut test = BTreeMap::new();
        for subject in 0..N_SUBJECTS {
            let y = noise(subject, 50 + usize::try_from(subject).unwrap()); // more than the block before, or fewer
            let (shared, alone) = (prepared.score(&y).unwrap(), model.fit(&x, &y).unwrap());
            assert_eq!(shared.fold_scores, alone.fold_scores, "subject {subject}");
            assert_eq!(
                shared.validation_curves, alone.validation_curves,
                "subject {subject}"
            );
            assert_eq!(shared.alpha_choice, alone.alpha_choice, "subject {subject}");
            for (fold, &alpha) in shared.alpha_index().unwrap().iter().enumerate() {
                // An operator that was ever made is found at the same place: it was not made again.
                let place = prepared.factored.test_operator(fold, alpha).unwrap().as_ptr();
                assert_eq!(
                    *test.entry((fold, alpha)).or_insert(place),
                    place,
                    "subject {subject}"
                );
            }
            // What is kept depends on the penalties that were chosen, not on how many subjects chose them.
            assert_eq!(prepared.factored.test.n_kept(), test.len());
        }
        assert!(test.len() <= 4 * 3);
        assert_eq!(places(&prepared), inner);
        assert_eq!(prepared.operator_bytes(), bytes);
    }

    #[test]
    fn further_subjects_score_as_if_alone_and_leave_nothing_behind() {
        for formulation in [Formulation::Primal, Formulation::Dual] {
            twenty_subjects::<f32>(formulation);
            twenty_subjects::<f64>(formulation);
        }
    }
}
