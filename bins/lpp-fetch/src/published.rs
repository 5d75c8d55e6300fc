//! Files of a commit, each with a record of where it comes from.

use anyhow::bail;
use lpp_cli::CommonArgs;
use lpp_fetch::{Batch, BatchReport, Http, RemoteFile, in_the_way, record};

use crate::software::SOFTWARE;

/// Files of a commit of a repository.
pub(crate) struct Published<'a> {
    pub(crate) files: Vec<RemoteFile>,
    pub(crate) repository: &'a str,
    pub(crate) commit: &'a str,
    pub(crate) force: bool,
}

impl Published<'_> {
    pub(crate) fn batch(&self, common: &CommonArgs) -> Batch {
        Batch {
            files: self.files.clone(),
            n_threads: common.threads(),
            force: self.force,
        }
    }

    /// Downloads them, unless a file of the user is in the way.
    pub(crate) fn fetch(&self, http: &Http, common: &CommonArgs) -> anyhow::Result<BatchReport> {
        if let Some(path) = in_the_way(&self.files)?.first().filter(|_| !self.force) {
            bail!(
                "{}: a different file exists; --force replaces it with the published one",
                path.display()
            );
        }
        let report = self.batch(common).run(http, &lpp_cli::progress(common))?;
        record(&self.files, self.repository, self.commit, SOFTWARE)?;
        Ok(report)
    }
}
