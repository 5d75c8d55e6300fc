//! The choice among several feature sets (the layers of a model): by validation, and by the test scores themselves.

use ndarray::{Array1, Array2, Axis, Zip};

use crate::{RidgeCvFit, RidgeError};

/// The best of several fits for each target, chosen in two ways.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NestedChoice {
    /// Mean over the folds of the test score of the fit chosen by validation, (`n_targets`); NaN if any fold is.
    pub scores: Array1<f64>,
    /// The same for each fold, (`n_folds`, `n_targets`).
    pub fold_scores: Array2<f64>,
    /// Which fit was chosen, (`n_folds`, `n_targets`); `None` where no fit has a validation score.
    pub choice: Array2<Option<usize>>,
    /// Largest mean test score over the fits, (`n_targets`), as the reference study reports: the test runs choose and
    /// score at once. NaN where every fit is.
    pub best_of_test: Array1<f64>,
}

impl NestedChoice {
    /// By how much the best of test exceeds the nested score, mean over the targets that have both; NaN if none has.
    ///
    /// An honest choice can only lose against the best mean, so part of this is the price of a wrong choice and part the
    /// optimism of choosing by the test scores.
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
/// The fits are of the same targets with the same folds, each made with
/// [`validation_scores`](crate::RidgeCvParams::validation_scores). For each fold and target the fit with the largest
/// validation score is taken, the first on ties; one without (NaN) is never taken. The test run plays no part in it.
///
/// # Errors
/// [`RidgeError::NoFits`] for an empty list, [`RidgeError::NoValidationScores`] for a fit that did not keep them,
/// [`RidgeError::FitShape`] for fits of differing folds or targets.
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
    let validation = checked_validation_scores(fits)?;
    let shape = validation[0].dim();
    let choice = Array2::from_shape_fn(shape, |place| largest(validation.iter().map(|v| v[place])));
    let fold_scores = Array2::from_shape_fn(shape, |place| {
        choice[place].map_or(f64::NAN, |fit| fits[fit].fold_scores[place])
    });
    let best_of_test = (0..shape.1)
        .map(|target| {
            let scores = || fits.iter().map(|fit| fit.scores[target]);
            largest(scores()).map_or(f64::NAN, |fit| fits[fit].scores[target])
        })
        .collect();
    Ok(NestedChoice {
        scores: fold_scores.sum_axis(Axis(0)) / shape.0 as f64,
        fold_scores,
        choice,
        best_of_test,
    })
}

fn checked_validation_scores<'f>(fits: &[&'f RidgeCvFit]) -> Result<Vec<&'f Array2<f64>>, RidgeError> {
    let expected = fits.first().ok_or(RidgeError::NoFits)?.fold_scores.dim();
    let scores_of = |(index, fit): (usize, &&'f RidgeCvFit)| {
        let found = fit.fold_scores.dim();
        if found != expected {
            return Err(RidgeError::FitShape {
                index,
                found: found.into(),
                expected: expected.into(),
            });
        }
        fit.validation_scores
            .as_ref()
            .ok_or(RidgeError::NoValidationScores { index })
    };
    fits.iter().enumerate().map(scores_of).collect()
}

/// Position of the largest number, the first on ties; `None` if all are NaN.
fn largest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, value) in values.enumerate() {
        if !value.is_nan() && best.is_none_or(|(_, top)| value > top) {
            best = Some((i, value));
        }
    }
    best.map(|(i, _)| i)
}
