//! The command line.

use std::path::PathBuf;

use clap::{Args as ArgGroup, Parser, ValueEnum};
use lpp_cli::{CommonArgs, Program};
use lpp_ridge::{
    AlphaScope, AlphaSearch, BandWeights, BandedRidge, Engine, InnerValidation, Metric, NanTargets, RidgeCv,
    RidgeError,
};
use lpp_study::Penalties;
use ndarray::Array2;
use serde_json::{Value, json};

/// Scores how well features predict targets, by ridge regression. The penalty is chosen by nested leave-one-run-out
/// cross-validation; the score is the Pearson correlation or R² on the held-out run.
///
/// Trim and standardise the arrays first; they are used as they are. Rows are scans; columns are features or targets.
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
    /// Targets, one .npy file (scans, targets) per run, in the order of the features. Files in the precision of the fit
    /// are memory-mapped and may be larger than memory
    #[arg(long, required = true, num_args = 1.., value_name = "NPY")]
    pub(crate) y: Vec<PathBuf>,
    /// Score of predictions, in validation and test
    #[arg(long, value_enum, default_value_t = Score::Pearson)]
    metric: Score,
    /// A label for each run; runs with the same label are left out together and scored over all their scans [default:
    /// each run separately]
    #[arg(long, value_delimiter = ',', value_name = "LABEL,...")]
    pub(crate) groups: Option<Vec<usize>>,
    /// Use the features at these delays, in scans (finite impulse response)
    #[arg(
        long,
        value_delimiter = ',',
        allow_hyphen_values = true,
        value_name = "SCANS,..."
    )]
    pub(crate) delays: Option<Vec<isize>>,
    /// Penalties: logspace:FIRST:LAST:COUNT (powers of ten) or a list like 1,10,100
    #[arg(long, default_value = "logspace:2:7:16", value_name = "GRID")]
    alphas: Penalties,
    /// Training runs used to validate the penalty
    #[arg(long, value_enum, default_value_t = Inner::First)]
    inner: Inner,
    /// One penalty for all targets, or one per target
    #[arg(long, value_enum, default_value_t = Scope::Global)]
    alpha_scope: Scope,
    /// Search over penalties
    #[arg(long, value_enum, default_value_t = Search::Screened)]
    alpha_search: Search,
    /// Treatment of constant or NaN targets in the choice of a shared penalty
    #[arg(long, value_enum, default_value_t = NanRule::Ignore)]
    nan_targets: NanRule,
    /// Arithmetic of the products over targets [default: f64 for f64 features, else f32]
    #[arg(long, value_enum)]
    pub(crate) precision: Option<Precision>,
    /// Engine for the factorisations
    #[arg(long, value_enum, default_value_t = Solver::Pure)]
    engine: Solver,
    /// Mean score of each target over the test runs (targets)
    #[arg(short, long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]))]
    pub(crate) output: PathBuf,
    /// Also write the score of each test run (runs, targets)
    #[arg(long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]))]
    pub(crate) fold_scores: Option<PathBuf>,
    /// Also write the predictions of each run from the fit that left it out: run-0.npy, ... (scans, targets) in this
    /// folder
    #[arg(long, value_name = "DIR", conflicts_with = "bands")]
    pub(crate) predictions: Option<PathBuf>,
    /// Also write the coefficients of the fit of each fold (folds, features, targets)
    #[arg(long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]), conflicts_with = "bands")]
    pub(crate) coefficients: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) banded: BandedArgs,
    /// Recompute even if the output is up to date, and replace files that this program has not made
    #[arg(long)]
    pub(crate) force: bool,
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
        let params = match &self.groups {
            Some(groups) => RidgeCv::params().groups(groups.clone()),
            None => RidgeCv::params(),
        };
        params
            .alphas(self.alphas.values())
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
            .engine(match self.engine {
                Solver::Pure => Engine::Pure,
                #[cfg(feature = "openblas")]
                Solver::Openblas => Engine::Blas,
            })
            .metric(self.metric())
            .nan_targets(match self.nan_targets {
                NanRule::Ignore => NanTargets::Ignore,
                NanRule::TakeFirst => NanTargets::TakeFirstAlpha,
            })
            .check()
    }

    /// The banded model that the flags describe, if they list bands.
    pub(crate) fn banded_model(&self) -> Result<Option<BandedRidge>, RidgeError> {
        let Some(widths) = self.band_widths() else {
            return Ok(None);
        };
        BandedRidge::params(self.model()?, widths)
            .weights(self.banded.weights())
            .split(self.banded.split.is_some())
            .check()
            .map(Some)
    }

    /// Columns of each band, with its delays.
    fn band_widths(&self) -> Option<Vec<usize>> {
        let n_delays = self.delays.as_ref().map_or(1, Vec::len);
        let widths = self.banded.bands.as_ref()?;
        Some(widths.iter().map(|w| w.saturating_mul(n_delays)).collect())
    }

    /// What decides the numbers besides the files, under names that records keep.
    pub(crate) fn parameters(&self, precision: Precision) -> Vec<(&'static str, Value)> {
        let banded = &self.banded;
        let ratios: Option<Vec<_>> = banded
            .ratios
            .as_ref()
            .map(|ratios| ratios.iter().map(|ratio| &ratio.0).collect());
        // Without bands, or with given ratios, none is drawn.
        let drawn = banded.bands.is_some() && ratios.is_none();
        vec![
            ("metric", json!(name_of(self.metric))),
            ("groups", json!(self.groups)),
            ("delays", json!(self.delays)),
            ("alphas", json!(self.alphas.values())),
            ("inner", json!(name_of(self.inner))),
            ("alpha_scope", json!(name_of(self.alpha_scope))),
            ("alpha_search", json!(name_of(self.alpha_search))),
            ("nan_targets", json!(name_of(self.nan_targets))),
            ("precision", json!(name_of(precision))),
            ("engine", json!(name_of(self.engine))),
            ("bands", json!(banded.bands)),
            ("ratios", json!(ratios)),
            ("n_ratios", json!(drawn.then_some(banded.n_ratios))),
            ("ratio_search", json!(drawn.then(|| name_of(banded.ratio_search)))),
            ("seed", json!(drawn.then_some(banded.seed))),
        ]
    }

    /// What predictions are scored by.
    pub(crate) fn metric(&self) -> Metric {
        match self.metric {
            Score::Pearson => Metric::Pearson,
            Score::R2 => Metric::R2,
        }
    }
}

