//! Subtitles: `SubRip` (`.srt`) and `WebVTT` (`.vtt`), a segment of some words a cue.
//!
//! # References
//! <https://www.w3.org/TR/webvtt1/>

use std::path::Path;

use lpp_files::{FileError, check_row_count};

use super::spoken::{BYTES_OF_SEGMENT, Spoken};
use super::unit::Unit;

/// Reads the cues.
pub(super) fn read(path: &Path, text: &str) -> Result<Spoken, FileError> {
    let n_cues = text.lines().filter(|line| line.contains("-->")).count();
    check_row_count(path, text.len(), n_cues, BYTES_OF_SEGMENT)?;
    let mut spoken = Spoken::new(path, "cue");
    spoken.unit = Some((Unit::Seconds, "subtitles have clock times".to_owned()));
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some((start, end)) = line.split_once("-->") else {
            continue;
        };
        // Settings of the place on the screen follow the second time.
        let end = end.split_whitespace().next().unwrap_or_default();
        let times = [start.trim(), end].map(clock_s);
        if times.contains(&None) {
            let found = format!("{:?} in line {}", line.trim(), number + 1);
            let expected = "two times such as 00:01:02,500 --> 00:01:04,000";
            return Err(FileError::malformed(path, found, expected));
        }
        let mut said = String::new();
        for (_, line) in lines.by_ref().take_while(|(_, line)| !line.trim().is_empty()) {
            said.push_str(line);
            said.push(' ');
        }
        spoken.push(&plain(&said), times, None, false);
    }
    Ok(spoken)
}

/// Seconds of a time of day with two or three parts; the fraction follows a comma or a dot.
fn clock_s(text: &str) -> Option<f64> {
    let mut parts = text.split(':').rev();
    let seconds: f64 = parts.next()?.replace(',', ".").parse().ok()?;
    let whole = |part: Option<&str>| part.map_or(Some(0_u32), |part| part.parse().ok());
    let [minutes, hours] = [whole(Some(parts.next()?))?, whole(parts.next())?];
    let valid = parts.next().is_none() && minutes < 60 && (0.0..60.0).contains(&seconds);
    valid.then(|| f64::from(hours) * 3600.0 + f64::from(minutes) * 60.0 + seconds)
}

/// The text without marks of style, voices and inner times, and with the characters that stand for themselves nowhere.
fn plain(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{']) {
        let close = if rest[at..].starts_with('<') { '>' } else { '}' };
        let Some(length) = rest[at..].find(close) else {
            break;
        };
        kept.push_str(&rest[..at]);
        rest = &rest[at + length + 1..];
    }
    kept.push_str(rest);
    let named = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&amp;", "&"),
    ];
    named
        .into_iter()
        .fold(kept, |text, (name, character)| text.replace(name, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<(String, f64, f64)>, String> {
        let spoken = read(Path::new("a.srt"), text).map_err(|error| error.to_string())?;
        let segments = spoken.segments.into_iter();
        Ok(segments
            .map(|s| (s.text, s.start.unwrap(), s.end.unwrap()))
            .collect())
    }

    #[test]
    fn many_tiny_cues_are_refused_and_hours_pass() {
        let cue = "0:00:01,0 --> 0:00:02,0\na\n\n";
        let error = of(&cue.repeat(500_000)).unwrap_err();
        assert!(error.contains("500000 rows, expected at most"), "{error}");
        let cue = "1234\n00:10:01,500 --> 00:10:05,250\nThe sea is blue, and so is the sky.\n\n";
        assert_eq!(of(&cue.repeat(30_000)).unwrap().len(), 30_000);
    }

    #[test]
    fn cues_of_both_formats_are_segments() {
        let srt = "1\r\n00:00:01,500 --> 00:00:03,000\r\n<i>The sea</i>\r\nis blue.\r\n\r\n2\r\n01:02:03,250 --> 01:02:04,000\r\n{\\an8}Yes\r\n";
        assert_eq!(
            of(srt).unwrap(),
            [
                ("The sea is blue.".to_owned(), 1.5, 3.0),
                ("Yes".to_owned(), 3723.25, 3724.0)
            ]
        );
        let vtt = "WEBVTT - some title\n\nNOTE\na --> is an arrow? no\n\nSTYLE\n::cue { color: red }\n\nintro\n\
                   00:01.500 --> 00:03.000 align:start position:0%\n<v Ann>salt &amp; <00:02.000><c>sand</c>\n\n\
                   100:00:00.000 --> 100:00:01.000\n2 < 3\n";
        assert!(of(vtt).unwrap_err().contains("line 4"));
        let vtt = vtt.replace("a --> is an arrow? no", "no arrow");
        let expected = [
            ("salt & sand".to_owned(), 1.5, 3.0),
            ("2 < 3".to_owned(), 360_000.0, 360_001.0),
        ];
        assert_eq!(of(&vtt).unwrap(), expected);
    }

    #[test]
    fn wrong_times_are_named_by_line() {
        for time in [
            "00:61:00,000",
            "00:00:75,000",
            "1",
            "a:b:c",
            "1:2:3:4",
            "00:00:-1,0",
            "00:00:NaN",
        ] {
            let error = of(&format!("1\n00:00:00,000 --> {time}\nx\n")).unwrap_err();
            assert!(error.contains("line 2"), "{error}");
        }
        assert_eq!(of("").unwrap(), []);
    }
}
