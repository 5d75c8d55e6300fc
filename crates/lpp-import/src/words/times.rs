//! Words with both of their times, in seconds, from segments that may hold several words or lack a time.

use lpp_files::{FileError, check_row_count};

use super::spoken::{Segment, Spoken};
use super::unit::Unit;

/// A word of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) onset_s: f64,
    pub(super) offset_s: f64,
}

/// What to do about a time that is missing.
const NO_TIME: &str =
    "a time for each word; correct the file, or let --spread divide the time between its neighbours";

/// Memory that a word takes as a row of its own, in a list that grows.
const BYTES_OF_WORD: usize = 200;

/// Refuses a file of which `--spread` makes more rows than fit into memory.
pub(super) fn check_spread(spoken: &Spoken) -> Result<(), FileError> {
    let texts = || spoken.segments.iter().map(|segment| &segment.text);
    let n_words = texts().map(|text| text.split(' ').count()).sum();
    check_row_count(
        &spoken.path,
        texts().map(String::len).sum(),
        n_words,
        BYTES_OF_WORD,
    )
}

/// The words of some segments of one run, in order.
///
/// With `spread`, a segment of several words becomes a row per word, each with a share of the time by its number of
/// letters, and words without times share the time between their neighbours.
pub(super) fn words(
    spoken: &Spoken,
    run: &[&Segment],
    unit: Unit,
    spread: bool,
) -> Result<Vec<Word>, FileError> {
    let mut times: Vec<[Option<f64>; 2]> = run
        .iter()
        .map(|segment| [segment.start, segment.end].map(|time| time.map(|time| unit.seconds(time))))
        .collect();
    if spread {
        fill(&mut times, run);
    }
    let mut words: Vec<Word> = Vec::new();
    for (segment, times) in run.iter().zip(&times) {
        let [Some(onset), Some(offset)] = *times else {
            return Err(spoken.wrong(segment, "no time", NO_TIME));
        };
        if offset < onset {
            let found = format!("an end of {offset} s before the onset of {onset} s");
            return Err(spoken.wrong(segment, &found, "words that end after they begin"));
        }
        if let Some(last) = words.last().filter(|last| onset < last.onset_s) {
            let found = format!("an onset of {onset} s after one of {} s", last.onset_s);
            return Err(spoken.wrong(
                segment,
                &found,
                "words in the order of their onsets (of one run a file; --run-of)",
            ));
        }
        let parts: Vec<&str> = if spread {
            segment.text.split(' ').collect()
        } else {
            vec![&segment.text]
        };
        words.extend(shared(&parts, onset, offset));
    }
    Ok(words)
}

/// Words with shares of a time by their numbers of letters.
fn shared(parts: &[&str], onset_s: f64, offset_s: f64) -> Vec<Word> {
    let letters: Vec<f64> = parts.iter().map(|part| part.chars().count() as f64).collect();
    let total: f64 = letters.iter().sum();
    let mut before = 0.0;
    let mut edge = onset_s;
    let mut words = Vec::with_capacity(parts.len());
    for (part, letters) in parts.iter().zip(letters) {
        before += letters;
        let end = if before >= total {
            offset_s
        } else {
            onset_s + (offset_s - onset_s) * (before / total)
        };
        words.push(Word {
            text: (*part).to_owned(),
            onset_s: edge,
            offset_s: end,
        });
        edge = end;
    }
    words
}

