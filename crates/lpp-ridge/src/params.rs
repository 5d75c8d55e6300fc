//! Settings of a fit, which are checked to give a [`RidgeCv`].

use crate::folds::{Purpose, design};
use crate::layout::Layout;
use crate::options::Options;
use crate::plan::Plan;
use crate::screening::Screening;
use crate::{AlphaGrid, Engine, Folds, RidgeCv, RidgeError};

/// The training runs used to validate the penalty of a test run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum InnerValidation {
    /// Only the first training run, as in the reference study: run 0, or run 1 if run 0 is the test run.
    #[default]
    First,
    /// Each training run in turn; the validation score of a target is the mean over them.
    All,
}

/// Whether targets share a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AlphaScope {
    /// One penalty for all targets: the one with the best mean validation score.
    #[default]
    Global,
    /// Each target has its own.
    PerTarget,
}

/// How targets without a validation score (constant or NaN) affect the choice of a global penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NanTargets {
    /// They are left out of the mean and reported.
    #[default]
    Ignore,
    /// Every mean is NaN, and the first penalty of the grid is chosen. This is the behaviour of `numpy.argmax` with
    /// NaN, kept to reproduce the reference.
    TakeFirstAlpha,
}

/// The choice between two equivalent linear systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Formulation {
    /// The one that needs fewer operations per target.
    #[default]
    Cheaper,
    /// Features by features: `(XᵀX + αI)⁻¹XᵀY`.
    Primal,
    /// Scans by scans: `Xᵀ(XXᵀ + αI)⁻¹Y`.
    Dual,
}

/// The search over penalties.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum AlphaSearch {
    /// Every penalty is scored on every target.
    Exhaustive,
    /// Successive halving: every penalty is scored on a random subset of the targets; those that may still win are
    /// scored on twice as many, and so on until one is left or all targets were used.
    ///
    /// Let d be the difference between the best penalty so far and another one, target by target. The other one is
    /// dropped if mean(d) exceeds `sigmas` standard errors of a sample drawn without replacement. With six standard
    /// errors, the probability of wrongly dropping a penalty is near 1e-9 per comparison, by the normal approximation
    /// for a mean over a thousand targets or more; a fit has some hundred comparisons. Penalties that remain at the end
    /// have been scored on all targets. If the choice is the same, test scores are identical to those of the exhaustive
    /// search to the bit, and validation scores in `f32` to rounding.
    ///
    /// It has no effect if there are fewer than twice `n_targets` targets, with a penalty per target, or with
    /// [`NanTargets::TakeFirstAlpha`], which needs every target.
    Screened {
        /// Size of the first random subset.
        n_targets: usize,
        /// Width of the bound in standard errors.
        sigmas: f64,
        /// Seed of the random order of the targets.
        seed: u64,
    },
}

impl Default for AlphaSearch {
    fn default() -> Self {
        Self::screened()
    }
}

impl AlphaSearch {
    /// The screened search with a first subset of 768 targets (two blocks of products), six standard errors and seed 0.
    #[must_use]
    pub fn screened() -> Self {
        Self::Screened {
            n_targets: 768,
            sigmas: 6.0,
            seed: 0,
        }
    }
}

/// Unchecked settings, by default those of the reference study; [`check`](Self::check) returns a model.
#[derive(Debug, Clone)]
#[must_use = "settings do nothing until they are checked"]
pub struct RidgeCvParams {
    pub(crate) alphas: Vec<f64>,
    pub(crate) inner: InnerValidation,
    pub(crate) scope: AlphaScope,
    pub(crate) nan_targets: NanTargets,
    pub(crate) formulation: Formulation,
    pub(crate) search: AlphaSearch,
    pub(crate) engine: Engine,
    pub(crate) folds: Folds,
    pub(crate) inner_folds: Option<Folds>,
    pub(crate) options: Options,
}

impl Default for RidgeCvParams {
    fn default() -> Self {
        Self {
            alphas: AlphaGrid::default().values().to_vec(),
            inner: InnerValidation::default(),
            scope: AlphaScope::default(),
            nan_targets: NanTargets::default(),
            formulation: Formulation::default(),
            search: AlphaSearch::default(),
            engine: Engine::default(),
            folds: Folds::default(),
            inner_folds: None,
            options: Options::default(),
        }
    }
}

