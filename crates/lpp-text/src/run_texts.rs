//! The text of each run: given, cut out of one text of all runs, or made of the words themselves.

use crate::{RunWords, TextError};

/// Most words on either side of the beginning of a run that are searched for in a text of all runs, and the fewest.
const WORDS_AROUND: (usize, usize) = (8, 2);

/// The words of a run joined by blanks.
pub(crate) fn joined(words: &RunWords) -> String {
    words.words.join(" ")
}

/// Cuts a text of all runs where each run begins.
///
/// A run begins between its first words and the last words of the run before, which must be side by side in the text,
/// once. Case, blanks and punctuation do not count.
///
/// # Errors
/// [`TextError::BadSetting`] naming the run whose beginning is not found, or found twice.
pub(crate) fn cut(text: &str, runs: &[RunWords]) -> Result<Vec<String>, TextError> {
    let letters = Letters::of(text);
    let mut texts = Vec::with_capacity(runs.len());
    let mut from = 0;
    for (before, run) in runs.windows(2).zip(1..) {
        let to = letters.beginning(&before[0].words, &before[1].words, from);
        let to = to.ok_or_else(|| TextError::BadSetting {
            what: "the text of all runs",
            found: format!(
                "no single place where run {run} begins ({})",
                around(&before[0].words, &before[1].words, 2, " | ")
            ),
            expected: "one with the words before and after it; or one file for each run",
        })?;
        texts.push(text[from..to].to_owned());
        from = to;
    }
    texts.push(text[from..].to_owned());
    Ok(texts)
}

/// The last words of one run and the first of the next.
fn around(before: &[String], after: &[String], n: usize, between: &str) -> String {
    let before = &before[before.len().saturating_sub(n)..];
    let after = &after[..after.len().min(n)];
    [before.join(" "), after.join(" ")].join(between)
}

/// Letters and digits of a text in lower case, with the place of each of their bytes.
struct Letters<'a> {
    text: &'a str,
    plain: String,
    places: Vec<usize>,
}

impl<'a> Letters<'a> {
    fn of(text: &'a str) -> Self {
        let (mut plain, mut places) = (String::new(), Vec::new());
        for (place, letter) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
            plain.extend(letter.to_lowercase());
            places.resize(plain.len(), place);
        }
        Self { text, plain, places }
    }

    /// Where a run begins behind the byte `from`.
    fn beginning(&self, before: &[String], after: &[String], from: usize) -> Option<usize> {
        let start = self.places.partition_point(|&place| place < from);
        let plain = |words: &str| Letters::of(words).plain;
        (WORDS_AROUND.1..=WORDS_AROUND.0).rev().find_map(|n| {
            let end_of_run = plain(&around(before, &[], n, ""));
            let wanted = plain(&around(before, after, n, " "));
            let mut found = self.plain[start..].match_indices(&wanted);
            let (at, _) = found.next().filter(|_| found.next().is_none())?;
            let last = self.places[start + at + end_of_run.len() - 1];
            let first = *self.places.get(start + at + end_of_run.len())?;
            Some(self.gap(last, first))
        })
    }

    /// The place between two letters at which the text is cut: a quotation mark belongs to the word behind it.
    fn gap(&self, last: usize, first: usize) -> usize {
        let blank = self.text[last..first]
            .rfind('\n')
            .or_else(|| self.text[last..first].find(char::is_whitespace));
        blank.map_or(first, |blank| last + blank + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &str) -> RunWords {
        RunWords {
            words: words.split(' ').map(str::to_owned).collect(),
            ..RunWords::default()
        }
    }

    #[test]
    fn one_text_is_cut_where_runs_begin() {
        let text = "Once, when I was six.\n\n\u{ab}Draw me\u{bb} a sheep! \"No,\" said he. The end.";
        let runs = [
            run("once when I was six"),
            run("draw me a sheep"),
            run("no said he the end"),
        ];
        let texts = cut(text, &runs).unwrap();
        assert_eq!(
            texts,
            [
                "Once, when I was six.\n\n",
                "\u{ab}Draw me\u{bb} a sheep! ",
                "\"No,\" said he. The end."
            ]
        );
        assert_eq!(cut(text, &runs[..1]).unwrap(), [text]);
        let chinese = [run("小王子"), run("你好")];
        assert_eq!(cut("小王子。你好", &chinese).unwrap(), ["小王子。", "你好"]);
    }

    #[test]
    fn a_beginning_that_is_not_certain_is_refused() {
        let text = "go on. go on. go on. go on.";
        for (runs, part) in [
            ([run("go on"), run("go on")], "on | go"),
            ([run("go on"), run("stop here")], "run 1 begins"),
        ] {
            let error = cut(text, &runs).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
