//! One-line messages of limited length, whatever they quote.

use std::borrow::Cow;

use lpp_files::shortened;

/// Largest number of characters of a message, including its level.
pub(crate) const MOST: usize = 500;

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
    let line = lines.collect::<Vec<_>>().join(" ");
    line.replace(|c: char| c.is_control(), "\u{fffd}")
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
}
