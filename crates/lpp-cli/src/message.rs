//! One-line messages of limited length, whatever they quote.

use std::borrow::Cow;

use lpp_files::{MOST_QUOTED, shortened};

/// Largest number of characters of a message, including its level.
pub(crate) const MOST: usize = 500;
/// Largest number of characters of a line of a result: a command may name many files.
const MOST_OF_RESULT: usize = 8000;

/// `text` in one line of at most `most` characters. Long values are shortened in the middle first, so that the end of
/// the message, which says what to do, is kept. Of paths the last part is kept.
pub(crate) fn fit(text: &str, most: usize) -> String {
    let mut line = one_line(text);
    for word in [160, 80, 40] {
        if line.chars().count() <= most {
            return line;
        }
        let words: Vec<Cow<'_, str>> = line.split(' ').map(|text| short_word(text, word)).collect();
        line = words.join(" ");
    }
    shortened(&line, most).into_owned()
}

/// `text` as one line of a result, in which blanks stay as they are. Long words are shortened, of paths the last part is kept.
pub(crate) fn printable(text: &str) -> String {
    let line = without_controls(text);
    let words = line.split(' ').map(|word| short_word(word, MOST_QUOTED));
    let line = words.collect::<Vec<_>>().join(" ");
    shortened(&line, MOST_OF_RESULT).into_owned()
}

/// A word of at most `most` characters; a path keeps its last part if it fits.
fn short_word(text: &str, most: usize) -> Cow<'_, str> {
    let last = text.rfind('/').map_or(text, |place| &text[place..]);
    if text.chars().count() > most && last.len() < text.len() && last.chars().count() < most {
        return format!("…{last}").into();
    }
    shortened(text, most)
}

/// Joins the lines of `text` and removes terminal control characters.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    without_controls(&lines.collect::<Vec<_>>().join(" "))
}

/// `text` with U+FFFD in place of each control character, including line breaks.
fn without_controls(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_short_line_with_its_file_and_its_way_out() {
        let columns = vec!["word"; 300_000].join(",");
        for text in [
            format!("words.csv: found the columns {columns}, expected a column onset (--annotation)"),
            format!(
                "words.csv: found the columns {}, expected a column onset (--annotation)",
                "a b ".repeat(100_000)
            ),
            format!(
                "/{}words.csv: found nothing (--annotation)",
                "folder/".repeat(300)
            ),
            "words.csv: first\n\n  second\x1b[31m\r\nthird (--annotation)".to_owned(),
        ] {
            let line = fit(&text, 200);
            assert!(line.chars().count() <= 200, "{line}");
            assert!(
                line.contains("words.csv") && line.ends_with("(--annotation)"),
                "{line}"
            );
            assert!(!line.contains(char::is_control), "{line}");
        }
        assert_eq!(fit("short", 200), "short");
    }

    #[test]
    fn a_line_of_a_result_stays_one_line_without_codes_for_the_terminal() {
        let line = printable("  differs: x\x1b[2J\x1b]0;title\x07\n0 differences\r\u{9b}2J");
        assert!(!line.contains(char::is_control), "{line}");
        assert!(
            line.starts_with("  differs: x") && line.contains("0 differences"),
            "{line}"
        );
        let path = format!("to   /{}output.npy", "folder/".repeat(550));
        assert_eq!(printable(&path), "to   …/output.npy");
        assert_eq!(printable(&"é".repeat(4000)).chars().count(), MOST_QUOTED);
        assert_eq!(printable(&"a b ".repeat(100_000)).chars().count(), MOST_OF_RESULT);
        let command = "lpp-average --output average_subject/en/run-0.npy ".repeat(50);
        assert_eq!(printable(&command), command);
    }
}
