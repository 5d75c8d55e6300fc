//! The error of a tokenizer that cannot be used.

use std::path::Path;

use crate::TextError;

pub(super) const FILES: &str =
    "a tokenizer.json, a folder with one, or a folder with vocab.json and merges.txt or vocab.txt";

pub(super) fn refused(path: &Path, reason: &impl ToString) -> TextError {
    TextError::Tokenizer {
        path: path.to_owned(),
        reason: one_line(reason),
        expected: FILES,
    }
}

pub(super) fn one_line(reason: &impl ToString) -> String {
    reason
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
