//! `lpp-fetch data`.

use clap::{Args, ValueEnum};
use lpp_cli::CommonArgs;
use lpp_fetch::{DATA_URL, DataJob, DataKind, DataSelection};

use crate::args::{NetworkArgs, PlaceArgs};
use crate::listing::{Listing, print_report};

/// Downloads files of the data set ds003643 and verifies them with the sizes and MD5 sums of its version control.
///
/// Scans are written to derivatives/ of the study, annotation to annotation/. A file of the right size is not
/// downloaded again; `lpp-fetch verify` checks contents too.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Base address with annotation/ and derivatives/
    #[arg(long, value_name = "URL", default_value = DATA_URL)]
    base_url: String,
}

/// Which files of the data set.
#[derive(Debug, Args)]
pub(crate) struct ChoiceArgs {
    /// Kinds of files
    #[arg(long, value_enum, value_name = "KIND,...", value_delimiter = ',', default_values = ["words", "derivatives"])]
    kind: Vec<KindArg>,
    /// Only the scans of these subjects, such as EN057 [default: all]
    #[arg(long, value_name = "SUBJECT,...", value_delimiter = ',', value_parser = lpp_cli::subject)]
    subject: Vec<String>,
    /// Runs whose scans to download, 0 to 8 [default: all]
    #[arg(long, value_name = "RUN,...", value_delimiter = ',')]
    run: Vec<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    /// Words and their times, as read by the programs
    Words,
    /// All annotation
    Annotation,
    /// Preprocessed scans
    Derivatives,
}

impl ChoiceArgs {
    pub(crate) fn selection(&self, languages: &[lpp_study::Language]) -> DataSelection {
        let kind = |kind: &KindArg| match kind {
            KindArg::Words => DataKind::Words,
            KindArg::Annotation => DataKind::Annotation,
            KindArg::Derivatives => DataKind::Derivatives,
        };
        DataSelection {
            languages: languages.to_vec(),
            kinds: self.kind.iter().map(kind).collect(),
            subjects: self.subject.clone(),
            runs: self.run.clone(),
        }
    }
}

impl DataArgs {
    pub(crate) fn run(self, network: &NetworkArgs, common: &CommonArgs) -> anyhow::Result<()> {
        let study = self.place.open()?;
        let job = DataJob {
            selection: self.choice.selection(&self.place.lang),
            root: study.root().to_owned(),
            annotation: study.annotation_dir(),
            base_url: self.base_url,
            n_threads: common.threads(),
            force: self.place.force,
        };
        let batch = job.batch()?;
        if self.place.dry_run {
            return Listing::of_batch(&batch).print(common.json());
        }
        let report = batch.run(&network.http()?, &lpp_cli::progress(common))?;
        print_report(&report, common.json())
    }
}
