//! `lpp-fetch verify`.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use lpp_cli::CommonArgs;
use lpp_fetch::VerifyJob;
use lpp_study::{Language, Study};

use crate::data::ChoiceArgs;
use crate::listing::size;
use crate::software::SOFTWARE;

/// Reads every downloaded file and compares its hash: files of the data set, files of the authors, GloVe, and the hub
/// cache.
///
/// With --lang, the files of the data set selected by --lang, --kind, --subject and --run must exist. The exit status
/// is 1 if a file is bad or missing.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A study folder, or the cache of the hub
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Languages whose files must exist: en, fr, cn
    #[arg(long, value_name = "LANG,...", value_delimiter = ',')]
    lang: Vec<Language>,
    #[command(flatten)]
    choice: ChoiceArgs,
}

impl VerifyArgs {
    pub(crate) fn run(self, common: &CommonArgs) -> anyhow::Result<()> {
        let study = Study::open(&self.folder).context("cannot verify")?;
        let job = VerifyJob {
            annotation: study.annotation_dir(),
            required: (!self.lang.is_empty()).then(|| self.choice.selection(&self.lang)),
            folder: self.folder,
            n_threads: common.threads(),
            program: SOFTWARE.program.to_owned(),
        };
        let report = job.run(&lpp_cli::progress(common))?;
        if common.json() {
            lpp_cli::print_json(&report)?;
        } else {
            for bad in &report.bad {
                lpp_cli::print_result(format!("bad: {}: {}", bad.path.display(), bad.problem))?;
            }
            for path in &report.missing {
                lpp_cli::print_result(format!("missing: {}", path.display()))?;
            }
            for path in &report.partial {
                lpp_cli::print_result(format!("unfinished: {}", path.display()))?;
            }
            lpp_cli::print_result(format!("{} files good, {}", report.n_good, size(report.bytes)))?;
        }
        if !report.bad.is_empty() || !report.missing.is_empty() {
            bail!(
                "{}: {} bad and {} missing files; delete the bad ones and download again",
                job.folder.display(),
                report.bad.len(),
                report.missing.len()
            );
        }
        Ok(())
    }
}
