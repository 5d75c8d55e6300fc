//! The fits, as methods of the models, and what a fitted model predicts.

use ndarray::{Array1, Array2, ArrayRef2, Axis};

use crate::design::runs::{check_features, matrices};
use crate::element::Compiled;
use crate::{
    BandedRidge, BandedRidgeFit, Element, Metric, NullOrders, PreparedFeatures, RidgeCv, RidgeCvFit,
    RidgeError, RidgeModel, Run,
};

impl RidgeCv {
    /// Checks and factors the features; this is all work that does not depend on the targets.
    ///
    /// # Shapes
    /// One array (`n_scans` of that run, `n_features`) per run; at least three runs, unless other folds are set.
    ///
    /// # Errors
    /// [`RidgeError`] for folds that do not match the runs, runs of fewer than two scans, different or zero numbers of
    /// features, features that are not finite (with run, scan and column), or a system that cannot be factored.
    pub fn prepare<X: Run<Element: Element>>(
        &self,
        x_runs: &[X],
    ) -> Result<PreparedFeatures<X::Element>, RidgeError> {
        Ok(PreparedFeatures {
            factored: X::Element::prepare(self, &matrices(x_runs))?,
        })
    }

    /// Fits and scores one target set: [`prepare`](Self::prepare), then [`PreparedFeatures::score`].
    ///
    /// # Errors
    /// As these two functions.
    pub fn fit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeCvFit, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        self.prepare(x_runs)?.score(y_runs)
    }

    /// Fits one model to all runs, for predictions. Its penalty is the one with the best mean score over the folds.
    ///
    /// # Shapes
    /// As [`fit`](Self::fit). Two runs are enough, or one run with chunks as [folds](crate::RidgeCvParams::folds). To
    /// leave runs out, pass only the others.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn refit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeModel<X::Element>, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::refit(self, &matrices(x_runs), &matrices(y_runs))
    }
}

impl BandedRidge {
    /// Chooses weights and penalties within the training runs and scores the test runs.
    ///
    /// # Shapes
    /// As [`RidgeCv::fit`]; each run has the features of all bands as adjacent columns.
    ///
    /// # Errors
    /// As [`RidgeCv::prepare`] and [`PreparedFeatures::score`]; [`RidgeError::BandWidths`] if the bands do not add up to the
    /// features.
    pub fn fit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<BandedRidgeFit, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::fit_banded(self, &matrices(x_runs), &matrices(y_runs))
    }

    /// Fits one model to all runs, for predictions. Weights and penalties are those with the best mean score over the
    /// folds.
    ///
    /// # Shapes
    /// As [`RidgeCv::refit`].
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn refit<X, Y>(&self, x_runs: &[X], y_runs: &[Y]) -> Result<RidgeModel<X::Element>, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::refit_banded(self, &matrices(x_runs), &matrices(y_runs))
    }

    /// Mean test scores, (`n_nulls`, `n_targets`), by each of `metrics`, of fits in which the rows of the first band are permuted
    /// within runs while the other bands and the targets stay. Each null chooses weights and penalty anew, as
    /// [`fit`](Self::fit) does by that metric.
    ///
    /// The scores are those of a fit per null within rounding, at a small part of the cost: the systems of the first band are
    /// factored once for all nulls, ratios and penalties, and the others are eliminated. `None` where that is not possible and a
    /// fit per null is needed: the other bands do not have the weight 1 in all candidates, penalties are not shared, folds
    /// divide runs, or the first band has more columns than there are scans.
    ///
    /// # Shapes
    /// As [`fit`](Self::fit).
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`RidgeError::NotAnOrder`] and [`RidgeError::NullDraws`] for orders of other runs.
    pub fn scores_of_permuted_band<X, Y>(
        &self,
        x_runs: &[X],
        y_runs: &[Y],
        orders: &NullOrders,
        metrics: &[Metric],
    ) -> Result<Option<Vec<Array2<f64>>>, RidgeError>
    where
        X: Run<Element: Element>,
        Y: Run<Element = X::Element>,
    {
        X::Element::permuted(self, &matrices(x_runs), &matrices(y_runs), orders, metrics)
    }
}

impl<A: Element> RidgeModel<A> {
    /// Predicts every target from new scans.
    ///
    /// # Shapes
    /// `x` is (`n_scans`, `n_features`), in the units of the features of the fit; the result is (`n_scans`,
    /// `n_targets`). A target that was constant or not finite in the fit is NaN.
    ///
    /// # Errors
    /// [`RidgeError::ModelWidth`] if the number of features differs.
    pub fn predict<X: Run<Element = A> + ?Sized>(&self, x: &X) -> Result<Array2<A>, RidgeError> {
        self.check_width(&x.matrix())?;
        Ok(A::product(&x.matrix(), &self.coefficients))
    }

    /// Predicts some targets, in any order: (`n_scans`, `targets.len()`).
    ///
    /// # Errors
    /// As [`predict`](Self::predict); [`RidgeError::NoSuchTarget`] for a target that the model does not have.
    pub fn predict_targets<X: Run<Element = A> + ?Sized>(
        &self,
        x: &X,
        targets: &[usize],
    ) -> Result<Array2<A>, RidgeError> {
        self.select(targets)?.predict(x)
    }

    /// The model of some targets, in any order.
    ///
    /// # Errors
    /// [`RidgeError::NoSuchTarget`] for a target that the model does not have.
    pub fn select(&self, targets: &[usize]) -> Result<Self, RidgeError> {
        let n_targets = self.coefficients.ncols();
        if let Some(&column) = targets.iter().find(|&&target| target >= n_targets) {
            return Err(RidgeError::NoSuchTarget { column, n_targets });
        }
        Ok(Self {
            coefficients: self.coefficients.select(Axis(1), targets),
            alphas: self.alphas.select(Axis(1), targets),
            validation_curve: self.validation_curve.clone(),
            best_scores: self.best_scores.select(Axis(0), targets),
        })
    }

    /// Scores the predictions of new scans, target by target: (`n_targets`). Predictions of all targets are never in
    /// memory together.
    ///
    /// # Shapes
    /// `x` as in [`predict`](Self::predict), `y` is (`n_scans`, `n_targets`), standardised like the targets of the fit. A
    /// target without coefficients, or constant or not finite in `y`, scores NaN.
    ///
    /// # Errors
    /// As [`predict`](Self::predict); [`RidgeError`] for features that are not finite, fewer than two scans, or targets of
    /// other numbers of scans or columns.
    pub fn score<X, Y>(&self, x: &X, y: &Y, metric: Metric) -> Result<Array1<f64>, RidgeError>
    where
        X: Run<Element = A> + ?Sized,
        Y: Run<Element = A> + ?Sized,
    {
        let (x, y) = (x.matrix(), y.matrix());
        let n_scans = check_features(&[x], None)?[0];
        self.check_width(&x)?;
        if y.nrows() != n_scans {
            return Err(RidgeError::ScanCount {
                run: 0,
                found: y.nrows(),
                expected: n_scans,
            });
        }
        let n_targets = self.coefficients.ncols();
        if y.ncols() != n_targets {
            return Err(RidgeError::ModelTargets {
                found: y.ncols(),
                expected: n_targets,
            });
        }
        Ok(A::score_new(&self.coefficients, &x, &y, metric))
    }

    fn check_width(&self, x: &ArrayRef2<A>) -> Result<(), RidgeError> {
        let (found, expected) = (x.ncols(), self.coefficients.nrows());
        if found != expected {
            return Err(RidgeError::ModelWidth { found, expected });
        }
        Ok(())
    }
}
