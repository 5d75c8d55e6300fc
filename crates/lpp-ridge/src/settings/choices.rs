//! What the settings of a fit choose among.

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
