//! What a dry run prints.

use std::path::PathBuf;

use lpp_fetch::{Batch, BatchReport, FileState};
use serde::Serialize;

/// A file of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct ListedFile {
    pub(crate) path: PathBuf,
    pub(crate) url: String,
    pub(crate) bytes: Option<u64>,
    #[serde(flatten)]
    pub(crate) state: FileState,
}

/// All files of a plan.
#[derive(Debug, Serialize)]
pub(crate) struct Listing {
    pub(crate) files: Vec<ListedFile>,
    /// Bytes of all files whose size is known.
    pub(crate) bytes: u64,
    /// Bytes that are still to come.
    pub(crate) bytes_left: u64,
}

impl Listing {
    pub(crate) fn of_batch(batch: &Batch) -> Self {
        let files = batch.files.iter();
        Self::new(
            files
                .map(|file| ListedFile {
                    path: file.target.clone(),
                    url: file.url.clone(),
                    bytes: file.bytes,
                    state: file.state(),
                })
                .collect(),
        )
    }

    pub(crate) fn new(files: Vec<ListedFile>) -> Self {
        let left = |file: &ListedFile| match file.state {
            FileState::Present => 0,
            FileState::Partial(there) => file.bytes.unwrap_or(0).saturating_sub(there),
            FileState::Missing => file.bytes.unwrap_or(0),
        };
        Self {
            bytes: files.iter().filter_map(|file| file.bytes).sum(),
            bytes_left: files.iter().map(left).sum(),
            files,
        }
    }

    /// A line for each file and one for all, or JSON.
    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        if json {
            return lpp_cli::print_json(self);
        }
        for file in &self.files {
            let bytes = file
                .bytes
                .map_or_else(|| "?".to_owned(), |bytes| bytes.to_string());
            let state = match file.state {
                FileState::Present => "there".to_owned(),
                FileState::Partial(bytes) => format!("{bytes} bytes there"),
                FileState::Missing => "missing".to_owned(),
            };
            lpp_cli::print_result(format!("{bytes:>13}  {}  ({state})", file.path.display()))?;
        }
        lpp_cli::print_result(format!(
            "{} files, {}, of which {} to download",
            self.files.len(),
            size(self.bytes),
            size(self.bytes_left)
        ))
    }
}

/// What was done, as a line or JSON.
pub(crate) fn print_report(report: &BatchReport, json: bool) -> anyhow::Result<()> {
    if json {
        return lpp_cli::print_json(report);
    }
    lpp_cli::print_line(format!(
        "{} files downloaded, {} already there, {} in total",
        report.n_fetched,
        report.n_present,
        size(report.bytes)
    ))
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
