//! The result of a fit.

use ndarray::{Array1, Array2};

use super::known_scores::mean_of_known;
use crate::EdgeWarning;

/// The chosen penalties, as indices in the grid.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AlphaChoice {
    /// One per fold.
    Global(Vec<usize>),
    /// One per fold and target, (`n_folds`, `n_targets`); `None` if the target has no validation score.
    PerTarget(Array2<Option<usize>>),
}

/// Scores and the choices made. Fold k tests run k, unless other folds are set.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RidgeCvFit {
    /// Mean over the folds, (`n_targets`); NaN if any fold is NaN.
    pub scores: Array1<f64>,
    /// Score on each test run, by default the Pearson correlation, (`n_folds`, `n_targets`).
    pub fold_scores: Array2<f64>,
    /// The grid of penalties.
    pub alphas: Vec<f64>,
    /// Chosen penalties.
    pub alpha_choice: AlphaChoice,
    /// Mean validation score of each penalty, (`n_folds`, `n_alphas`).
    ///
    /// NaN if every target is NaN. With [`crate::NanTargets::TakeFirstAlpha`], a whole fold is NaN if one target is.
    pub validation_curves: Array2<f64>,
    /// Whether these means cover all targets, (`n_folds`, `n_alphas`); the others, dropped by a screened search, cover
    /// its random subset.
    pub fully_scored: Array2<bool>,
    /// Validation score of each target with its chosen penalty, (`n_folds`, `n_targets`), if
    /// [requested](crate::RidgeCvParams::validation_scores).
    ///
    /// NaN if the target is constant in a validation run, or not finite in any run.
    pub validation_scores: Option<Array2<f64>>,
    /// Targets that are constant in some run, ascending.
    pub constant_targets: Vec<usize>,
    /// Targets with NaN or infinity, ascending.
    pub non_finite_targets: Vec<usize>,
}

impl RidgeCvFit {
    /// Number of targets whose mean score is NaN.
    #[must_use]
    pub fn n_nan(&self) -> usize {
        self.scores.iter().filter(|s| s.is_nan()).count()
    }

    /// Mean over the targets that have a score; NaN if none has.
    #[must_use]
    pub fn mean_score(&self) -> f64 {
        mean_of_known(self.scores.iter())
    }

    /// The same for each fold, (`n_folds`).
    #[must_use]
    pub fn fold_means(&self) -> Array1<f64> {
        self.fold_scores.rows().into_iter().map(mean_of_known).collect()
    }

    /// The shared penalty of each fold, as its index in the grid; `None` if each target has its own.
    #[must_use]
    pub fn alpha_index(&self) -> Option<&[usize]> {
        match &self.alpha_choice {
            AlphaChoice::Global(index) => Some(index),
            AlphaChoice::PerTarget(_) => None,
        }
    }

    /// The penalty of one fold and target, as its index in the grid; `None` if the target needs its own penalty and has
    /// no validation score, or if there is no such fold or target.
    #[must_use]
    pub fn alpha_index_of(&self, fold: usize, target: usize) -> Option<usize> {
        match &self.alpha_choice {
            AlphaChoice::Global(index) if target < self.scores.len() => index.get(fold).copied(),
            AlphaChoice::Global(_) => None,
            AlphaChoice::PerTarget(index) => index.get([fold, target]).copied().flatten(),
        }
    }

    /// How many targets chose each penalty in each fold, (`n_folds`, `n_alphas`).
    #[must_use]
    pub fn alpha_counts(&self) -> Array2<usize> {
        let mut counts = Array2::zeros(self.validation_curves.raw_dim());
        match &self.alpha_choice {
            AlphaChoice::Global(index) => {
                for (fold, &alpha) in index.iter().enumerate() {
                    counts[[fold, alpha]] = self.scores.len();
                }
            }
            AlphaChoice::PerTarget(index) => {
                for ((fold, _), alpha) in index.indexed_iter() {
                    if let Some(alpha) = *alpha {
                        counts[[fold, alpha]] += 1;
                    }
                }
            }
        }
        counts
    }

    /// Choices at an end of a grid of two or more penalties; a wider grid may score better.
    ///
    /// A shared penalty is listed with its folds. With one penalty per target, an end is listed with its share of the
    /// choices, if the share is at least [`EdgeWarning::LEAST_SHARE`].
    #[must_use]
    pub fn edge_warnings(&self) -> Vec<EdgeWarning> {
        match &self.alpha_choice {
            AlphaChoice::Global(index) => EdgeWarning::of_shared(&self.alphas, index),
            AlphaChoice::PerTarget(index) => EdgeWarning::of_targets(&self.alphas, index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn fit(alpha_choice: AlphaChoice) -> RidgeCvFit {
        RidgeCvFit {
            scores: array![0.5, f64::NAN, 0.2],
            fold_scores: array![[0.4, f64::NAN, 0.1], [0.6, 0.3, 0.3]],
            alphas: vec![1.0, 10.0, 100.0],
            alpha_choice,
            validation_curves: Array2::zeros((2, 3)),
            fully_scored: Array2::from_elem((2, 3), true),
            validation_scores: None,
            constant_targets: vec![1],
            non_finite_targets: Vec::new(),
        }
    }

    #[test]
    fn penalties_are_counted_and_found_for_each_fold_and_target() {
        let shared = fit(AlphaChoice::Global(vec![2, 0]));
        assert_eq!(shared.alpha_counts(), array![[0, 0, 3], [3, 0, 0]]);
        assert_eq!(shared.alpha_index(), Some(&[2, 0][..]));
        let of = |fit: &RidgeCvFit, fold, target| fit.alpha_index_of(fold, target);
        assert_eq!((of(&shared, 0, 2), of(&shared, 1, 0)), (Some(2), Some(0)));
        assert_eq!((of(&shared, 2, 0), of(&shared, 0, 3)), (None, None));
        let own = fit(AlphaChoice::PerTarget(array![
            [Some(1), None, Some(1)],
            [Some(0), None, Some(2)]
        ]));
        assert_eq!(own.alpha_counts(), array![[0, 2, 0], [1, 0, 1]]);
        assert_eq!(own.alpha_index(), None);
        assert_eq!(
            (of(&own, 0, 0), of(&own, 1, 2), of(&own, 0, 1)),
            (Some(1), Some(2), None)
        );
        assert_eq!(of(&own, 0, 3), None);
    }

    #[test]
    fn means_leave_out_targets_without_a_score() {
        let fit = fit(AlphaChoice::Global(vec![0, 0]));
        assert_eq!(fit.n_nan(), 1);
        assert!((fit.mean_score() - 0.35).abs() < 1e-15);
        assert!(
            (fit.fold_means() - array![0.25, 0.4])
                .iter()
                .all(|d| d.abs() < 1e-15)
        );
    }
}
