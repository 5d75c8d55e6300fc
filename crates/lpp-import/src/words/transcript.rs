//! Transcripts of speech-to-text programs and aligners in JSON.
//!
//! All of them hold lists of objects with a text and two times, below names that differ: `words` (also inside of
//! `segments`), `word_segments`, `chunks`, `result`, `results` with `alternatives`.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::FileError;
use serde::de::IgnoredAny;

use super::said::{ENDS, Fields, LISTS, STARTS, Said, TEXTS};
use super::spoken::Spoken;
use super::unit::Unit;

/// Reads the words of a transcript, or its segments if it has no words.
pub(super) fn read(path: &Path, text: &str) -> Result<Spoken, FileError> {
    let wrong = |found: String| {
        let expected =
            "a transcript: a list \"words\" of objects with word, start and end, or segments with such lists";
        FileError::malformed(path, found, expected)
    };
    let json: Said =
        lpp_files::json::from_compact_str(text).map_err(|error| wrong(format!("no JSON ({error})")))?;
    let mut found = Vec::new();
    collect(&json, &mut found).map_err(wrong)?;
    if found.is_empty() {
        #[expect(clippy::zero_sized_map_values, reason = "the parser skips what is ignored")]
        let keys: BTreeMap<String, IgnoredAny> = serde_json::from_str(text).unwrap_or_default();
        let keys: Vec<&str> = keys.keys().map(String::as_str).collect();
        return Err(wrong(format!("no list of words (keys {})", keys.join(", "))));
    }
    let mut spoken = Spoken::new(path, "entry");
    spoken.segments.reserve_exact(found.len());
    let mut any_in_seconds = false;
    for object in found {
        let times = [STARTS, ENDS].map(|names| names.iter().find_map(|name| object.get(name)));
        let pair = object.get("timestamp").and_then(Said::as_list);
        let times = [0, 1].map(|at| times[at].or_else(|| pair.and_then(|pair| pair.get(at))));
        let [start, end] = times.map(|time| time.filter(|time| !matches!(time, Said::Null)).map(Time::of));
        let entry = spoken.segments.len() + 1;
        for time in [&start, &end].into_iter().flatten() {
            let Some(time) = time else {
                return Err(wrong(format!("a time that is no number near entry {entry}")));
            };
            any_in_seconds |= time.in_seconds;
        }
        let [start, end] = [start, end].map(|time| time.flatten().map(|time| time.number));
        let mark = object.get("type").and_then(Said::as_str);
        let no_word = matches!(mark, Some("punctuation" | "punct" | "spacing" | "audio_event"));
        spoken.push(&text_of(object).unwrap_or_default(), [start, end], None, no_word);
    }
    spoken.unit = any_in_seconds.then(|| (Unit::Seconds, "times end in s".to_owned()));
    Ok(spoken)
}

/// A number, or a text that is one, with or without the `s` of seconds.
struct Time {
    number: f64,
    in_seconds: bool,
}

impl Time {
    fn of(value: &Said) -> Option<Self> {
        let text = match value {
            Said::Number(number) => {
                return Some(Self {
                    number: *number,
                    in_seconds: false,
                });
            }
            Said::Text(text) => text.trim(),
            _ => return None,
        };
        let plain = text.strip_suffix('s');
        let number = plain
            .unwrap_or(text)
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())?;
        Some(Self {
            number,
            in_seconds: plain.is_some(),
        })
    }
}

fn text_of(object: &Fields) -> Option<String> {
    let own = TEXTS.iter().find_map(|name| object.get(name)?.as_str());
    let first = || {
        object
            .get("alternatives")?
            .as_list()?
            .first()?
            .get("content")?
            .as_str()
    };
    own.or_else(first).map(str::to_owned)
}

fn is_timed(object: &Fields) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| object.get(name).is_some());
    (has(&STARTS) || object.get("timestamp").is_some()) && text_of(object).is_some()
}

