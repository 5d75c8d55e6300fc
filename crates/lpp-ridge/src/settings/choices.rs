//! What the settings of a fit choose among.

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
///
/// With [R²](crate::Metric::R2) and one penalty for all targets, the mean scores of all penalties on all targets are
/// computed from second moments of the targets if that takes fewer operations, in either search.
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
