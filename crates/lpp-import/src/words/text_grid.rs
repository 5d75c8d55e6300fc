//! `TextGrid` files of Praat, in the long and the short text form.
//!
//! Both forms are one: Praat reads the numbers, quoted texts and flags that stand free between blanks, and ignores
//! everything else.
//!
//! # References
//! <https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html>

use std::path::Path;

use lpp_files::{FileError, check_row_count, in_quotes, quote};

use super::spoken::{BYTES_OF_SEGMENT, Spoken, is_silence};
use super::unit::Unit;

/// What stands free in the file.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(f64),
    Text(String),
    Flag(String),
}

impl Token {
    /// As messages quote it.
    fn shown(&self) -> String {
        match self {
            Self::Number(number) => format!("{number}"),
            Self::Text(text) => in_quotes(text),
            Self::Flag(flag) => format!("<{}>", quote(flag)),
        }
    }
}

struct Tier {
    class: String,
    name: String,
    /// The intervals, if they are wanted.
    items: Vec<(f64, f64, String)>,
}

/// Reads the intervals of one tier.
pub(super) fn read(path: &Path, text: &str, tier: Option<&str>) -> Result<Spoken, FileError> {
    let tiers = Reader::new(path, text, tier).tiers()?;
    let names = tiers
        .iter()
        .map(|tier| format!("{:?}", tier.name))
        .collect::<Vec<_>>()
        .join(", ");
    let refused = |found: String, expected: &str| Err(FileError::malformed(path, found, expected));
    let mut chosen = tiers
        .into_iter()
        .filter(|found| tier.is_none_or(|name| found.name == name));
    let (first, second) = (chosen.next(), chosen.next());
    let tier = match (first, second) {
        (Some(tier), None) => tier,
        (Some(_), Some(_)) => {
            return refused(format!("the tiers {names}"), "one of these names (--tier NAME)");
        }
        (None, _) if names.is_empty() => return refused("no tier".to_owned(), "a tier with the words"),
        (None, _) => {
            return refused(
                format!("the tiers {names}"),
                &format!("a tier {:?}", tier.unwrap_or_default()),
            );
        }
    };
    if tier.class != "IntervalTier" {
        return refused(
            format!("a tier {:?} of points", tier.name),
            "intervals with a word each (--tier NAME chooses another tier)",
        );
    }
    let mut spoken = Spoken::new(path, "interval");
    spoken.unit = Some((Unit::Seconds, "a TextGrid is in seconds".to_owned()));
    for (start, end, label) in &tier.items {
        spoken.push(label, [Some(*start), Some(*end)], None, is_silence(label));
    }
    Ok(spoken)
}

