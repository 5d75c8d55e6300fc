//! `lpp-fetch glove`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_fetch::{Batch, GloveJob, HubSettings};
use lpp_study::Study;

use crate::args::NetworkArgs;
use crate::listing::Listing;
use crate::software::SOFTWARE;

/// Downloads GloVe vectors (6 billion tokens) to glove/glove.6B.300d.txt in the study.
///
/// The archive of 862 MB is downloaded from the hub (HF_ENDPOINT) and verified with its SHA-256.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct GloveArgs {
    /// Study folder; created if it does not exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    study: PathBuf,
    /// Dimensions (300 in the paper)
    #[arg(long, value_name = "D", default_value_t = 300, value_parser = dims)]
    dims: u32,
    /// Address of glove.6B.zip [default: the hub's]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// SHA-256 of another archive at that address
    #[arg(long, value_name = "HEX", requires = "url", value_parser = sha256)]
    sha256: Option<String>,
    /// Keep the archive
    #[arg(long)]
    keep_archive: bool,
    /// List files and sizes without downloading
    #[arg(long)]
    dry_run: bool,
    /// Download existing files again
    #[arg(long)]
    force: bool,
}

fn dims(text: &str) -> Result<u32, String> {
    let dims = text
        .parse()
        .ok()
        .filter(|dims| lpp_fetch::GLOVE_DIMS.contains(dims));
    dims.ok_or_else(|| "expected 50, 100, 200 or 300".to_owned())
}

fn sha256(text: &str) -> Result<String, String> {
    let usable = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hash = usable.then(|| text.to_ascii_lowercase());
    hash.ok_or_else(|| "expected 64 hexadecimal digits".to_owned())
}

impl GloveArgs {
    pub(crate) fn run(self, network: &NetworkArgs, common: &CommonArgs) -> anyhow::Result<()> {
        let study = Study::open_or_planned(&self.study).context("cannot open the study (--study)")?;
        let endpoint = HubSettings::from_env().endpoint;
        let mut job = GloveJob::published(&endpoint, self.dims, study.root().join("glove"));
        job.url = self.url.unwrap_or(job.url);
        if let Some(sha256) = self.sha256 {
            (job.sha256, job.bytes) = (sha256, None);
        }
        (job.keep_archive, job.force) = (self.keep_archive, self.force);
        if self.dry_run {
            let batch = Batch {
                files: vec![job.archive()],
                n_threads: 1,
                force: self.force,
            };
            return Listing::of_batch(&batch).print(common.json());
        }
        let fetched = job.run(&network.http()?, SOFTWARE, &lpp_cli::progress(common))?;
        lpp_cli::print_outcomes(common, &[Outcome::new(&job.target(), !fetched)])
    }
}
