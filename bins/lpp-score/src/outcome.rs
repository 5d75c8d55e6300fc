//! Summaries as facts of an outcome.

use lpp_cli::Outcome;
use serde::Serialize;
use serde_json::Value;

/// The outcome with each field of a summary as a fact.
pub(crate) fn with_facts(outcome: Outcome, summary: &impl Serialize) -> Outcome {
    match serde_json::to_value(summary) {
        Ok(Value::Object(fields)) => fields
            .into_iter()
            .fold(outcome, |outcome, (name, value)| outcome.fact(&name, value, "")),
        _ => outcome,
    }
}