/// Appends the timed objects of `json`: the smallest that there are.
///
/// The parser limits the depth, so that this ends.
fn collect<'a>(json: &'a Said, found: &mut Vec<&'a Fields>) -> Result<(), String> {
    match json {
        Said::List(list) => {
            let parts = |value: &Said| value.get("words").and_then(Said::as_list).is_some();
            let divided = list.iter().filter(|value| parts(value)).count();
            if divided > 0 && divided < list.len() {
                return Err(format!("{divided} of {} segments with words", list.len()));
            }
            let timed = |value: &Said| value.as_object().is_some_and(is_timed);
            let words = divided == 0 && list.iter().any(timed);
            for value in list {
                match value.as_object() {
                    Some(object) if words => found.push(object),
                    _ => collect(value, found)?,
                }
            }
            Ok(())
        }
        Said::Object(object) => match LISTS.iter().find_map(|name| Some((name, object.get(name)?))) {
            // The other channels and alternatives say the same again.
            Some((&("channels" | "alternatives"), value)) => {
                let first = value.as_list().and_then(<[Said]>::first);
                collect(first.unwrap_or(value), found)
            }
            Some((_, value)) => collect(value, found),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (String, Option<f64>, Option<f64>);

    fn of(text: &str) -> Result<Vec<Row>, String> {
        let spoken = read(Path::new("t.json"), text).map_err(|error| error.to_string())?;
        Ok(spoken
            .segments
            .into_iter()
            .map(|s| (s.text, s.start, s.end))
            .collect())
    }

    #[test]
    fn the_usual_forms_give_the_same_words() {
        let expected = vec![
            ("Guten".to_owned(), Some(0.5), Some(0.75)),
            ("Tag.".to_owned(), Some(0.75), Some(1.5)),
        ];
        for text in [
            r#"{"transcript":"Guten Tag.","words":[{"word":"Guten","start":0.5,"end":0.75,"confidence":0.9},
                {"word":"Tag.","start":0.75,"end":1.5}]}"#,
            r#"{"text":" Guten Tag.","segments":[{"id":0,"start":0.5,"end":1.5,"text":" Guten Tag.","words":[
                {"word":" Guten","start":0.5,"end":0.75,"probability":1},{"word":" Tag.","start":0.75,"end":1.5}]}]}"#,
            r#"{"segments":[{"start":0.5,"end":1.5,"text":"Guten Tag."}],"word_segments":[
                {"word":"Guten","start":0.5,"end":0.75,"score":0.8},{"word":"Tag.","start":0.75,"end":1.5}]}"#,
            r#"{"text":"Guten Tag.","chunks":[{"text":" Guten","timestamp":[0.5,0.75]},{"text":" Tag.","timestamp":[0.75,1.5]}]}"#,
            r#"{"result":[{"conf":1,"word":"Guten","start":0.5,"end":0.75},{"word":"Tag.","start":0.75,"end":1.5}],"text":""}"#,
            r#"{"results":[{"alternatives":[{"words":[{"word":"Guten","startTime":"0.5s","endTime":"0.750s"}]},
                {"words":[{"word":"Gute","startTime":"0.5s","endTime":"0.750s"}]}]},
                {"alternatives":[{"words":[{"word":"Tag.","startTime":"0.75s","endTime":"1.5s"}]}]}]}"#,
            r#"{"results":{"transcripts":[{"transcript":"x"}],"items":[
                {"type":"pronunciation","start_time":"0.5","end_time":"0.75","alternatives":[{"content":"Guten"}]},
                {"type":"punctuation","alternatives":[{"content":","}]},
                {"type":"pronunciation","start_time":"0.75","end_time":"1.5","alternatives":[{"content":"Tag."}]}]}}"#,
            r#"{"results":{"channels":[{"alternatives":[{"transcript":"x","words":[{"word":"Guten","start":0.5,"end":0.75},
                {"word":"Tag.","start":0.75,"end":1.5}]}]}]}}"#,
            r#"[{"word":"Guten","start":0.5,"end":0.75},{"word":"Tag.","start":0.75,"end":1.5}]"#,
        ] {
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn words_without_times_stay_and_segments_are_better_than_nothing() {
        let aligned = r#"{"words":[{"word":"a","start":1,"end":2,"case":"success"},{"word":"b","case":"not-found-in-audio"}]}"#;
        assert_eq!(of(aligned).unwrap()[1], ("b".to_owned(), None, None));
        let segments = r#"{"segments":[{"start":0,"end":1.5,"text":" Guten Tag."}]}"#;
        assert_eq!(
            of(segments).unwrap(),
            [("Guten Tag.".to_owned(), Some(0.0), Some(1.5))]
        );
    }

    #[test]
    fn other_files_are_refused() {
        for (text, said) in [
            ("{\"words\": [", "no JSON"),
            ("{\"text\": \"a\", \"language\": \"en\"}", "keys language, text"),
            ("{\"words\": []}", "keys words"),
            ("7", "no list of words"),
            (
                "{\"words\": [{\"word\": \"a\", \"start\": \"early\", \"end\": 1}]}",
                "no number",
            ),
            (
                "{\"segments\": [{\"text\": \"a\", \"start\": 0}, {\"text\": \"b\", \"start\": 1, \"words\": []}]}",
                "1 of 2 segments",
            ),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains("t.json: found") && error.contains(said), "{error}");
        }
        assert!(of(&"[".repeat(1_000_000)).unwrap_err().contains("no JSON"));
    }

    #[test]
    fn hours_of_words_pass_and_many_small_values_do_not() {
        let word = r#"{"word":"hello","start":123.456,"end":124.789,"score":0.98,"speaker":"A"},"#;
        let list = |part: &str, n: usize| format!("{{\"words\":[{}", part.repeat(n));
        let long = format!("{}{{\"word\":\"a\",\"start\":0}}]}}", list(word, 110_000));
        assert_eq!(of(&long).unwrap().len(), 110_001);
        for (part, n) in [
            ("{\"\":0},", 200_000),
            ("0,", 2_000_000),
            ("{\"ts\":0},", 200_000),
        ] {
            let error = of(&format!("{}0]}}", list(part, n))).unwrap_err();
            assert!(error.contains("MiB"), "{error}");
        }
    }
}