impl RidgeCvParams {
    /// Sets the penalties; on ties the first is chosen.
    pub fn alphas(mut self, alphas: impl Into<Vec<f64>>) -> Self {
        self.alphas = alphas.into();
        self
    }

    /// Sets the penalties from a checked grid.
    pub fn alpha_grid(self, grid: &AlphaGrid) -> Self {
        self.alphas(grid.values())
    }

    /// Sets which training runs are used for validation.
    pub fn inner(mut self, inner: InnerValidation) -> Self {
        self.inner = inner;
        self
    }

    /// Sets whether targets share a penalty.
    pub fn alpha_scope(mut self, scope: AlphaScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets the treatment of targets without a validation score.
    pub fn nan_targets(mut self, rule: NanTargets) -> Self {
        self.nan_targets = rule;
        self
    }

    /// Sets which linear system is solved; scores do not depend on it beyond rounding.
    pub fn formulation(mut self, formulation: Formulation) -> Self {
        self.formulation = formulation;
        self
    }

    /// Sets how penalties are searched.
    pub fn alpha_search(mut self, search: AlphaSearch) -> Self {
        self.search = search;
        self
    }

    /// Sets the engine for the linear algebra; scores do not depend on it beyond rounding.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Sets the training and test scans of the folds; by default each run is left out in turn.
    ///
    /// The penalty of a fold is chosen on its training scans, with the other folds restricted to them. With
    /// leave-one-run-out folds, each training run is left out in turn, or only the first ([`inner`](Self::inner)).
    ///
    /// ```
    /// use lpp_ridge::{Folds, RidgeCv};
    /// use ndarray::Array2;
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// // One run of 90 scans, 2 features and 2 targets.
    /// let x = Array2::from_shape_fn((90, 2), |(i, j)| ((i * (j + 2)) as f64).sin());
    /// let folds = Folds::Chunks { per_run: 3, gap: 4 };
    /// let fit = RidgeCv::params().alphas([1.0]).folds(folds).check()?.fit(&[&x], &[&x])?;
    /// assert_eq!(fit.fold_scores.dim(), (3, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn folds(mut self, folds: Folds) -> Self {
        self.folds = folds;
        self
    }

    /// Sets separate folds for choosing penalties, restricted to the training scans of a fold.
    ///
    /// With two runs, for example, each is predicted from the other, and the penalty is chosen over chunks of the
    /// other.
    pub fn inner_folds(mut self, folds: Folds) -> Self {
        self.inner_folds = Some(folds);
        self
    }

    /// The layout and plan for runs of these lengths.
    pub(crate) fn design(&self, lengths: &[usize], purpose: Purpose) -> Result<(Layout, Plan), RidgeError> {
        let groups = self.options.groups.as_deref();
        design(
            lengths,
            groups,
            &self.folds,
            self.inner_folds.as_ref(),
            self.inner,
            purpose,
        )
    }

    /// The screening for `n_targets` targets, if it applies.
    pub(crate) fn screening(&self, n_targets: usize) -> Option<Screening> {
        match self.search {
            AlphaSearch::Screened {
                n_targets: first,
                sigmas,
                seed,
            } if n_targets / 2 >= first && self.nan_targets == NanTargets::Ignore => Some(Screening {
                n_targets: first,
                sigmas,
                seed,
            }),
            _ => None,
        }
    }

    /// Checks the settings. This is the only way to create a [`RidgeCv`].
    ///
    /// # Errors
    /// As [`AlphaGrid::new`]; [`RidgeError::BadScreening`] for a subset of fewer than two targets or a width that is
    /// not positive; [`RidgeError::Threads`] if the threads cannot be started.
    pub fn check(self) -> Result<RidgeCv, RidgeError> {
        if let AlphaSearch::Screened {
            n_targets, sigmas, ..
        } = self.search
            && !(n_targets >= 2 && sigmas > 0.0)
        {
            return Err(RidgeError::BadScreening { n_targets, sigmas });
        }
        let grid = AlphaGrid::new(self.alphas.clone())?;
        Ok(RidgeCv {
            grid,
            settings: self.check_options()?,
        })
    }
}
