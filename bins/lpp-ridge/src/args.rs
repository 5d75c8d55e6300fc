//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use lpp_cli::{CommonArgs, Program};
use lpp_ridge::{AlphaGrid, AlphaScope, AlphaSearch, InnerValidation, NanTargets, RidgeCv, RidgeError};

/// Scores how well features predict targets: ridge regression, its penalty chosen by nested leave-one-run-out
/// cross-validation, Pearson correlation on the run left out.
///
/// Arrays are used as they are: trim and standardise them first. Rows are scans, columns features or targets.
#[derive(Debug, Parser)]
#[command(
    version,
    name = "lpp-ridge",
    after_help = "Example:\n  lpp-ridge --x x_run-0.npy x_run-1.npy x_run-2.npy --y y_run-0.npy y_run-1.npy y_run-2.npy \\\n            --alphas logspace:2:7:16 -o scores.npy --json"
)]
pub(crate) struct Args {
    /// Features, one .npy file (scans, features) per run, f32 or f64
    #[arg(long, required = true, num_args = 1.., value_name = "NPY")]
    pub(crate) x: Vec<PathBuf>,
    /// Targets, one .npy file (scans, targets) per run, in the order of the features
    #[arg(long, required = true, num_args = 1.., value_name = "NPY")]
    pub(crate) y: Vec<PathBuf>,
    /// Penalties: logspace:FIRST:LAST:COUNT (powers of ten) or a list like 1,10,100
    #[arg(long, default_value = "logspace:2:7:16", value_name = "GRID")]
    alphas: AlphaGrid,
    /// Training runs that validate the penalty
    #[arg(long, value_enum, default_value_t = Inner::First)]
    inner: Inner,
    /// Who shares a penalty
    #[arg(long, value_enum, default_value_t = Scope::Global)]
    alpha_scope: Scope,
    /// How penalties are searched
    #[arg(long, value_enum, default_value_t = Search::Exhaustive)]
    alpha_search: Search,
    /// What a constant or NaN target does to the choice of a shared penalty
    #[arg(long, value_enum, default_value_t = NanRule::Ignore)]
    nan_targets: NanRule,
    /// Arithmetic of the wide products [default: f64 if the features are, else f32]
    #[arg(long, value_enum)]
    pub(crate) precision: Option<Precision>,
    /// Mean score of each target over the test runs (targets)
    #[arg(short, long, value_name = "NPY")]
    pub(crate) output: PathBuf,
    /// Also the score of each test run (runs, targets)
    #[arg(long, value_name = "NPY")]
    pub(crate) fold_scores: Option<PathBuf>,
    /// Print a summary as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    /// The model that the flags describe.
    pub(crate) fn model(&self) -> Result<RidgeCv, RidgeError> {
        RidgeCv::params()
            .alpha_grid(&self.alphas)
            .inner(match self.inner {
                Inner::First => InnerValidation::First,
                Inner::All => InnerValidation::All,
            })
            .alpha_scope(match self.alpha_scope {
                Scope::Global => AlphaScope::Global,
                Scope::Target => AlphaScope::PerTarget,
            })
            .alpha_search(match self.alpha_search {
                Search::Exhaustive => AlphaSearch::Exhaustive,
                Search::Screened => AlphaSearch::screened(),
            })
            .nan_targets(match self.nan_targets {
                NanRule::Ignore => NanTargets::Ignore,
                NanRule::TakeFirst => NanTargets::TakeFirstAlpha,
            })
            .check()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Inner {
    /// The first training run alone, as the reference study
    First,
    /// Each training run in turn
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// One penalty for all targets
    Global,
    /// One penalty per target
    Target,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Search {
    /// Every penalty on every target
    Exhaustive,
    /// Every penalty on 1024 random targets, then those within six standard errors of the best on all
    Screened,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NanRule {
    /// It is left out
    Ignore,
    /// The first penalty is taken, as NumPy's argmax over NaN does in the reference
    TakeFirst,
}

/// Element type of the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    F32,
    F64,
}
