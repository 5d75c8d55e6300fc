//! The choice among several feature sets (the layers of a model), by validation and by the test scores.

use ndarray::{Array1, Array2, Axis, Zip};

use crate::results::known_scores::{beats, mean_of_known};
use crate::{RidgeCvFit, RidgeError};

/// The best of several fits for each target, chosen in two ways.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NestedChoice {
    /// Mean over the folds of the test score of the fit chosen by validation, (`n_targets`); NaN if any fold is.
    pub scores: Array1<f64>,
    /// The same for each fold, (`n_folds`, `n_targets`).
    pub fold_scores: Array2<f64>,
    /// The chosen fit, (`n_folds`, `n_targets`); `None` if no fit has a validation score.
    pub choice: Array2<Option<usize>>,
    /// Largest mean test score over the fits, (`n_targets`), as in the reference study, where the same runs choose and
    /// score. NaN if every fit is.
    pub best_of_test: Array1<f64>,
}

impl NestedChoice {
    /// The difference between best of test and nested score, averaged over the targets that have both; NaN if none has.
    ///
    /// A choice by validation can never exceed the best mean. So this difference is partly the cost of wrong choices
    /// and partly the optimism of choosing by the test scores.
    #[must_use]
    pub fn optimism(&self) -> f64 {
        let (sum, n) =
            Zip::from(&self.best_of_test)
                .and(&self.scores)
                .fold((0.0, 0_u32), |(sum, n), best, nested| {
                    let gap = best - nested;
                    if gap.is_nan() {
                        (sum, n)
                    } else {
                        (sum + gap, n + 1)
                    }
                });
        sum / f64::from(n)
    }
}

/// Chooses a fit (of a layer) for each target and fold by its inner validation score, and scores it on the test run.
///
/// The fits must have the same targets and folds, each made with
/// [`validation_scores`](crate::RidgeCvParams::validation_scores). For each fold and target, the fit with the largest
/// validation score is chosen, the first on ties. A fit without a validation score (NaN) is never chosen. The test run
/// is not used for the choice.
///
/// # Errors
/// [`RidgeError::NoFits`] for an empty list, [`RidgeError::NoValidationScores`] for a fit without them,
/// [`RidgeError::FitShape`] for fits with different folds or targets.
///
/// ```
/// use lpp_ridge::{RidgeCv, nested_choice};
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let layer = |f: f64| -> Vec<Array2<f64>> {
///     (0..4).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| (f * (r + i * (j + 2)) as f64).sin())).collect()
/// };
/// let (layers, y) = ([layer(0.9), layer(0.5)], layer(0.5));
/// let model = RidgeCv::params().alphas([1.0]).validation_scores(true).check()?;
/// let fits = [model.fit(&layers[0], &y)?, model.fit(&layers[1], &y)?];
/// let best = nested_choice(&[&fits[0], &fits[1]])?;
/// assert!(best.choice.iter().all(|&layer| layer == Some(1)));
/// assert_eq!(best.scores, fits[1].scores);
/// # Ok(())
/// # }
/// ```
pub fn nested_choice(fits: &[&RidgeCvFit]) -> Result<NestedChoice, RidgeError> {
    let mut chooser = NestedChooser::default();
    for fit in fits {
        chooser.add(fit)?;
    }
    chooser.finish()
}

/// The same choice as [`nested_choice`], for fits passed one after the other, which need not be kept.
///
/// ```
/// use lpp_ridge::{NestedChooser, RidgeCv};
/// use ndarray::Array2;
///
/// # fn main() -> Result<(), lpp_ridge::RidgeError> {
/// let layer = |f: f64| -> Vec<Array2<f64>> {
///     (0..4).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| (f * (r + i * (j + 2)) as f64).sin())).collect()
/// };
/// let model = RidgeCv::params().alphas([1.0]).validation_scores(true).check()?;
/// let mut chooser = NestedChooser::default();
/// for x in [layer(0.9), layer(0.5)] {
///     chooser.add(&model.fit(&x, &layer(0.5))?)?;
/// }
/// assert_eq!(chooser.fold_layers(), [1, 1, 1, 1]);
/// assert!(chooser.finish()?.choice.iter().all(|&layer| layer == Some(1)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct NestedChooser {
    n_fits: usize,
    so_far: Option<SoFar>,
    /// Mean validation score of each fit in each fold.
    validation_means: Vec<Vec<f64>>,
    /// Mean test score of each fit in each fold.
    test_means: Vec<Vec<f64>>,
}

#[derive(Debug, Clone)]
struct SoFar {
    /// Largest validation score, (`n_folds`, `n_targets`); NaN if there is none.
    validation: Array2<f64>,
    /// Test score of the same fit.
    test: Array2<f64>,
    choice: Array2<Option<usize>>,
    best_of_test: Array1<f64>,
}

impl NestedChooser {
    /// Adds the next fit.
    ///
    /// # Errors
    /// [`RidgeError::NoValidationScores`] if it has none, [`RidgeError::FitShape`] if its folds or targets differ from
    /// those of the first fit.
    pub fn add(&mut self, fit: &RidgeCvFit) -> Result<(), RidgeError> {
        let index = self.n_fits;
        let shape = fit.fold_scores.dim();
        let so_far = self.so_far.get_or_insert_with(|| SoFar::new(shape));
        if so_far.test.dim() != shape {
            return Err(RidgeError::FitShape {
                index,
                found: shape.into(),
                expected: so_far.test.dim().into(),
            });
        }
        let validation = fit
            .validation_scores
            .as_ref()
            .ok_or(RidgeError::NoValidationScores { index })?;
        so_far.add(index, fit, validation);
        let means = |scores: &Array2<f64>| scores.rows().into_iter().map(mean_of_known).collect();
        self.validation_means.push(means(validation));
        self.test_means.push(means(&fit.fold_scores));
        self.n_fits += 1;
        Ok(())
    }

