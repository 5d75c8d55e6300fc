//! A training with a known lag between competence and asymmetry.

use clap::Args;
use lpp_cli::{CommonArgs, Outcome, StudyArgs, print_outcomes};
use lpp_sim::TrainingSimulation;

/// Makes scores and tables of the checkpoints of a model whose asymmetry rises before, with or after its competence, as
/// lpp-fit and lpp-score write them, for lpp-analyze competence.
#[derive(Debug, Args)]
pub(crate) struct TrainingArgs {
    #[command(flatten)]
    study: StudyArgs,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Doublings of the tokens by which asymmetry rises after competence; below 0 it rises before
    #[arg(long, value_name = "N", default_value_t = 0.0, allow_negative_numbers = true)]
    lag: f64,
    /// Standard deviation over runs of left minus right of a checkpoint; it grows to 0.02 over training
    #[arg(long, value_name = "SD", default_value_t = 0.002)]
    noise: f64,
    /// Number of checkpoints after step 0; each has seen twice the tokens of the one before
    #[arg(long, value_name = "N", default_value_t = 14)]
    checkpoints: u32,
    /// Number of runs
    #[arg(long, value_name = "N", default_value_t = 9)]
    runs: usize,
}

impl TrainingArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let job = TrainingSimulation {
            root: self.study.study,
            lang: self.study.lang,
            seed: self.seed,
            lag_doublings: self.lag,
            noise: self.noise,
            n_checkpoints: self.checkpoints,
            n_runs: self.runs,
        };
        let made = job.run(lpp_cli::software!(), self.study.force)?;
        print_outcomes(common, &[Outcome::new(&job.root, !made)])
    }
}
