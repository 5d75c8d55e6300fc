//! Records of form 1, in which some parameters were the names of Rust types or English sentences.

use std::collections::BTreeMap;

use serde_json::Value;

/// Converts the parameters of a record of form 1 to the current form, so that an existing study is not recomputed.
pub(crate) fn modernise(parameters: &mut BTreeMap<String, Value>) {
    for (parameter, value) in parameters.iter_mut() {
        if let Some(new) = value.as_str().and_then(|old| renamed(parameter, old)) {
            *value = new.into();
        }
    }
    if let Some(Value::String(sentence)) = parameters.get("null").cloned() {
        let (orders, penalties) = sentence.split_once(", penalties ").unwrap_or((&sentence, ""));
        let n_scans = orders.strip_prefix("permuted blocks of ");
        let n_scans = n_scans.and_then(|rest| rest.strip_suffix(" scans"));
        let order = n_scans.map_or_else(|| "circular".to_owned(), |n| format!("blocks:{n}"));
        parameters.insert("null".to_owned(), order.into());
        parameters.insert("null_refit".to_owned(), (penalties == "chosen anew").into());
    }
}

/// The program whose records lack settings.
pub(crate) const FIT_PROGRAM: &str = "lpp-fit";

/// Adds the settings of fits that records did not name while they had only one value.
pub(crate) fn complete(parameters: &mut BTreeMap<String, Value>) {
    if !["alphas", "inner", "trim_scans"]
        .iter()
        .all(|key| parameters.contains_key(*key))
    {
        return;
    }
    let defaults = [
        ("hrf", Value::from("glover")),
        ("metric", "pearson".into()),
        ("alpha_scope", "global".into()),
        ("folds", "runs".into()),
        ("gap_scans", 0.into()),
    ];
    for (name, value) in defaults {
        parameters.entry(name.to_owned()).or_insert(value);
    }
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
    use serde_json::json;

    fn modern(old: Value) -> Value {
        let mut parameters = serde_json::from_value(old).unwrap();
        modernise(&mut parameters);
        json!(parameters)
    }

    #[test]
    fn a_fit_without_response_and_folds_had_those_of_the_paper() {
        let completed = |record: Value| {
            let mut parameters = serde_json::from_value(record).unwrap();
            complete(&mut parameters);
            json!(parameters)
        };
        let old = json!({ "alphas": [1.0], "inner": "first", "trim_scans": 10 });
        let new = json!({
            "alphas": [1.0], "inner": "first", "trim_scans": 10,
            "hrf": "glover", "metric": "pearson", "alpha_scope": "global", "folds": "runs", "gap_scans": 0,
        });
        assert_eq!(completed(old), new);
        let other = json!({ "alphas": [1.0], "inner": "first", "trim_scans": 10, "hrf": "spm", "metric": "r2",
            "alpha_scope": "target", "folds": "chunks:4", "gap_scans": 5 });
        assert_eq!(completed(other.clone()), other);
        assert_eq!(
            completed(json!({ "inner": "first" })),
            json!({ "inner": "first" })
        );
    }

    #[test]
    fn names_of_types_and_sentences_become_settings() {
        let old = json!({
            "alpha_search": "Screened { n_first: 1024 }", "inner": "First", "precision": "Single", "model": "Single",
            "null": "permuted blocks of 15 scans, penalties chosen anew",
        });
        let new = json!({
            "alpha_search": "screened", "inner": "first", "precision": "f32", "model": "Single",
            "null": "blocks:15", "null_refit": true,
        });
        assert_eq!(modern(old), new);
        let circular = json!({ "null": "circular", "null_refit": false });
        assert_eq!(
            modern(json!({ "null": "circular shifts, penalties fixed" })),
            circular
        );
    }
}
