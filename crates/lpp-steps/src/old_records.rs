//! Records of form 1, in which some parameters were the names of Rust types or English sentences.

use serde_json::{Value, json};

use crate::Provenance;
use crate::provenance::FORM;

/// A record of form 1 in today's words, so that a study made before is not made again.
pub(crate) fn modern(mut record: Provenance) -> Provenance {
    for (parameter, value) in &mut record.parameters {
        if let Some(new) = value.as_str().and_then(|old| renamed(parameter, old)) {
            *value = new.into();
        }
    }
    if let Some(Value::String(sentence)) = record.parameters.get("null").cloned() {
        let (orders, penalties) = sentence.split_once(", penalties ").unwrap_or((&sentence, ""));
        let n_scans = orders.strip_prefix("permuted blocks of ");
        let n_scans = n_scans.and_then(|rest| rest.strip_suffix(" scans"));
        let order = n_scans.map_or_else(|| "circular".to_owned(), |n| format!("blocks:{n}"));
        record.parameters.insert("null".to_owned(), json!(order));
        let refit = penalties == "chosen anew";
        record.parameters.insert("null_refit".to_owned(), json!(refit));
    }
    record.form = FORM;
    record
}

fn renamed(parameter: &str, old: &str) -> Option<&'static str> {
    let word = old.split([' ', '{', '(']).next().unwrap_or_default();
    Some(match (parameter, word) {
        ("alpha_search", "Screened") => "screened",
        ("alpha_search", "Exhaustive") => "exhaustive",
        ("inner", "First") => "first",
        ("inner", "All") => "all",
        ("precision", "Single") => "f32",
        ("precision", "Double") => "f64",
        ("interpolation", "Cubic") => "cubic",
        ("interpolation", "Nearest") => "nearest",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_types_and_sentences_become_settings() {
        let record = |parameters: Value| -> Provenance {
            let file = json!({ "path": "x", "bytes": 0, "sha256": "" });
            serde_json::from_value(json!({
                "software": "lpp-fit 0.1.0", "commit": null, "command": [], "parameters": parameters, "inputs": [],
                "output": file, "wall_s": 0.0, "peak_memory_bytes": 0,
            }))
            .unwrap()
        };
        let old = record(json!({
            "alpha_search": "Screened { n_first: 1024 }", "inner": "First", "precision": "Single", "model": "Single",
            "null": "permuted blocks of 15 scans, penalties chosen anew",
        }));
        assert_eq!(old.form, 1);
        let new = modern(old);
        let expected = json!({
            "alpha_search": "screened", "inner": "first", "precision": "f32", "model": "Single",
            "null": "blocks:15", "null_refit": true,
        });
        assert_eq!((json!(new.parameters), new.form), (expected, FORM));
        let circular = modern(record(json!({ "null": "circular shifts, penalties fixed" })));
        assert_eq!(
            json!(circular.parameters),
            json!({ "null": "circular", "null_refit": false })
        );
    }
}
