//! Questions with several answers.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use lpp_files::FileError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::hellaswag::{capitalised, cleaned};
use crate::item_files::{at_line, json_lines};

/// The form of a file of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceFormat {
    /// AI2's ARC, as published or as on the Hugging Face hub, where text and labels of the choices are two lists. P. Clark et al.
    /// (2018), <https://arxiv.org/abs/1803.05457>
    Arc,
    /// `HellaSwag`.
    HellaSwag,
    /// Objects with `context`, `choices` and `answer`.
    Plain,
}

const FORMATS: [(ChoiceFormat, &str); 3] = [
    (ChoiceFormat::Arc, "arc"),
    (ChoiceFormat::HellaSwag, "hellaswag"),
    (ChoiceFormat::Plain, "jsonl"),
];

impl FromStr for ChoiceFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = FORMATS.into_iter().find(|(_, name)| *name == text);
        found
            .map(|(format, _)| format)
            .ok_or_else(|| "expected arc, hellaswag or jsonl".to_owned())
    }
}

impl fmt::Display for ChoiceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FORMATS.into_iter().find(|(format, _)| format == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// A context with its possible continuations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceItem {
    /// What comes before each choice, which is joined to it by a blank.
    pub context: String,
    /// The choices.
    pub choices: Vec<String>,
    /// The right one, from 0.
    pub answer: usize,
}

/// Reads questions, one JSON object a line.
///
/// # Errors
/// [`FileError`] naming file and line if a key is missing, an item has fewer than two choices or an empty one, or not exactly one of
/// them is the answer. Items with equal choices are warned about.
pub fn load_choices(path: &Path, format: ChoiceFormat) -> Result<Vec<ChoiceItem>, FileError> {
    match format {
        ChoiceFormat::Arc => read(
            path,
            "objects with question.stem, question.choices and answerKey, or with question, choices.text, choices.label and answerKey (ARC)",
            arc,
        ),
        ChoiceFormat::HellaSwag => read(
            path,
            "objects with activity_label, ctx_a, ctx_b, endings and label (HellaSwag)",
            hellaswag,
        ),
        ChoiceFormat::Plain => read(path, "objects with context, choices and answer (from 0)", plain),
    }
}

fn read<T: DeserializeOwned>(
    path: &Path,
    expected: &str,
    item: fn(T) -> Result<ChoiceItem, String>,
) -> Result<Vec<ChoiceItem>, FileError> {
    let lines = json_lines::<T>(path, expected)?;
    let items = lines.into_iter().map(|(line, found)| {
        let item = item(found).map_err(|found| at_line(path, line, &found, expected))?;
        let n = item.choices.len();
        let problem = if n < 2 {
            Some(format!("{n} choices"))
        } else if item.choices.iter().any(|choice| choice.trim().is_empty()) {
            Some("an empty choice".to_owned())
        } else if item.answer >= n {
            Some(format!("answer {} of {n} choices", item.answer))
        } else {
            None
        };
        problem.map_or(Ok(item), |found| Err(at_line(path, line, &found, expected)))
    });
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let n_equal = items.iter().filter(|item| has_equal_choices(item)).count();
    if n_equal > 0 {
        tracing::warn!(
            "{}: {n_equal} of {} questions have equal choices, of which the first is picked",
            path.display(),
            items.len()
        );
    }
    Ok(items)
}

fn has_equal_choices(item: &ChoiceItem) -> bool {
    let mut seen = item.choices.iter().enumerate();
    seen.any(|(index, choice)| item.choices[..index].contains(choice))
}

#[derive(Deserialize)]
struct ArcLine {
    question: ArcQuestion,
    choices: Option<ArcLists>,
    #[serde(rename = "answerKey")]
    answer_key: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ArcQuestion {
    WithChoices { stem: String, choices: Vec<ArcChoice> },
    Stem(String),
}

#[derive(Deserialize)]
struct ArcChoice {
    text: String,
    label: String,
}

#[derive(Deserialize)]
struct ArcLists {
    text: Vec<String>,
    label: Vec<String>,
}

fn arc(line: ArcLine) -> Result<ChoiceItem, String> {
    let (stem, choices, labels) = match (line.question, line.choices) {
        (ArcQuestion::WithChoices { stem, choices }, None) => {
            let (choices, labels) = choices
                .into_iter()
                .map(|choice| (choice.text, choice.label))
                .unzip();
            (stem, choices, labels)
        }
        (ArcQuestion::Stem(stem), Some(ArcLists { text, label })) => (stem, text, label),
        _ => return Err("no choices, or choices both in the question and beside it".to_owned()),
    };
    let (n_choices, n_labels) = (choices.len(), labels.len());
    if n_choices != n_labels {
        return Err(format!("{n_choices} choices and {n_labels} labels"));
    }
    let key = line.answer_key;
    let mut named = (0..n_labels).filter(|&index| labels[index] == key);
    Ok(ChoiceItem {
        context: format!("Question: {stem}\nAnswer:"),
        answer: match (named.next(), named.next()) {
            (Some(answer), None) => answer,
            (None, _) => return Err(format!("answerKey {key:?}, which labels no choice")),
            (Some(_), Some(_)) => {
                return Err(format!("answerKey {key:?}, which labels two choices"));
            }
        },
        choices,
    })
}

#[derive(Deserialize)]
struct HellaSwagLine {
    activity_label: String,
    ctx_a: String,
    ctx_b: String,
    endings: Vec<String>,
    /// A number, or a text with a number in it; empty where the answers are secret.
    label: Value,
}

fn hellaswag(line: HellaSwagLine) -> Result<ChoiceItem, String> {
    let label = match &line.label {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|label| usize::try_from(label).ok()),
    };
    let context = format!(
        "{}: {} {}",
        line.activity_label,
        line.ctx_a,
        capitalised(&line.ctx_b)
    );
    Ok(ChoiceItem {
        context: cleaned(&context),
        choices: line.endings.iter().map(|ending| cleaned(ending)).collect(),
        answer: label.ok_or_else(|| format!("label {}", line.label))?,
    })
}

