//! Minimal pairs made by rule.

use std::path::PathBuf;

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_competence::{GeneratedBattery, generated_pairs, save_pairs};
use lpp_steps::{MakePairsStep, run_if_stale};

/// Makes minimal pairs by rule
///
/// arithmetic: sums against wrong ones of as many digits, in sets by the digits of the larger term. dyck: brackets of one to three
/// kinds, with one closing bracket of another kind.
#[derive(Debug, Args)]
pub(crate) struct MakePairsArgs {
    /// arithmetic or dyck
    #[arg(value_name = "BATTERY")]
    battery: GeneratedBattery,
    /// Pairs of each set
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Output table
    #[arg(short, long, value_name = "CSV", value_parser = lpp_cli::output_file(&[".csv"]))]
    output: PathBuf,
    /// Write the table even if it is up to date
    #[arg(long)]
    force: bool,
}

impl MakePairsArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let step = MakePairsStep {
            battery: self.battery.to_string(),
            n_pairs: self.pairs as usize,
            seed: self.seed,
            output: self.output,
        };
        let pairs = generated_pairs(self.battery, step.n_pairs, step.seed);
        let done = run_if_stale(lpp_cli::software!(), vec![step.artefact()], self.force, || {
            save_pairs(&step.output, &pairs)
        })?;
        let outcome = Outcome::new(&step.output, done.is_up_to_date()).count("pairs", pairs.len());
        lpp_cli::print_outcomes(common, &[outcome])
    }
}
