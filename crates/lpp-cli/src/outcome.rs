//! What programs say of the files that they wrote, in lines or as JSON, alike in all of them.

use std::path::{Path, PathBuf};

use lpp_files::recorded_text;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::args::CommonArgs;
use crate::program::{print_json, print_line};

/// A file that a program wrote or found up to date.
///
/// As a line: `scores/gpt2_en.npy: written, 13 layers`. With `--json`: an object with `path`, `up_to_date` and the named facts.
#[derive(Debug, Clone)]
pub struct Outcome {
    path: PathBuf,
    up_to_date: bool,
    words: Vec<String>,
    facts: Map<String, Value>,
}

impl Outcome {
    /// A file and whether it was up to date.
    #[must_use]
    pub fn new(path: &Path, up_to_date: bool) -> Self {
        Self {
            path: path.to_owned(),
            up_to_date,
            words: Vec::new(),
            facts: Map::new(),
        }
    }

    /// Adds a number of things: 13 `layers`, under the name `n_layers` in JSON.
    #[must_use]
    pub fn count(self, things: &str, n: usize) -> Self {
        let name = format!("n_{}", things.replace(' ', "_"));
        self.fact(&name, n, &counted(n as u64, things))
    }

    /// Adds a fact: its name and value in JSON, and its words in the line, none if they are empty. NaN becomes null in JSON.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Serialize, words: &str) -> Self {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.facts.insert(name.to_owned(), value);
        if !words.is_empty() {
            self.words.push(words.to_owned());
        }
        self
    }

    fn line(&self) -> String {
        let state = if self.up_to_date { "up to date" } else { "written" };
        let state = [state.to_owned()];
        let words: Vec<String> = state.into_iter().chain(self.words.clone()).collect();
        format!("{}: {}", self.path.display(), words.join(", "))
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("path".to_owned(), recorded_text(self.path.as_os_str()).into());
        object.insert("up_to_date".to_owned(), self.up_to_date.into());
        object.extend(self.facts.clone());
        object.into()
    }
}

/// A number of things: `1 story`, `2 stories`.
#[must_use]
pub fn counted(n: u64, things: &str) -> String {
    let words = if n == 1 { one_of(things) } else { things.to_owned() };
    format!("{n} {words}")
}

/// One of some things that a single word names: `stories` becomes `story`.
fn one_of(things: &str) -> String {
    let endings = [("ies", "y"), ("ices", "ex"), ("s", "")];
    let found = endings
        .iter()
        .find_map(|(many, one)| Some((things.strip_suffix(many)?, one)));
    match found {
        Some((stem, ending)) if !things.contains(' ') => format!("{stem}{ending}"),
        _ => things.to_owned(),
    }
}

/// Prints a line for each outcome or, with `--json`, one object `{"outputs": [...]}`.
///
/// # Errors
/// If stdout cannot be written to.
pub fn print_outcomes(common: &CommonArgs, outcomes: &[Outcome]) -> anyhow::Result<()> {
    if common.json() {
        let outputs: Vec<Value> = outcomes.iter().map(Outcome::json).collect();
        return print_json(&json!({ "outputs": outputs }));
    }
    outcomes.iter().try_for_each(|outcome| print_line(outcome.line()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_object_say_the_same() {
        let outcome = Outcome::new(Path::new("x.npy"), false)
            .count("empty runs", 2)
            .fact("mean", f64::NAN, "");
        assert_eq!(outcome.line(), "x.npy: written, 2 empty runs");
        let expected = json!({ "path": "x.npy", "up_to_date": false, "n_empty_runs": 2, "mean": null });
        assert_eq!(outcome.json(), expected);
        let one = Outcome::new(Path::new("x"), true)
            .count("stories", 1)
            .count("on both sides", 1);
        assert_eq!(one.line(), "x: up to date, 1 story, 1 on both sides");
    }
}