#[derive(Deserialize)]
struct PlainLine {
    context: String,
    choices: Vec<String>,
    answer: usize,
}

fn plain(line: PlainLine) -> Result<ChoiceItem, String> {
    Ok(ChoiceItem {
        context: line.context,
        choices: line.choices,
        answer: line.answer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn loaded(format: &str, content: &str) -> Result<Vec<ChoiceItem>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("items.jsonl");
        fs::write(&file, content).unwrap();
        load_choices(&file, format.parse().unwrap()).map_err(|e| e.to_string())
    }

    fn item(context: &str, choices: &[&str], answer: usize) -> ChoiceItem {
        ChoiceItem {
            context: context.to_owned(),
            choices: choices.iter().map(|&choice| choice.to_owned()).collect(),
            answer,
        }
    }

    #[test]
    fn published_forms_are_read() {
        let arc = r#"{"id": "1", "question": {"stem": "Why?", "choices": [{"text": "so", "label": "1"}, {"text": "no", "label": "2"}]},
                      "answerKey": "2"}"#
            .replace('\n', "");
        assert_eq!(
            loaded("arc", &arc).unwrap(),
            [item("Question: Why?\nAnswer:", &["so", "no"], 1)]
        );
        let lists = r#"{"id": "1", "question": "Why?", "choices": {"text": ["so", "no"], "label": ["1", "2"]}, "answerKey": "2"}"#;
        assert_eq!(loaded("arc", lists), loaded("arc", &arc));
        let hellaswag = r#"{"activity_label": "Lamps", "ctx_a": "A lamp.", "ctx_b": "the Lamp", "endings": ["[step] is.", "was  it."], "label": "1"}"#;
        assert_eq!(
            loaded("hellaswag", hellaswag).unwrap(),
            [item("Lamps: A lamp. The lamp", &[" is.", "was it."], 1)]
        );
        let plain = r#"{"context": "a ", "choices": ["b", "c"], "answer": 0}"#;
        assert_eq!(loaded("jsonl", plain).unwrap(), [item("a ", &["b", "c"], 0)]);
    }

    #[test]
    fn what_has_no_answer_is_refused_with_its_place() {
        for (format, content, part) in [
            (
                "jsonl",
                r#"{"context": "a", "choices": ["b", "c"], "answer": 2}"#,
                "answer 2 of 2 choices in line 1",
            ),
            (
                "jsonl",
                r#"{"context": "a", "choices": ["b"], "answer": 0}"#,
                "1 choices",
            ),
            (
                "jsonl",
                r#"{"context": "a", "choices": ["b", ""], "answer": 0}"#,
                "an empty choice",
            ),
            ("jsonl", r#"{"context": "a", "answer": 0}"#, "choices"),
            (
                "hellaswag",
                r#"{"activity_label": "a", "ctx_a": "b", "ctx_b": "c", "endings": ["d", "e"], "label": ""}"#,
                "label \"\"",
            ),
            (
                "arc",
                r#"{"question": {"stem": "a", "choices": [{"text": "b", "label": "A"}, {"text": "c", "label": "B"}]}, "answerKey": "1"}"#,
                "answerKey \"1\"",
            ),
            (
                "arc",
                r#"{"question": {"stem": "a", "choices": [{"text": "b", "label": "A"}, {"text": "c", "label": "A"}]}, "answerKey": "A"}"#,
                "which labels two choices",
            ),
            (
                "arc",
                r#"{"question": "a", "choices": {"text": ["b", "c"], "label": ["A"]}, "answerKey": "A"}"#,
                "2 choices and 1 labels",
            ),
            ("arc", r#"{"question": "a", "answerKey": "A"}"#, "no choices, or"),
        ] {
            let message = loaded(format, content).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
        assert!("ARC".parse::<ChoiceFormat>().is_err());
    }
}
