//! Checks that the times of an annotation can be times of words, in seconds from the start of each run.

use std::path::{Path, PathBuf};

use crate::TextError;
use crate::run_words::RunWords;

/// Speech is never this slow, and words never last this long, in s: the times are probably in milliseconds or samples.
const SLOWEST_S: (f64, f64) = (60.0, 20.0);

/// Speech is never this fast, and words are never this short, in s: the times are probably in minutes.
const FASTEST_S: (f64, f64) = (0.03, 0.03);

/// The rows of the file with the words of each run.
pub(crate) struct TimedRows {
    path: PathBuf,
    labels: Vec<Vec<usize>>,
}

impl TimedRows {
    /// The rows of the words of each run.
    pub(crate) fn new(path: &Path, labels: Vec<Vec<usize>>) -> Self {
        let path = path.to_owned();
        Self { path, labels }
    }
}

/// Checks the times of all words.
///
/// # Errors
/// [`TextError::BadCell`] for a word that ends before it begins, unless the file is `published`.
pub(crate) fn check(rows: &TimedRows, runs: &[RunWords], published: bool) -> Result<(), TextError> {
    let words = || {
        runs.iter().zip(&rows.labels).flat_map(|(run, labels)| {
            let times = run.onsets_s.iter().zip(&run.offsets_s).enumerate();
            times.map(move |(i, (&onset, &offset))| Word {
                label: labels[i],
                onset,
                offset,
                before: i.checked_sub(1).map(|i| run.onsets_s[i]),
            })
        })
    };
    let backwards = words().find(|word| word.offset < word.onset);
    if let Some(word) = backwards.filter(|_| !published) {
        return Err(TextError::BadCell {
            path: rows.path.clone(),
            row: word.label,
            column: "offset",
            found: word.offset.to_string(),
            expected: format!("an end that is not before the onset, {} s", word.onset),
        });
    }
    let path = rows.path.display();
    if let Some((word, n)) = first_of(words().filter(|word| word.onset < 0.0)) {
        tracing::warn!(
            "{path}, row {}: the onset {} s is before the start of the run ({n} such rows)",
            word.label,
            word.onset
        );
    }
    let out_of_order = words().filter(|word| word.before.is_some_and(|before| word.onset < before));
    if let Some((word, n)) = first_of(out_of_order) {
        tracing::warn!(
            "{path}, row {}: the onset {} s is before that of the previous word, {} s ({n} such rows); words are \
             used in the order of the file",
            word.label,
            word.onset,
            word.before.unwrap_or_default()
        );
    }
    if let Some((row, n)) = first_of(repeated(rows, runs)) {
        tracing::warn!("{path}, row {row}: the word and its times repeat the previous row ({n} such rows)");
    }
    if let Some(doubt) = doubt(runs) {
        tracing::warn!("{path}: {doubt}");
    }
    Ok(())
}

/// Rows that repeat the previous one: the same word at the same time.
fn repeated<'a>(rows: &'a TimedRows, runs: &'a [RunWords]) -> impl Iterator<Item = usize> + 'a {
    runs.iter().zip(&rows.labels).flat_map(|(run, labels)| {
        let times = |i: usize| (run.onsets_s[i].to_bits(), run.offsets_s[i].to_bits());
        let is_again = move |i: &usize| run.words[*i] == run.words[i - 1] && times(*i) == times(i - 1);
        (1..run.n_words()).filter(is_again).map(|i| labels[i])
    })
}

/// A word with the values that are compared.
struct Word {
    label: usize,
    onset: f64,
    offset: f64,
    /// Onset of the previous word in the same run.
    before: Option<f64>,
}

fn first_of<T>(mut items: impl Iterator<Item = T>) -> Option<(T, usize)> {
    let first = items.next()?;
    let n_others = items.count();
    Some((first, n_others + 1))
}