/// Several feature spaces, each with a penalty of its own.
#[derive(Debug, ArgGroup)]
#[command(next_help_heading = "Banded ridge")]
pub(crate) struct BandedArgs {
    /// Widths of consecutive feature spaces; each gets its own penalty, searched over random ratios
    #[arg(long, value_delimiter = ',', value_name = "N,...", conflicts_with_all = ["alpha_search", "nan_targets"])]
    pub(crate) bands: Option<Vec<usize>>,
    /// Number of penalty ratios to try; in the first, all penalties are equal
    #[arg(long, default_value_t = 100, value_name = "N", requires = "bands")]
    n_ratios: usize,
    /// Search over penalty ratios
    #[arg(long, value_enum, default_value_t = RatioSearch::Random, requires = "bands")]
    ratio_search: RatioSearch,
    /// Try these weights of the bands instead, for example 1:1,1:0.1,1:0; a band of weight 0 is left out
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "W:W,...",
        value_parser = ratio,
        requires = "bands",
        conflicts_with_all = ["n_ratios", "seed", "ratio_search"]
    )]
    ratios: Option<Vec<Ratio>>,
    /// Seed of the ratios
    #[arg(long, default_value_t = 0, requires = "bands")]
    seed: u64,
    /// Also write R² on each test run split among the bands (folds, bands, targets)
    #[arg(long, value_name = "NPY", requires = "bands")]
    pub(crate) split: Option<PathBuf>,
    /// Also write the chosen penalty of each band (folds, bands, targets), infinite for a band that is left out
    #[arg(long, value_name = "NPY", requires = "bands")]
    pub(crate) penalties: Option<PathBuf>,
}

impl BandedArgs {
    /// The candidates for the weights of the bands.
    fn weights(&self) -> BandWeights {
        match (&self.ratios, self.ratio_search) {
            (Some(ratios), _) => {
                let n_bands = self.bands.as_ref().map_or(0, Vec::len);
                // A list of another length than the bands is refused as such: the longest row tells.
                let width = ratios
                    .iter()
                    .map(|ratio| ratio.0.len())
                    .find(|&n| n != n_bands)
                    .unwrap_or(n_bands);
                let weight = |(i, j): (usize, usize)| ratios[i].0.get(j).copied().unwrap_or(f64::NAN);
                BandWeights::Given(Array2::from_shape_fn((ratios.len(), width), weight))
            }
            (None, RatioSearch::Random) => BandWeights::random(self.n_ratios, self.seed),
            (None, RatioSearch::Descent) => BandWeights::Descent {
                n_candidates: self.n_ratios,
            },
        }
    }
}

/// Weights of the bands.
#[derive(Debug, Clone)]
struct Ratio(Vec<f64>);

fn ratio(text: &str) -> Result<Ratio, String> {
    let number = |part: &str| {
        part.trim()
            .parse::<f64>()
            .map_err(|_| format!("'{part}' is not a number"))
    };
    text.split(':').map(number).collect::<Result<_, _>>().map(Ratio)
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Solver {
    /// Built in, written in Rust
    Pure,
    /// The system's OpenBLAS
    #[cfg(feature = "openblas")]
    Openblas,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RatioSearch {
    /// Drawn from Dirichlet distributions
    Random,
    /// Coordinate descent from equal weights, as long as the validation score rises
    Descent,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Score {
    /// Pearson correlation, as in the reference study
    Pearson,
    /// Coefficient of determination
    R2,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Inner {
    /// Only the first training run, as in the reference study
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
    /// Score every penalty on every target
    Exhaustive,
    /// Successive halving: score every penalty on 768 random targets, then those within six standard errors of the best
    /// on twice as many, and so on
    Screened,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum NanRule {
    /// Leave them out
    Ignore,
    /// Choose the first penalty, as the reference does (NumPy's argmax with NaN)
    TakeFirst,
}

/// The name of a choice, as it is typed.
pub(crate) fn name_of(choice: impl ValueEnum) -> String {
    choice
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// Element type of the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Precision {
    F32,
    F64,
}
