//! The word–token table, for inspecting an alignment.

use std::path::Path;

use lpp_files::{AtomicFile, FileError};

use crate::{CorpusRun, Piece, TextError, TextTokenizer};

/// The columns, in order.
const COLUMNS: [&str; 10] = [
    "run",
    "word_index",
    "word",
    "onset",
    "offset",
    "window",
    "token_start",
    "token_end_window",
    "token_end",
    "tokens",
];

/// Writes one row per word: its times, where its tokens begin and end, and the tokens.
///
/// - `run` and `word_index` are numbered from 0, as in `words_en.csv` and the tensors `run-{r}`; `onset` and `offset`
///   are in seconds.
/// - The first token of the word is `token_start` of window `window`. Its last token is the one before `token_end` of
///   window `token_end_window`. Both windows are the same unless the word is at a border; the second window then begins
///   at the overlap.
/// - `tokens` are the tokens in the vocabulary's spelling, in the order in which their vectors are summed, separated by
///   spaces.
///
/// A Chinese word that shares its only token with the next word has no tokens, and `token_end` equals `token_start`.
/// For a word without any character, all four columns are empty.
///
/// # Errors
/// [`TextError::File`] if the file cannot be written. No partial file is left.
///
/// # Example
/// ```no_run
/// use lpp_text::{CorpusRun, TextError, TextTokenizer, save_alignment};
///
/// fn write(runs: &[CorpusRun], tokenizer: &TextTokenizer) -> Result<(), TextError> {
///     save_alignment(runs, tokenizer, "alignment.csv".as_ref())
/// }
/// ```
pub fn save_alignment(runs: &[CorpusRun], tokenizer: &TextTokenizer, path: &Path) -> Result<(), TextError> {
    let mut writer = csv::Writer::from_writer(AtomicFile::create(path)?);
    let failed = |e: csv::Error| FileError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(e),
    };
    writer.write_record(COLUMNS).map_err(failed)?;
    for (run, corpus) in runs.iter().enumerate() {
        let rows_of_units = units_of_rows(corpus);
        for (row, units) in rows_of_units.iter().enumerate() {
            let words = &corpus.words;
            let mut record = vec![run.to_string(), row.to_string(), words.words[row].clone()];
            record.extend([words.onsets_s[row].to_string(), words.offsets_s[row].to_string()]);
            record.extend(places(corpus, units));
            record.push(tokens(corpus, units, tokenizer));
            writer.write_record(&record).map_err(failed)?;
        }
    }
    let file = writer.into_inner().map_err(|e| FileError::Write {
        path: path.to_owned(),
        source: e.into_error(),
    })?;
    Ok(file.commit()?)
}

/// The units of each row: one unit per row, or the characters of a Chinese row.
fn units_of_rows(corpus: &CorpusRun) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); corpus.spans.n_rows()];
    for unit in 0..corpus.spans.units().len() {
        let row = corpus.spans.owners().map_or(unit, |owners| owners[unit]);
        if let Some(units) = rows.get_mut(row) {
            units.push(unit);
        }
    }
    rows
}

fn pieces<'a>(corpus: &'a CorpusRun, units: &'a [usize]) -> impl Iterator<Item = &'a Piece> {
    units.iter().flat_map(|&unit| &corpus.spans.units()[unit].pieces)
}

fn places(corpus: &CorpusRun, units: &[usize]) -> [String; 4] {
    let Some(&first) = units.first() else {
        return Default::default();
    };
    let start = corpus.spans.starts()[first];
    let (start, end) = match (pieces(corpus, units).next(), pieces(corpus, units).last()) {
        (Some(first), Some(last)) => ((first.window, first.start), (last.window, last.end)),
        _ => ((start.window, start.token), (start.window, start.token)),
    };
    [start.0, start.1, end.0, end.1].map(|number| number.to_string())
}

fn tokens(corpus: &CorpusRun, units: &[usize], tokenizer: &TextTokenizer) -> String {
    let ids = pieces(corpus, units)
        .flat_map(|piece| &corpus.tokens.windows()[piece.window].ids[piece.start..piece.end]);
    let names = ids.map(|&id| {
        let known = u32::try_from(id).ok().and_then(|id| tokenizer.token(id));
        known.unwrap_or_else(|| id.to_string())
    });
    names.collect::<Vec<_>>().join(" ")
}
