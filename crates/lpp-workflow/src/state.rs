//! Whether a step is done, and if not, why.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lpp_files::{FileHash, HashMemo, way_out};
use lpp_steps::{Artefact, Completion, Provenance, counts_as_current};
use lpp_study::Study;
use serde::Serialize;

use crate::call::Call;

use crate::hashes::has_length;
use crate::place::{VERSION, place_of, relative};
use crate::record::StepRecord;
use crate::regular::regular;

/// Whether a step is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "lowercase")]
pub enum State {
    /// Its outputs exist and were made from the current inputs.
    Done,
    /// Its outputs exist, but something has changed.
    Stale(String),
    /// Outputs are missing.
    Todo(String),
    /// It cannot start because an input is missing that no step makes.
    Blocked(String),
}

impl State {
    /// One word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Stale(_) => "stale",
            Self::Todo(_) => "to do",
            Self::Blocked(_) => "blocked",
        }
    }

    /// Why it is not done; empty if it is.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Done => "",
            Self::Stale(reason) | Self::Todo(reason) | Self::Blocked(reason) => reason,
        }
    }
}

/// Looks at the files of a study.
#[derive(Debug)]
pub(crate) struct Inspector<'a> {
    pub(crate) study: &'a Study,
    pub(crate) hashes: &'a HashMemo,
}

impl Inspector<'_> {
    /// The state of every step, one that waits for another's output included.
    pub(crate) fn states(&self, steps: &[Call]) -> Vec<State> {
        let mut states: Vec<State> = Vec::with_capacity(steps.len());
        let mut changing: BTreeSet<&Path> = BTreeSet::new();
        for step in steps {
            let mut state = self.state(step, |input| changing.contains(input));
            if state == State::Done
                && let Some(input) = step.all_inputs().find(|input| changing.contains(input.as_path()))
            {
                state = State::Stale(format!("{} will be remade", input.display()));
            }
            if state != State::Done {
                changing.extend(step.outputs.iter().map(|output| output.path.as_path()));
            }
            states.push(state);
        }
        self.say_what_is_older(steps, &states);
        states
    }

    /// Says how many files of an earlier version are kept.
    fn say_what_is_older(&self, steps: &[Call], states: &[State]) {
        let done = steps
            .iter()
            .zip(states)
            .filter(|(step, state)| **state == State::Done && matches!(step.check, Completion::Provenance));
        let records = done
            .flat_map(|(step, _)| &step.outputs)
            .filter_map(|output| Provenance::load(&self.study.root().join(&output.path)).ok());
        let n_older = records.filter(|made| made.version() != VERSION).count();
        if n_older > 0 {
            tracing::warn!(
                "{n_older} files were made by an earlier version and are kept; CHANGELOG.md tells under Numbers what has changed \
                 since (delete a file to have it made again)"
            );
        }
    }

    /// The state of one step; `will_be_made` returns whether a missing input will be made.
    pub(crate) fn state(&self, step: &Call, will_be_made: impl Fn(&Path) -> bool) -> State {
        let absent = |path: &&PathBuf| !self.study.root().join(path).exists();
        // The program would omit the same outputs again as long as its inputs are the same.
        let left_out = step.may_leave_out && self.record(step).is_none();
        let never_written =
            |output: &&Artefact| output.was_never_written(&self.study.root().join(&output.path));
        let expected = step.outputs.iter().filter(|output| !never_written(output));
        let lacking = expected.map(|output| &output.path).find(absent);
        if let Some(output) = lacking.filter(|_| !left_out) {
            let lacking = step
                .inputs
                .iter()
                .filter(absent)
                .find(|input| !will_be_made(input));
            return match lacking {
                Some(input) => State::Blocked(self.missing(input)),
                None => State::Todo(format!("{} does not exist", output.display())),
            };
        }
        if step.outputs.is_empty() && StepRecord::load(self.study, &step.id).is_none() {
            return State::Todo("lpp-run has no record that it finished".to_owned());
        }
        let reason = match step.check {
            Completion::Presence => None,
            Completion::Provenance => {
                let there = step.outputs.iter().filter(|output| !absent(&&output.path));
                there.into_iter().find_map(|output| self.artefact(output))
            }
            Completion::Record => self.record(step),
        };
        reason.map_or(State::Done, State::Stale)
    }

    /// The message for a missing input, with what to do.
    fn missing(&self, input: &Path) -> String {
        let hint = way_out(&self.study.root().join(input));
        let separator = if hint.is_empty() { "" } else { "; " };
        format!("{} is missing{separator}{hint}", input.display())
    }

    /// The reason why a file is not up to date.
    fn artefact(&self, artefact: &Artefact) -> Option<String> {
        let path = self.study.root().join(&artefact.path);
        let name = artefact.path.display();
        let Ok(made) = Provenance::load(&path) else {
            return Some(format!("{name} has no record of how it was made"));
        };
        if !made.is_of_version(VERSION) {
            return Some(format!("{name} was made by version {}", made.version()));
        }
        for (parameter, wanted) in &artefact.parameters {
            let had = made.parameters.get(parameter);
            if had != Some(wanted) {
                let had = had.map_or_else(|| "not known".to_owned(), short);
                return Some(format!("{parameter} is {}, was {had}", short(wanted)));
            }
        }
        if !self.agrees(&path, &made.output) {
            return Some(format!("{name} was changed after it was made"));
        }
        self.inputs(&made.inputs, &artefact.inputs)
    }

    /// Whether a file has the length and the hash of its record.
    fn agrees(&self, path: &Path, recorded: &FileHash) -> bool {
        has_length(path, recorded) && self.hashes.of_regular(path).as_ref() == Some(&recorded.sha256)
    }

    /// Whether the recorded inputs are unchanged and complete.
    fn inputs(&self, recorded: &[FileHash], wanted: &[PathBuf]) -> Option<String> {
        for input in recorded {
            // An input that was removed since, to save space say, does no harm.
            let Some(place) = place_of(self.study, &input.path) else {
                continue;
            };
            let has_other_length = regular(&place).is_some() && !has_length(&place, input);
            let has_other_hash = || {
                let hash = self.hashes.of_regular(&place);
                hash.is_some_and(|hash| hash != input.sha256)
            };
            if has_other_length || has_other_hash() {
                return Some(format!("{} has changed", relative(self.study, &place).display()));
            }
        }
        let known: BTreeSet<&str> = recorded.iter().map(|input| input.sha256.as_str()).collect();
        wanted.iter().find_map(|input| {
            let hash = self.hashes.of_regular(&self.study.root().join(input))?;
            (!known.contains(hash.as_str())).then(|| format!("{} is new", input.display()))
        })
    }

    fn record(&self, step: &Call) -> Option<String> {
        let Some(record) = StepRecord::load(self.study, &step.id) else {
            return Some("lpp-run has no record that it finished".to_owned());
        };
        if !counts_as_current(step.program, &record.version, VERSION) {
            return Some(format!("it was run by version {}", record.version));
        }
        if record.arguments != step.arguments {
            return Some(format!("it was run as {}", record.arguments.join(" ")));
        }
        for output in &record.outputs {
            if !self.agrees(&self.study.root().join(&output.path), output) {
                return Some(format!("{} was changed after it was made", output.path.display()));
            }
        }
        let wanted: Vec<PathBuf> = step.all_inputs().cloned().collect();
        self.inputs(&record.inputs, &wanted)
    }
}

/// A value, shortened to fit on a line.
fn short(value: &serde_json::Value) -> String {
    const MOST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
