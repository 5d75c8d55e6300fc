//! `lpp-import export`.

use std::path::PathBuf;

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_import::ExportJob;
use lpp_study::Language;

use crate::place::{Place, SOFTWARE};

/// Writes cleaned runs and scores of a study as BIDS derivatives
///
/// Cleaned runs of individual subjects (or of the average subject, if there are none) become `desc-clean_bold.nii.gz`, with the
/// words as events. Scores become `desc-MODEL_statmap.nii.gz`, a volume for each layer. `lpp-import bids DIR --desc clean` reads
/// the runs back. The data set is always written again.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Folder of the data set: new, empty or of an earlier export
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Language of the words: a tag such as en, de or pt-BR
    #[arg(long, value_name = "TAG", default_value = "en", value_parser = lpp_cli::language(), hide_possible_values = true)]
    lang: Language,
    /// Write scores only, no runs
    #[arg(long)]
    no_runs: bool,
}

impl ExportArgs {
    pub(crate) fn run(self, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
        let job = ExportJob {
            study: place.open()?,
            lang: self.lang,
            folder: self.folder,
            runs: !self.no_runs,
            force: place.force,
        };
        let report = job.run(SOFTWARE, &lpp_cli::progress(common))?;
        let outcome = Outcome::new(&job.folder, false)
            .count("subjects", report.n_subjects)
            .count("runs", report.n_runs)
            .count("score maps", report.n_maps);
        lpp_cli::print_outcomes(common, &[outcome])
    }
}