/// Why the times may have a wrong unit or a wrong origin.
fn doubt(runs: &[RunWords]) -> Option<String> {
    let steps = runs
        .iter()
        .flat_map(|run| run.onsets_s.windows(2).map(|pair| pair[1] - pair[0]));
    let lengths = runs
        .iter()
        .flat_map(|run| run.onsets_s.iter().zip(&run.offsets_s).map(|(on, off)| off - on));
    let (step, length) = (median(steps)?, median(lengths)?);
    let pace = format!("from one onset to the next are {step} s, a word lasts {length} s (medians)");
    if step > SLOWEST_S.0 || length > SLOWEST_S.1 {
        return Some(format!(
            "{pace}; are the times in milliseconds? Seconds are expected"
        ));
    }
    if step < FASTEST_S.0 && length < FASTEST_S.1 && step > 0.0 {
        return Some(format!("{pace}; are the times in minutes? Seconds are expected"));
    }
    if step.abs() <= 0.0 {
        return Some(
            "most words begin at the same time as the previous word; are the times rounded to whole seconds?"
                .to_owned(),
        );
    }
    let goes_on = |pair: &[RunWords]| {
        let last = pair[0].offsets_s.iter().copied().reduce(f64::max);
        let first = pair[1].onsets_s.iter().copied().reduce(f64::min);
        last.zip(first).is_some_and(|(last, first)| first >= last)
    };
    let has_length = runs.first().is_some_and(|run| run.n_words() > 1);
    (runs.len() > 1 && has_length && runs.windows(2).all(goes_on)).then(|| {
        "each run begins after the end of the previous one; onsets must be in seconds from the start of their run"
        .to_owned()
    })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three runs of 20 words, two a second, with `times` applied to each onset and offset.
    fn runs(times: impl Fn(usize, f64) -> f64) -> Vec<RunWords> {
        let run = |r: usize| RunWords {
            words: vec!["w".to_owned(); 20],
            onsets_s: (0..20).map(|i| times(r, 1.0 + 0.5 * f64::from(i))).collect(),
            offsets_s: (0..20).map(|i| times(r, 1.3 + 0.5 * f64::from(i))).collect(),
            positions: (0..20).collect(),
            n_rows: 20,
        };
        (0..3).map(run).collect()
    }

    #[test]
    fn units_and_origins_that_cannot_be_are_doubted() {
        assert_eq!(doubt(&runs(|_, t| t)), None);
        assert!(doubt(&runs(|_, t| 1000.0 * t)).unwrap().contains("milliseconds"));
        assert!(
            doubt(&runs(|_, t| 44_100.0 * t))
                .unwrap()
                .contains("milliseconds")
        );
        assert!(doubt(&runs(|_, t| t / 60.0)).unwrap().contains("minutes"));
        assert!(
            doubt(&runs(|_, t| (t / 2.0).floor()))
                .unwrap()
                .contains("whole seconds")
        );
        let offset = |r: usize| f64::from(u8::try_from(r).unwrap()) * 600.0;
        assert!(
            doubt(&runs(|r, t| t + offset(r)))
                .unwrap()
                .contains("start of their run")
        );
    }

    #[test]
    fn a_row_that_stands_twice_is_named() {
        let mut runs = runs(|_, t| t);
        let labels = [0..20, 20..40, 40..60].map(Vec::from_iter);
        let rows = TimedRows::new(Path::new("words.csv"), labels.to_vec());
        assert_eq!(repeated(&rows, &runs).count(), 0);
        // The same word again later is no repetition, nor are two words at one time.
        runs[0].onsets_s[3] = runs[0].onsets_s[2];
        assert_eq!(repeated(&rows, &runs).count(), 0);
        for (run, word) in [(0, 3), (1, 1), (2, 19)] {
            runs[run].onsets_s[word] = runs[run].onsets_s[word - 1];
            runs[run].offsets_s[word] = runs[run].offsets_s[word - 1];
        }
        assert_eq!(repeated(&rows, &runs).collect::<Vec<_>>(), [3, 21, 59]);
    }

    #[test]
    fn a_word_that_ends_before_it_begins_is_named_by_its_row() {
        let mut runs = runs(|_, t| t);
        runs[1].offsets_s[4] = 0.1;
        let labels = [0..20, 20..40, 40..60].map(Vec::from_iter);
        let rows = TimedRows::new(Path::new("words.csv"), labels.to_vec());
        let message = check(&rows, &runs, false).unwrap_err().to_string();
        assert!(
            message.contains("words.csv, row 24") && message.contains("offset"),
            "{message}"
        );
        assert!(check(&rows, &runs, true).is_ok());
    }
}
