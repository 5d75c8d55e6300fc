//! Settings of a fit: unchecked while they are collected, then a [`RidgeCv`].

use crate::folds::{Purpose, design};
use crate::layout::Layout;
use crate::options::Options;
use crate::plan::Plan;
use crate::screening::Screening;
use crate::{AlphaGrid, Engine, Folds, RidgeCv, RidgeError};

/// Which training runs validate the penalty of a test run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum InnerValidation {
    /// The first training run alone, as the reference study does: run 0, and run 1 when run 0 is the test run.
    #[default]
    First,
    /// Each training run in turn; a target's validation score is the mean over them.
    All,
}

/// Who shares a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AlphaScope {
    /// One penalty for all targets: the one with the best mean validation score.
    #[default]
    Global,
    /// Each target has its own.
    PerTarget,
}

/// What a target without validation score (constant or NaN) does to the choice of a global penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum NanTargets {
    /// It is left out of the mean, and reported.
    #[default]
    Ignore,
    /// It makes every mean NaN, and the first penalty of the grid is taken: what `numpy.argmax` over NaN does, kept to
    /// reproduce the reference.
    TakeFirstAlpha,
}

/// Which of two equivalent linear systems is solved.
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

/// How the penalties are searched.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum AlphaSearch {
    /// Every penalty is scored on every target.
    Exhaustive,
    /// A race: every penalty is scored on a random subset of the targets; those that may still win are scored on twice as
    /// many, and so on until one is left or all targets were seen.
    ///
    /// With d the difference between the best penalty so far and another one, target by target, the other one is dropped
    /// if mean(d) exceeds `sigmas` standard errors of a sample drawn without replacement. For six, a wrong drop has a
    /// probability near 1e-9 per comparison by the normal approximation of a mean over a thousand targets or more, and
    /// there are some hundred comparisons in a fit. Penalties that survive to the end have been scored on all targets. Test
    /// scores are those of the exhaustive search to the bit whenever the choice is the same; validation scores in `f32` to rounding.
    ///
    /// Without effect if there are fewer than twice `n_targets` targets, with a penalty per target, or under
    /// [`NanTargets::TakeFirstAlpha`], which has to see every target.
    Screened {
        /// Size of the first random subset.
        n_targets: usize,
        /// Width of the bound in standard errors.
        sigmas: f64,
        /// Seed of the order in which targets come.
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

/// Unchecked settings, by default those of the reference study; [`check`](Self::check) turns them into a model.
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
    /// Sets the penalties, in the order in which ties are decided.
    pub fn alphas(mut self, alphas: impl Into<Vec<f64>>) -> Self {
        self.alphas = alphas.into();
        self
    }

    /// Sets the penalties from a checked grid.
    pub fn alpha_grid(self, grid: &AlphaGrid) -> Self {
        self.alphas(grid.values())
    }

    /// Sets which training runs validate.
    pub fn inner(mut self, inner: InnerValidation) -> Self {
        self.inner = inner;
        self
    }

    /// Sets who shares a penalty.
    pub fn alpha_scope(mut self, scope: AlphaScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets what a target without validation score does.
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

    /// Sets who factors the systems; scores do not depend on it beyond rounding.
    pub fn engine(mut self, engine: Engine) -> Self {
        self.engine = engine;
        self
    }

    /// Sets which scans are tested and which train, by default each run left out in turn.
    ///
    /// The penalty of a fold is chosen on its training scans, by what the other folds leave of them: with leave-one-run-out
    /// folds, by leaving out each training run, or the first ([`inner`](Self::inner)).
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

    /// Sets other folds to choose penalties by: what they leave of the training scans of a fold.
    ///
    /// With two runs, for example, each is predicted from the other, and chunks of the other choose the penalty.
    pub fn inner_folds(mut self, folds: Folds) -> Self {
        self.inner_folds = Some(folds);
        self
    }

    /// Where the scans of runs of these lengths go, and what they are for.
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

    /// The race for a set of `n_targets` targets, if there is to be one.
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

    /// Checks the settings: the only way to a [`RidgeCv`].
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