struct Reader<'a> {
    path: &'a Path,
    rest: &'a str,
    length: usize,
    /// The name of the tier whose intervals are kept; the first is kept without one.
    wanted: Option<&'a str>,
    /// How many tiers and intervals are kept so far.
    n_kept: usize,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, text: &'a str, wanted: Option<&'a str>) -> Self {
        Self {
            path,
            rest: text,
            length: text.len(),
            wanted,
            n_kept: 0,
        }
    }

    /// Counts one more tier or interval; an error if there are too many for the length of the file.
    fn keep(&mut self) -> Result<(), FileError> {
        self.n_kept += 1;
        check_row_count(self.path, self.length, self.n_kept, BYTES_OF_SEGMENT)
    }

    fn tiers(mut self) -> Result<Vec<Tier>, FileError> {
        let [kind, class] = [self.text("the file type")?, self.text("the object class")?];
        if !kind.starts_with("ooTextFile") || class != "TextGrid" {
            return Err(self.wrong(
                &format!("a file {kind:?} of {class:?}"),
                "a TextGrid saved as text",
            ));
        }
        self.number("the start")?;
        self.number("the end")?;
        if self.flag()? != "exists" {
            return Ok(Vec::new());
        }
        let n_tiers = self.count("the number of tiers")?;
        let mut tiers = Vec::new();
        for n in 0..n_tiers {
            self.keep()?;
            tiers.push(self.tier(n == 0)?);
        }
        self.end()?;
        Ok(tiers)
    }

    /// Refuses what stands behind the last tier: words that a number of intervals or of tiers leaves out.
    fn end(&mut self) -> Result<(), FileError> {
        let more = match self.next() {
            None if self.rest.is_empty() => return Ok(()),
            None => "a quotation mark without its end".to_owned(),
            Some(token) => token.shown(),
        };
        let found = format!("{more} after the last interval");
        Err(self.wrong(
            &found,
            "as many tiers and intervals as the file says, then the end",
        ))
    }

    fn tier(&mut self, is_first: bool) -> Result<Tier, FileError> {
        let class = self.text("the class of a tier")?;
        let name = self.text("the name of a tier")?;
        self.number("the start of a tier")?;
        self.number("the end of a tier")?;
        let n_items = self.count("the size of a tier")?;
        let is_kept = self.wanted.map_or(is_first, |wanted| wanted == name);
        let mut items = Vec::new();
        for _ in 0..n_items {
            let start = self.number("a time")?;
            let end = if class == "IntervalTier" {
                self.number("a time")?
            } else {
                start
            };
            let label = self.text("a label")?;
            if is_kept {
                self.keep()?;
                items.push((start, end, label));
            }
        }
        Ok(Tier { class, name, items })
    }

    fn number(&mut self, what: &str) -> Result<f64, FileError> {
        match self.next() {
            Some(Token::Number(number)) => Ok(number),
            other => Err(self.unexpected(other, what)),
        }
    }

    fn count(&mut self, what: &str) -> Result<u64, FileError> {
        let number = self.number(what)?;
        if number < 0.0 || number.fract() != 0.0 {
            return Err(self.wrong(&format!("{number}"), what));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number; one beyond the file's length meets its end"
        )]
        Ok(number as u64)
    }

    fn text(&mut self, what: &str) -> Result<String, FileError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text),
            other => Err(self.unexpected(other, what)),
        }
    }

    fn flag(&mut self) -> Result<String, FileError> {
        match self.next() {
            Some(Token::Flag(flag)) => Ok(flag),
            other => Err(self.unexpected(other, "<exists>")),
        }
    }

    /// The next token; other words are passed over.
    fn next(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(quoted) = self.rest.strip_prefix('"') {
                return self.quoted(quoted);
            }
            let end = self.rest.find(char::is_whitespace).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            if word.is_empty() {
                return None;
            }
            self.rest = rest;
            if word.starts_with('!') {
                self.rest = rest.split_once('\n').map_or("", |(_, next)| next);
            } else if let Some(flag) = word.strip_prefix('<').and_then(|word| word.strip_suffix('>')) {
                return Some(Token::Flag(flag.to_owned()));
            } else if let Ok(number) = word.parse::<f64>()
                && number.is_finite()
            {
                return Some(Token::Number(number));
            }
        }
    }

    /// A text up to its closing quote; two quotes are one inside. `None` if it is not closed.
    fn quoted(&mut self, mut rest: &'_ str) -> Option<Token> {
        let mut text = String::new();
        loop {
            let (part, after) = rest.split_once('"')?;
            text.push_str(part);
            let Some(more) = after.strip_prefix('"') else {
                self.rest = &self.rest[self.rest.len() - after.len()..];
                return Some(Token::Text(text));
            };
            text.push('"');
            rest = more;
        }
    }

    fn unexpected(&self, found: Option<Token>, what: &str) -> FileError {
        let found = found.map_or_else(|| "the end of the file".to_owned(), |token| token.shown());
        self.wrong(&found, what)
    }

    fn wrong(&self, found: &str, expected: &str) -> FileError {
        FileError::malformed(self.path, found, format!("{expected} of a TextGrid"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0 \nxmax = 2.5 \ntiers? <exists> \n\
                        size = 2 \nitem []: \n    item [1]:\n        class = \"IntervalTier\" \n        name = \"phones\" \n\
                        xmin = 0 \nxmax = 2.5 \n intervals: size = 1 \n intervals [1]:\n xmin = 0 \n xmax = 2.5 \n text = \"a\" \n\
                        item [2]:\n class = \"IntervalTier\" \n name = \"words\" \n xmin = 0 \n xmax = 2.5 \n\
                        intervals: size = 3 \n intervals [1]:\n xmin = 0 \n xmax = 0.5 \n text = \"sp\" \n intervals [2]:\n\
                        xmin = 0.5 \n xmax = 1.25 \n text = \"say \"\"5 [3]: 7\"\"\" \n intervals [3]:\n xmin = 1.25 \n xmax = 2.5 \n\
                        text = \"Jäger\" \n";
    const SHORT: &str = "File type = \"ooTextFile short\"\n\"TextGrid\"\n\n0\n2.5\n<exists>\n1\n! a comment 7\n\"IntervalTier\"\n\"words\"\n0\n\
                         2.5\n3\n0\n0.5\n\"sp\"\n0.5\n1.25\n\"say \"\"5 [3]: 7\"\"\"\n1.25\n2.5\n\"Jäger\"\n";

    fn of(text: &str, tier: Option<&str>) -> Result<Vec<(String, f64, f64)>, String> {
        let spoken = read(Path::new("a.TextGrid"), text, tier).map_err(|error| error.to_string())?;
        let times = |time: Option<f64>| time.unwrap();
        let segments = spoken.segments.into_iter();
        Ok(segments.map(|s| (s.text, times(s.start), times(s.end))).collect())
    }

    #[test]
    fn both_forms_give_the_same_words() {
        let expected = vec![
            ("say \"5 [3]: 7\"".to_owned(), 0.5, 1.25),
            ("Jäger".to_owned(), 1.25, 2.5),
        ];
        assert_eq!(of(LONG, Some("words")).unwrap(), expected);
        assert_eq!(of(SHORT, None).unwrap(), expected);
        assert_eq!(of(&SHORT.replace('\n', "\r\n"), None).unwrap(), expected);
        // What Praat passes over may stand at the end too.
        assert_eq!(
            of(&format!("{SHORT}\n! made by hand 7\nend\n"), None).unwrap(),
            expected
        );
    }

    #[test]
    fn several_tiers_are_a_choice() {
        let error = of(LONG, None).unwrap_err();
        assert!(
            error.contains("\"phones\", \"words\"") && error.contains("--tier"),
            "{error}"
        );
        let error = of(LONG, Some("word")).unwrap_err();
        assert!(
            error.contains("\"phones\", \"words\"") && error.contains("\"word\""),
            "{error}"
        );
        let points = SHORT
            .replace("IntervalTier", "TextTier")
            .replace("0\n0.5\n\"sp\"", "0\n\"sp\"");
        let points = points
            .replace("0.5\n1.25", "0.5")
            .replace("1.25\n2.5\n\"J", "1.25\n\"J");
        assert!(of(&points, None).unwrap_err().contains("of points"));
    }

    #[test]
    fn damaged_files_are_refused_at_once() {
        for (text, said) in [
            (SHORT[..SHORT.len() - 9].to_owned(), "the end of the file"),
            (SHORT.replace("\n3\n", "\n1e18\n"), "the end of the file"),
            (SHORT.replace("\n3\n", "\n-3\n"), "-3"),
            (SHORT.replace("1.25\n\"", "\"x\"\n\""), "\"x\""),
            (SHORT.replace("TextGrid", "PitchTier"), "PitchTier"),
            (SHORT.replace("<exists>", "<absent>"), "no tier"),
            (String::new(), "the end of the file"),
            ("\"".repeat(1001), "the end of the file"),
            (
                format!("{SHORT}2.5\n3\n\"lost\"\n"),
                "2.5 after the last interval",
            ),
            (SHORT.replace("\n3\n", "\n2\n"), "1.25 after the last interval"),
            (
                LONG.replace("\nsize = 2", "\nsize = 1"),
                "\"IntervalTier\" after the last",
            ),
            (format!("{SHORT}\"lost"), "a quotation mark without its end"),
        ] {
            let error = of(&text, None).unwrap_err();
            assert!(
                error.contains("a.TextGrid: found") && error.contains(said),
                "{error}"
            );
        }
    }
}
