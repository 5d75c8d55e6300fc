//! `lpp-fetch precomputed`.

use clap::Args;
use lpp_cli::CommonArgs;
use lpp_fetch::{AUTHORS_COMMIT, AUTHORS_REPOSITORY, PrecomputedJob, Role};
use lpp_preparation::PublishedArrayJob;
use lpp_steps::PublishedArrayStep;

use crate::args::{NetworkArgs, PlaceArgs};
use crate::listing::{Listing, print_report};
use crate::published::Published;
use crate::software::SOFTWARE;

/// Downloads mask, regions, text, inter-subject correlation and average subject as published by the paper's authors.
///
/// The files are from one commit of their repository and are verified with git's hashes. Arrays are converted from
/// joblib format for lpp-fit.
#[derive(Debug, Args)]
pub(crate) struct PrecomputedArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// Commit of the authors' repository
    #[arg(long, value_name = "COMMIT", default_value = AUTHORS_COMMIT)]
    commit: String,
    /// Base address of the files of the commit [default: GitHub's]
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Address of the commit's tree in the format of GitHub's API [default: GitHub's]
    #[arg(long, value_name = "URL")]
    listing_url: Option<String>,
}

impl PrecomputedArgs {
    pub(crate) fn run(self, network: &NetworkArgs, common: &CommonArgs) -> anyhow::Result<()> {
        let study = self.place.open()?;
        let mut job = PrecomputedJob::new(self.place.lang.clone(), &self.commit);
        job.base_url = self.base_url.unwrap_or(job.base_url);
        job.listing_url = self.listing_url.unwrap_or(job.listing_url);
        let http = network.http()?;
        let files = job.plan(&http, &study)?;
        let published = Published {
            files: files.iter().map(|file| file.remote.clone()).collect(),
            repository: AUTHORS_REPOSITORY,
            commit: &self.commit,
            force: self.place.force,
        };
        if self.place.dry_run {
            return Listing::of_batch(&published.batch(common)).print(common.json());
        }
        let report = published.fetch(&http, common)?;
        for file in files {
            if let Role::Array(output) = file.role {
                let job = PublishedArrayJob {
                    step: PublishedArrayStep {
                        input: file.remote.target,
                        output,
                    },
                    force: self.place.force,
                };
                job.run(SOFTWARE)?;
            }
        }
        print_report(&report, common.json())
    }
}