/// Gives times to words without: those of the words around them, divided by letters. The ends of the run stay as they are.
fn fill(times: &mut [[Option<f64>; 2]], run: &[&Segment]) {
    for at in 0..times.len() {
        let next = times.get(at + 1).and_then(|next| next[0]);
        let [start, end] = &mut times[at];
        // A word with an onset ends where the next one begins.
        if start.is_some() && end.is_none() {
            *end = next;
        }
    }
    let mut at = 0;
    while at < times.len() {
        let length = times[at..].iter().take_while(|times| times[0].is_none()).count();
        let before = at.checked_sub(1).and_then(|before| times[before][1]);
        let after = times.get(at + length).and_then(|after| after[0]);
        if let (true, Some(before), Some(after)) = (length > 0, before, after) {
            let texts: Vec<String> = run[at..at + length]
                .iter()
                .map(|s| s.text.replace(' ', ""))
                .collect();
            let parts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let words = shared(&parts, before, after.max(before));
            for (times, word) in times[at..].iter_mut().zip(words) {
                *times = [Some(word.onset_s), Some(word.offset_s)];
            }
        }
        at += length.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(
        rows: &[(&str, Option<f64>, Option<f64>)],
        spread: bool,
    ) -> Result<Vec<(String, f64, f64)>, String> {
        let mut spoken = Spoken::new("w.srt", "cue");
        for (text, start, end) in rows {
            spoken.push(text, [*start, *end], None, false);
        }
        let run: Vec<&Segment> = spoken.segments.iter().collect();
        let words = words(&spoken, &run, Unit::Milliseconds, spread).map_err(|error| error.to_string())?;
        Ok(words
            .into_iter()
            .map(|word| (word.text, word.onset_s, word.offset_s))
            .collect())
    }

    #[test]
    fn a_segment_of_many_words_is_not_spread() {
        let mut spoken = Spoken::new("w.srt", "cue");
        spoken.push(&"a ".repeat(2_000_000), [Some(0.0), Some(1.0)], None, false);
        let error = check_spread(&spoken).unwrap_err().to_string();
        assert!(error.contains("w.srt: found 2000000 rows"), "{error}");
    }

    #[test]
    fn segments_are_one_row_or_one_a_word() {
        let rows = [
            ("ab cdef", Some(1000.0), Some(4000.0)),
            ("g", Some(4000.0), Some(4500.0)),
        ];
        assert_eq!(of(&rows, false).unwrap()[0], ("ab cdef".to_owned(), 1.0, 4.0));
        let expected = [("ab", 1.0, 2.0), ("cdef", 2.0, 4.0), ("g", 4.0, 4.5)];
        assert_eq!(
            of(&rows, true).unwrap(),
            expected.map(|(text, onset, offset)| (text.to_owned(), onset, offset))
        );
    }

    #[test]
    fn times_that_are_missing_are_refused_or_shared() {
        let rows = [
            ("a", Some(0.0), Some(1000.0)),
            ("bb", None, None),
            ("cccc", None, None),
            ("d", Some(4000.0), None),
            ("e", Some(5000.0), Some(5000.0)),
        ];
        let error = of(&rows, false).unwrap_err();
        assert!(
            error.contains("no time for \"bb\" in cue 2") && error.contains("--spread"),
            "{error}"
        );
        let expected = [
            ("a", 0.0, 1.0),
            ("bb", 1.0, 2.0),
            ("cccc", 2.0, 4.0),
            ("d", 4.0, 5.0),
            ("e", 5.0, 5.0),
        ];
        assert_eq!(
            of(&rows, true).unwrap(),
            expected.map(|(text, onset, offset)| (text.to_owned(), onset, offset))
        );
        // Nothing lies before the first or after the last.
        assert!(of(&[("a", None, None), ("b", Some(1.0), Some(2.0))], true).is_err());
        assert!(of(&[("b", Some(1.0), Some(2.0)), ("a", Some(3.0), None)], true).is_err());
    }

    #[test]
    fn impossible_times_are_named() {
        let error = of(&[("a", Some(2000.0), Some(1000.0))], false).unwrap_err();
        assert!(
            error.contains("an end of 1 s before the onset of 2 s for \"a\" in cue 1"),
            "{error}"
        );
        let error = of(
            &[
                ("a", Some(2000.0), Some(3000.0)),
                ("b", Some(1000.0), Some(4000.0)),
            ],
            false,
        )
        .unwrap_err();
        assert!(
            error.contains("an onset of 1 s after one of 2 s for \"b\" in cue 2"),
            "{error}"
        );
    }
}
