//! The result of a banded ridge regression.

use ndarray::{Array1, Array2, Array3};

use crate::EdgeWarning;
use crate::results::known_scores::mean_of_known;

/// A candidate and a penalty, as indices in their lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BandChoice {
    /// Row of [`BandedRidgeFit::weights`].
    pub weights: usize,
    /// Position in [`BandedRidgeFit::alphas`].
    pub alpha: usize,
}

/// Scores and the choices made. Fold k tests run (or group) k.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BandedRidgeFit {
    /// Mean over the folds, (`n_targets`); NaN if any fold is NaN.
    pub scores: Array1<f64>,
    /// Score on each test run, (`n_folds`, `n_targets`).
    pub fold_scores: Array2<f64>,
    /// The candidates for the weights of the bands, (`n_candidates`, `n_bands`).
    pub weights: Array2<f64>,
    /// The grid of penalties.
    pub alphas: Vec<f64>,
    /// The choice, (`n_folds`, `n_targets`); `None` if the target needs its own choice and has no validation score.
    pub choice: Array2<Option<BandChoice>>,
    /// Mean validation score of each candidate over the targets that have one, (`n_candidates`, `n_folds`), at the best
    /// penalty of each target or at the best shared one.
    pub candidate_scores: Array2<f64>,
    /// Validation score of each target at its choice, (`n_folds`, `n_targets`), NaN if it has none; `None` if the
    /// choice is shared.
    pub validation_scores: Option<Array2<f64>>,
    /// R² on each test run split among the bands, (`n_folds`, `n_bands`, `n_targets`), if requested.
    ///
    /// The part of band b is Σ ŷᵦ (2y − ŷ) / Σ(y − ȳ)², with ŷ the prediction of all bands and ŷᵦ that of the band (the
    /// product measure, `himalaya.scoring.r2_score_split`). The parts add up to R² if the target has mean 0 in the test
    /// run, as a standardised one has; a part may be negative.
    pub split: Option<Array3<f64>>,
    /// Targets that are constant in some run, ascending.
    pub constant_targets: Vec<usize>,
    /// Targets with NaN or infinity, ascending.
    pub non_finite_targets: Vec<usize>,
}

impl BandedRidgeFit {
    /// The penalty α / γ of each band for one fold and target, infinite for a band that is left out; `None` if nothing
    /// was chosen or there is no such fold or target.
    #[must_use]
    pub fn penalties(&self, fold: usize, target: usize) -> Option<Array1<f64>> {
        let choice = self.choice.get([fold, target]).copied().flatten()?;
        Some(
            self.weights
                .row(choice.weights)
                .mapv(|w| self.alphas[choice.alpha] / w),
        )
    }

    /// The same for all folds and targets, (`n_folds`, `n_bands`, `n_targets`); NaN if nothing was chosen.
    #[must_use]
    pub fn all_penalties(&self) -> Array3<f64> {
        let (n_folds, n_targets) = self.choice.dim();
        let mut all = Array3::from_elem((n_folds, self.weights.ncols(), n_targets), f64::NAN);
        for (fold, mut of_fold) in all.outer_iter_mut().enumerate() {
            for (target, mut column) in of_fold.columns_mut().into_iter().enumerate() {
                if let Some(chosen) = self.penalties(fold, target) {
                    column.assign(&chosen);
                }
            }
        }
        all
    }

    /// Mean over the targets that have a score; NaN if none has.
    #[must_use]
    pub fn mean_score(&self) -> f64 {
        mean_of_known(self.scores.iter())
    }

    /// Choices of penalties at an end of the grid, as [`crate::RidgeCvFit::edge_warnings`], with their share.
    #[must_use]
    pub fn edge_warnings(&self) -> Vec<EdgeWarning> {
        EdgeWarning::of_targets(&self.alphas, &self.choice.mapv(|choice| choice.map(|c| c.alpha)))
    }

    /// Mean over folds and targets of the chosen weights, each scaled to sum 1, (`n_bands`). NaN if nothing was chosen.
    #[must_use]
    pub fn mean_weights(&self) -> Array1<f64> {
        let mut sum = Array1::zeros(self.weights.ncols());
        let mut n = 0_u32;
        for choice in self.choice.iter().flatten() {
            let row = self.weights.row(choice.weights);
            sum.scaled_add(row.sum().recip(), &row);
            n += 1;
        }
        sum / f64::from(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn fit(choice: Array2<Option<BandChoice>>, scores: Array1<f64>) -> BandedRidgeFit {
        let (n_folds, n_targets) = choice.dim();
        BandedRidgeFit {
            scores,
            fold_scores: Array2::zeros((n_folds, n_targets)),
            weights: array![[0.0, 2.0], [1.0, 3.0]],
            alphas: vec![10.0, 100.0],
            choice,
            candidate_scores: Array2::zeros((2, n_folds)),
            validation_scores: None,
            split: None,
            constant_targets: Vec::new(),
            non_finite_targets: Vec::new(),
        }
    }

    #[test]
    fn choices_give_penalties_and_mean_weights() {
        let chosen = |weights, alpha| Some(BandChoice { weights, alpha });
        let fit = fit(
            array![[chosen(0, 1), None], [chosen(1, 0), chosen(1, 1)]],
            array![0.5, f64::NAN],
        );
        assert_eq!(fit.penalties(0, 0), Some(array![f64::INFINITY, 50.0]));
        assert_eq!(fit.penalties(1, 1), Some(array![100.0, 100.0 / 3.0]));
        assert_eq!((fit.penalties(0, 1), fit.penalties(2, 0)), (None, None));
        let all = fit.all_penalties();
        assert_eq!(
            all.index_axis(ndarray::Axis(2), 0),
            array![[f64::INFINITY, 50.0], [10.0, 10.0 / 3.0]]
        );
        assert!(all[[0, 0, 1]].is_nan() && all[[0, 1, 1]].is_nan());
        // One choice of (0, 1) and two of (1/4, 3/4).
        let mean = fit.mean_weights();
        assert!(
            (mean - array![1.0 / 6.0, 5.0 / 6.0])
                .iter()
                .all(|d| d.abs() < 1e-15)
        );
        assert_eq!(fit.mean_score().to_bits(), 0.5_f64.to_bits());
        let share: Vec<Option<f64>> = fit.edge_warnings().iter().map(|warning| warning.share).collect();
        assert_eq!(share, [Some(1.0 / 3.0), Some(2.0 / 3.0)]);
    }
}
