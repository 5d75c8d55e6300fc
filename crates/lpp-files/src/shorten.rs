//! Shortening of long texts.

use std::borrow::Cow;

/// Largest number of characters of a file's contents that a message quotes.
pub const MOST_QUOTED: usize = 200;

/// What a file holds, as a message quotes it: at most [`MOST_QUOTED`] characters. A cell may be as long as its file.
#[must_use]
pub fn quote(text: &str) -> Cow<'_, str> {
    shortened(text, MOST_QUOTED)
}

/// The same in quotation marks, with what cannot be printed escaped.
#[must_use]
pub fn in_quotes(text: &str) -> String {
    quote(&format!("{:?}", quote(text))).into_owned()
}

/// `text` shortened in the middle to at most `most` characters; both ends are kept.
///
/// ```
/// assert_eq!(lpp_files::shortened("short", 10), "short");
/// assert_eq!(lpp_files::shortened("a very long text", 7), "a v…ext");
/// ```
#[must_use]
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // As many bytes as characters is the cheap case, and a bound for the other.
    let n = text.len();
    if n <= most || text.chars().nth(most).is_none() {
        return Cow::Borrowed(text);
    }
    let kept = most.saturating_sub(1);
    let (head, tail) = (kept.div_ceil(2), kept / 2);
    let head = text.char_indices().nth(head).map_or(n, |(place, _)| place);
    let tail = match tail {
        0 => n,
        _ => text
            .char_indices()
            .nth_back(tail - 1)
            .map_or(n, |(place, _)| place),
    };
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_make_a_quotation_longer() {
        assert_eq!(in_quotes("a\tb"), "\"a\\tb\"");
        assert_eq!(in_quotes(&"\u{7}".repeat(1000)).chars().count(), MOST_QUOTED);
    }

    #[test]
    fn both_ends_stay_and_the_length_holds() {
        for most in 1..12 {
            let text = shortened("αβγδεζηθικλμ", most);
            assert_eq!(text.chars().count(), most, "{text}");
        }
        assert_eq!(shortened("αβγδεζ", 4), "αβ…ζ");
        assert_eq!(shortened("αβγδ", 4), "αβγδ");
    }
}
