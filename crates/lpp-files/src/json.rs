//! JSON of unknown origin: what a document will take in memory is estimated before anything is built.
//!
//! `[{"":0},{"":0}]` takes a hundred times its length as maps, so that a limit on the length of a file would not do.

use serde::de::{DeserializeOwned, Error as _};
use serde_json::Error;

use crate::json_costs::estimate;

/// What the values of a document may take besides the memory in proportion to its length.
const SPARE: usize = 60 << 20;

/// How many times its length a document may take; the text itself is in memory too.
const TIMES: usize = 3;

/// The same for a vocabulary of tokens: how many times its length, and most of all. The library for tokenizers builds
/// values first: 256,000 tokens and 494,000 merges in 9 MiB, as in the largest published files, take 296 MiB.
const TIMES_OF_VOCABULARY: usize = 32;
const MOST_OF_VOCABULARY: usize = 512 << 20;

/// Parses JSON as `serde_json::from_slice` does, if its values will fit into 60 MiB and three times its length.
///
/// ```
/// let many = format!("[{}0]", "{\"\":0},".repeat(1_000_000));
/// assert!(lpp_files::json::from_slice::<serde_json::Value>(many.as_bytes()).is_err());
/// assert_eq!(lpp_files::json::from_slice::<Vec<u8>>(b"[1, 2]").ok(), Some(vec![1, 2]));
/// ```
///
/// # Errors
/// A syntax error, nesting deeper than 128, or values that would take too much memory.
pub fn from_slice<T: DeserializeOwned>(text: &[u8]) -> Result<T, Error> {
    check_values(text)?;
    serde_json::from_slice(text)
}

/// As [`from_slice`].
///
/// # Errors
/// A syntax error, nesting deeper than 128, or values that would take too much memory.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    from_slice(text.as_bytes())
}

/// As [`from_slice`], for a type that takes at most three quarters of a `serde_json::Value`: a third more values pass.
///
/// # Errors
/// A syntax error, nesting deeper than 128, or values that would take too much memory.
pub fn from_compact_str<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    check(text.as_bytes(), SPARE / 3 * 4 + TIMES * text.len())?;
    serde_json::from_str(text)
}

/// Refuses a file with a vocabulary of tokens if its values take more than 60 MiB and 32 times its length, or more than
/// 512 MiB and three times its length.
///
/// # Errors
/// The estimated memory of the values and the limit.
pub fn check_vocabulary(text: &[u8]) -> Result<(), Error> {
    let by_length = SPARE + TIMES_OF_VOCABULARY * text.len();
    let most = MOST_OF_VOCABULARY + TIMES * text.len();
    check(text, by_length.min(most))
}

/// Refuses a document as [`from_slice`] does.
pub(crate) fn check_values(text: &[u8]) -> Result<(), Error> {
    check(text, SPARE + TIMES * text.len())
}

/// Refuses a document whose values take more than `allowed`.
fn check(text: &[u8], allowed: usize) -> Result<(), Error> {
    let needed = estimate(text).map_err(Error::custom)?;
    if needed <= allowed {
        return Ok(());
    }
    let [needed, allowed] = [needed, allowed].map(|bytes| bytes >> 20);
    Err(Error::custom(format!(
        "values that take {needed} MiB, expected at most {allowed} MiB in a document of its length"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn list_of(part: &str, n: usize) -> String {
        format!("[{}0]", format!("{part},").repeat(n))
    }

    #[test]
    fn documents_of_many_small_values_are_refused_before_they_are_built() {
        for part in ["{\"\":0}", "0", "[0]", "\"\"", "{\"a\":[{}]}"] {
            let text = list_of(part, 2_000_000);
            let error = from_str::<Value>(&text).unwrap_err().to_string();
            assert!(error.contains("MiB") && error.len() < 200, "{error}");
        }
        let members: Vec<_> = (0..1_000_000).map(|i| format!("\"{i}\":0,")).collect();
        let members = members.concat();
        assert!(from_slice::<Value>(format!("{{{members}\"a\":0}}").as_bytes()).is_err());
    }

    #[test]
    fn nested_documents_and_broken_ones_are_errors() {
        for text in [
            "[".repeat(1 << 20),
            "{\"a\":".repeat(200),
            "[1".into(),
            "]]".into(),
            "\"a".into(),
            "\"\\".into(),
        ] {
            assert!(from_str::<Value>(&text).is_err());
        }
    }

    #[test]
    fn real_documents_pass() {
        let inputs = r#"{"path": "studies/mine/derivatives/sub-EN057_run-15_bold.nii.gz", "bytes": 123456789,
            "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;
        assert!(from_str::<Value>(&list_of(inputs, 50_000)).is_ok());
        let shard = |i| {
            format!(
                "\"model.layers.{i}.mlp.experts.255.down_proj.weight\":\"model-00001-of-00163.safetensors\","
            )
        };
        let shards: String = (0..100_000).map(shard).collect();
        assert!(from_str::<Value>(&format!("{{{shards}\"a\":\"\"}}")).is_ok());
        assert!(from_str::<Value>(&format!("[\"{}\"]", "[{,".repeat(1 << 20))).is_ok());
        assert!(from_str::<Value>(&list_of("0.123456", 300_000)).is_ok());
    }
}