    /// For each fold, the fit with the largest mean validation score over targets, the first on ties; 0 if none has one.
    #[must_use]
    pub fn fold_layers(&self) -> Vec<usize> {
        let n_folds = self.validation_means.first().map_or(0, Vec::len);
        (0..n_folds)
            .map(|fold| largest(self.validation_means.iter().map(|fit| fit[fold])).unwrap_or(0))
            .collect()
    }

    /// The fit with the largest validation score over all folds and targets, the first on ties; `None` if none has one.
    #[must_use]
    pub fn layer(&self) -> Option<usize> {
        largest(self.validation_means.iter().map(|fit| fit.iter().sum()))
    }

    /// Mean test score over folds and targets if each fold uses its [fit](Self::fold_layers) for all targets.
    #[must_use]
    pub fn shared_mean(&self) -> f64 {
        let layers = self.fold_layers();
        let of_fold = layers
            .iter()
            .enumerate()
            .map(|(fold, &fit)| self.test_means[fit][fold]);
        of_fold.sum::<f64>() / layers.len() as f64
    }

    /// The choice among all fits.
    ///
    /// # Errors
    /// [`RidgeError::NoFits`] if there were none.
    pub fn finish(self) -> Result<NestedChoice, RidgeError> {
        let so_far = self.so_far.ok_or(RidgeError::NoFits)?;
        Ok(NestedChoice {
            scores: so_far.test.sum_axis(Axis(0)) / so_far.test.nrows() as f64,
            fold_scores: so_far.test,
            choice: so_far.choice,
            best_of_test: so_far.best_of_test,
        })
    }
}

impl SoFar {
    fn new(shape: (usize, usize)) -> Self {
        let nothing = Array2::from_elem(shape, f64::NAN);
        Self {
            validation: nothing.clone(),
            test: nothing,
            choice: Array2::from_elem(shape, None),
            best_of_test: Array1::from_elem(shape.1, f64::NAN),
        }
    }

    fn add(&mut self, index: usize, fit: &RidgeCvFit, validation: &Array2<f64>) {
        Zip::from(&mut self.validation)
            .and(&mut self.test)
            .and(&mut self.choice)
            .and(validation)
            .and(&fit.fold_scores)
            .for_each(|best, test, choice, &validation, &score| {
                if beats(validation, *best) {
                    (*best, *test, *choice) = (validation, score, Some(index));
                }
            });
        Zip::from(&mut self.best_of_test)
            .and(&fit.scores)
            .for_each(|best, &score| *best = best.max(score));
    }
}

/// Index of the largest number, the first on ties; `None` if all are NaN.
fn largest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.enumerate() {
        if beats(value, best.map_or(f64::NAN, |(_, top)| top)) {
            best = Some((i, value));
        }
    }
    best.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlphaChoice;
    use ndarray::array;

    fn fit(validation: Array2<f64>, fold_scores: Array2<f64>) -> RidgeCvFit {
        RidgeCvFit {
            scores: fold_scores.sum_axis(Axis(0)) / fold_scores.nrows() as f64,
            alphas: vec![1.0],
            alpha_choice: AlphaChoice::Global(vec![0; fold_scores.nrows()]),
            validation_curves: Array2::zeros((fold_scores.nrows(), 1)),
            fully_scored: Array2::from_elem((fold_scores.nrows(), 1), true),
            validation_scores: Some(validation),
            fold_scores,
            constant_targets: Vec::new(),
            non_finite_targets: Vec::new(),
        }
    }

    #[test]
    fn layers_are_chosen_by_validation_alone() {
        // Two folds, two targets; target 1 has no score with the first layer.
        let nan = f64::NAN;
        let first = fit(array![[0.5, nan], [0.2, nan]], array![[0.1, nan], [0.3, nan]]);
        let second = fit(array![[0.3, 0.5], [0.4, 0.5]], array![[0.7, 0.2], [0.6, 0.4]]);
        let mut chooser = NestedChooser::default();
        assert_eq!(chooser.layer(), None);
        chooser.add(&first).unwrap();
        chooser.add(&second).unwrap();
        // Means over targets: 0.5 and 0.4 in fold 0, 0.2 and 0.45 in fold 1, 0.7 and 0.85 in total.
        assert_eq!(chooser.fold_layers(), [0, 1]);
        assert_eq!(chooser.layer(), Some(1));
        assert!((chooser.shared_mean() - 0.3).abs() < 1e-15);
        let chosen = chooser.finish().unwrap();
        assert_eq!(chosen.choice, array![[Some(0), Some(1)], [Some(1), Some(1)]]);
        assert_eq!(chosen.fold_scores, array![[0.1, 0.2], [0.6, 0.4]]);
        let close = |a: &Array1<f64>, b: &Array1<f64>| (a - b).iter().all(|d| d.abs() < 1e-15);
        assert!(close(&chosen.scores, &array![0.35, 0.3]));
        assert!(close(&chosen.best_of_test, &array![0.65, 0.3]));
        assert!((chosen.optimism() - 0.15).abs() < 1e-15); // (0.3 + 0) / 2
    }
}
