//! `lpp-fetch items`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use lpp_cli::CommonArgs;
use lpp_fetch::{Battery, ItemsJob};
use lpp_study::Study;

use crate::args::NetworkArgs;
use crate::listing::{Listing, print_report};
use crate::published::Published;

/// Downloads minimal pairs, BLiMP (CC BY 4.0) or Zorro (MIT), to items/ in the study.
///
/// The files are from one commit of their repository and are verified with git's hashes. lpp-score pairs reads the folder.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct ItemsArgs {
    /// blimp or zorro
    #[arg(value_name = "BATTERY")]
    battery: Battery,
    /// Study folder; created if it does not exist
    #[arg(long, value_name = "DIR", default_value = ".")]
    study: PathBuf,
    /// Base address of the files of the commit [default: GitHub's]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Address of the commit's tree in the format of GitHub's API [default: GitHub's]
    #[arg(long, value_name = "URL")]
    listing_url: Option<String>,
    /// List files and sizes without downloading
    #[arg(long)]
    dry_run: bool,
    /// Download existing files again
    #[arg(long)]
    force: bool,
}

impl ItemsArgs {
    pub(crate) fn run(self, network: &NetworkArgs, common: &CommonArgs) -> anyhow::Result<()> {
        let study = Study::open_or_planned(&self.study).context("cannot open the study (--study)")?;
        let mut job = ItemsJob::new(self.battery);
        job.base_url = self.base_url.unwrap_or(job.base_url);
        job.listing_url = self.listing_url.unwrap_or(job.listing_url);
        let http = network.http()?;
        let published = Published {
            files: job.plan(&http, &study)?,
            repository: self.battery.repository(),
            commit: self.battery.commit(),
            force: self.force,
        };
        if self.dry_run {
            return Listing::of_batch(&published.batch(common)).print(common.json());
        }
        print_report(&published.fetch(&http, common)?, common.json())
    }
}
