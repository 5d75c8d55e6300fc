//! Transcripts of speech-to-text programs and aligners in JSON.
//!
//! All of them hold lists of objects with a text and two times, below names that differ: `words` (also inside of
//! `segments`), `word_segments`, `chunks`, `result`, `results` with `alternatives`.

use std::path::Path;

use lpp_files::FileError;
use serde_json::{Map, Value};

use super::spoken::Spoken;
use super::unit::Unit;

/// Names below which words lie, from words to larger parts.
const LISTS: [&str; 13] = [
    "words",
    "word_segments",
    "segments",
    "monologues",
    "elements",
    "chunks",
    "items",
    "result",
    "results",
    "channels",
    "alternatives",
    "utterances",
    "transcription",
];
const TEXTS: [&str; 5] = ["word", "text", "content", "value", "token"];
const STARTS: [&str; 6] = ["start", "start_time", "startTime", "begin", "onset", "ts"];
const ENDS: [&str; 6] = ["end", "end_time", "endTime", "stop", "offset", "end_ts"];

/// Reads the words of a transcript, or its segments if it has no words.
pub(super) fn read(path: &Path, text: &str) -> Result<Spoken, FileError> {
    let wrong = |found: String| {
        let expected =
            "a transcript: a list \"words\" of objects with word, start and end, or segments with such lists";
        FileError::malformed(path, found, expected)
    };
    let json: Value = serde_json::from_str(text).map_err(|error| wrong(format!("no JSON ({error})")))?;
    let mut found = Vec::new();
    collect(&json, &mut found).map_err(wrong)?;
    if found.is_empty() {
        let keys = json
            .as_object()
            .map(|object| object.keys().cloned().collect::<Vec<_>>().join(", "));
        return Err(wrong(format!(
            "no list of words (keys {})",
            keys.unwrap_or_default()
        )));
    }
    let mut spoken = Spoken::new(path, "entry");
    let mut any_in_seconds = false;
    for object in found {
        let times = [STARTS, ENDS].map(|names| names.iter().find_map(|name| object.get(*name)));
        let pair = object.get("timestamp").and_then(Value::as_array);
        let times = [0, 1].map(|at| times[at].or_else(|| pair.and_then(|pair| pair.get(at))));
        let [start, end] = times.map(|time| time.filter(|time| !time.is_null()).map(Time::of));
        let entry = spoken.segments.len() + 1;
        for time in [&start, &end].into_iter().flatten() {
            let Some(time) = time else {
                return Err(wrong(format!("a time that is no number near entry {entry}")));
            };
            any_in_seconds |= time.in_seconds;
        }
        let [start, end] = [start, end].map(|time| time.flatten().map(|time| time.number));
        let mark = object.get("type").and_then(Value::as_str);
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
    fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Number(number) => {
                return number.as_f64().map(|number| Self {
                    number,
                    in_seconds: false,
                });
            }
            Value::String(text) => text.trim(),
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

fn text_of(object: &Map<String, Value>) -> Option<String> {
    let own = TEXTS.iter().find_map(|name| object.get(*name)?.as_str());
    let first = || object.get("alternatives")?.get(0)?.get("content")?.as_str();
    own.or_else(first).map(str::to_owned)
}

fn is_timed(object: &Map<String, Value>) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    (has(&STARTS) || object.contains_key("timestamp")) && text_of(object).is_some()
}

/// Appends the timed objects of `json`: the smallest that there are.
///
/// The parser limits the depth, so that this ends.
fn collect<'a>(json: &'a Value, found: &mut Vec<&'a Map<String, Value>>) -> Result<(), String> {
    match json {
        Value::Array(list) => {
            let parts = |value: &Value| value.get("words").is_some_and(Value::is_array);
            let divided = list.iter().filter(|value| parts(value)).count();
            if divided > 0 && divided < list.len() {
                return Err(format!("{divided} of {} segments with words", list.len()));
            }
            let timed = |value: &Value| value.as_object().is_some_and(is_timed);
            let words = divided == 0 && list.iter().any(timed);
            for value in list {
                match value.as_object() {
                    Some(object) if words => found.push(object),
                    _ => collect(value, found)?,
                }
            }
            Ok(())
        }
        Value::Object(object) => match LISTS.iter().find_map(|name| Some((name, object.get(*name)?))) {
            // The other channels and alternatives say the same again.
            Some((&("channels" | "alternatives"), value)) => collect(value.get(0).unwrap_or(value), found),
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
}
