//! The format of a file of words, asked for or found.

use std::path::Path;

use lpp_files::FileError;
use lpp_steps::Choice;

use super::columns::{self, Named};
use super::encoding::read_text;
use super::run_of::RunOf;
use super::spoken::Spoken;
use super::{subtitles, text_grid, transcript};

/// The format of files of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WordFormat {
    /// By name and content.
    #[default]
    Auto,
    /// A table with a header: CSV or TSV.
    Csv,
    /// Events of BIDS.
    Events,
    /// Praat's `TextGrid`.
    TextGrid,
    /// Speech-to-text in JSON, or subtitles (SRT, VTT).
    Transcript,
}

impl Choice for WordFormat {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Auto, "auto", "by name and content"),
        (
            Self::Csv,
            "csv",
            "a table with a header, separated by commas, tabs or semicolons",
        ),
        (Self::Events, "events", "events of BIDS"),
        (Self::TextGrid, "textgrid", "a TextGrid of Praat"),
        (
            Self::Transcript,
            "transcript",
            "JSON of a speech-to-text program, or subtitles",
        ),
    ];
}

impl WordFormat {
    /// The format of a file of this name and content.
    fn found(self, path: &Path, text: &str) -> Self {
        if self != Self::Auto {
            return self;
        }
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let start = text.trim_start();
        if name.ends_with("_events.tsv") {
            Self::Events
        } else if start.starts_with("File type = \"ooTextFile") {
            Self::TextGrid
        } else if start.starts_with(['{', '[']) || is_subtitles(start) {
            Self::Transcript
        } else {
            Self::Csv
        }
    }
}

/// Whether the first lines have the arrow between two times.
fn is_subtitles(text: &str) -> bool {
    text.starts_with("WEBVTT") || text.lines().take(5).any(|line| line.contains("-->"))
}

/// Reads a file. `tier` is that of a `TextGrid`, or the column of the words of a table.
pub(super) fn read(
    path: &Path,
    format: WordFormat,
    tier: Option<&str>,
    run_of: &RunOf,
) -> Result<Spoken, FileError> {
    let text = read_text(path)?;
    let format = format.found(path, &text);
    let run = match run_of {
        RunOf::Name => None,
        RunOf::Column(column) => Some(column.as_str()),
    };
    if let (Some(column), WordFormat::TextGrid | WordFormat::Transcript) = (run, format) {
        let expected = format!("a table with a column {column:?} (--run-of), or --run-of name");
        return Err(FileError::malformed(path, "no table", expected));
    }
    let spoken = match format {
        WordFormat::TextGrid => text_grid::read(path, &text, tier),
        WordFormat::Transcript if is_subtitles(&text) => subtitles::read(path, &text),
        WordFormat::Transcript => transcript::read(path, &text),
        WordFormat::Events => columns::read(path, &text, Named { text: tier, run }, true),
        WordFormat::Csv | WordFormat::Auto => columns::read(path, &text, Named { text: tier, run }, false),
    }?;
    if spoken.segments.is_empty() {
        return Err(FileError::malformed(path, "no words", "at least one word"));
    }
    Ok(spoken)
}
