//! Whether two files have the same words at the same times.

use std::path::Path;

use lpp_files::FileError;

use super::format::{self, WordFormat};
use super::run_of::RunOf;

/// Times of one story that differ by more than this between subjects are other times: a table of words has one clock.
const TOLERANCE_S: f64 = 0.05;

/// Checks that the events of two subjects are those of one story.
///
/// # Errors
/// [`FileError::Malformed`] naming both files and the first word that differs.
pub(crate) fn same_words(first: &Path, second: &Path, column: Option<&str>) -> Result<(), FileError> {
    let read = |path: &Path| format::read(path, WordFormat::Events, column, &RunOf::Name);
    let (one, other) = (read(first)?, read(second)?);
    let refused = |found: String, expected: String| {
        let expected = format!(
            "{expected} as in {}: all subjects of a story hear the same words",
            first.display()
        );
        Err(FileError::malformed(second, found, expected))
    };
    for (a, b) in one.segments.iter().zip(&other.segments) {
        let near = |x: Option<f64>, y: Option<f64>| match (x, y) {
            (Some(x), Some(y)) => (x - y).abs() <= TOLERANCE_S,
            (x, y) => x == y,
        };
        let said = |segment: &super::spoken::Segment| {
            let time = segment
                .start
                .map_or_else(|| "n/a".to_owned(), |time| time.to_string());
            format!("{:?} at {time} s in row {}", segment.text, segment.row)
        };
        if a.text != b.text || !near(a.start, b.start) || !near(a.end, b.end) {
            return refused(said(b), said(a));
        }
    }
    if one.segments.len() != other.segments.len() {
        return refused(
            format!("{} words", other.segments.len()),
            format!("{} words", one.segments.len()),
        );
    }
    Ok(())
}
