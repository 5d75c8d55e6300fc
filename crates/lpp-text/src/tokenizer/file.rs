//! Reads `tokenizer.json` such that a broken file is an error.
//!
//! The tokenizers library panics on some malformed JSON and some malformed tables.

use std::path::Path;

use lpp_files::caught;
use lpp_files::json::check_vocabulary;
use serde::de::IgnoredAny;
use tokenizers::Tokenizer;

use super::{growth, token_length};

/// Reads the file; the error says what is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Tokenizer, String> {
    let bytes = lpp_files::read_input(path).map_err(|e| e.to_string())?;
    serde_json::from_slice::<IgnoredAny>(&bytes)
        .map_err(|e| format!("not JSON: {e} (is the file complete?)"))?;
    check_vocabulary(&bytes).map_err(|e| e.to_string())?;
    // Before the library has it, which normalises the tokens that the file adds.
    growth::check(&bytes)?;
    token_length::check_json(&bytes)?;
    match caught(|| Tokenizer::from_bytes(&bytes)) {
        Ok(tokenizer) => tokenizer.map_err(|e| e.to_string()),
        Err(panic) => Err(format!("an invalid part: {panic}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path()).unwrap_err()
    }

    /// A byte-level tokenizer of two letters.
    const WHOLE: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}"#;

    #[test]
    fn every_cut_is_a_reason_of_one_line() {
        for n in (0..WHOLE.len()).step_by(7) {
            let reason = reason(&WHOLE[..n]);
            assert!(reason.contains("not JSON") && reason.len() < 200, "{reason}");
        }
    }

    #[test]
    fn parts_that_make_the_library_panic_are_reasons() {
        let precompiled = r#""normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}"#;
        for text in [
            WHOLE.replace("\"normalizer\": null", precompiled),
            WHOLE.replace("\"normalizer\": null", &precompiled.replace("\"AAAA\"", "17")),
            WHOLE.replace(
                "\"decoder\": {\"type\": \"ByteLevel\",",
                "\"decoder\": {\"type\": \"Nix\",",
            ),
            WHOLE.replace("\"merges\": []", "\"merges\": [\"a\"]"),
            WHOLE.replace("\"vocab\": {", "\"vocab\": {\"c\": -1, "),
        ] {
            assert!(text != WHOLE);
            let reason = reason(&text);
            assert!(reason.len() < 300 && !reason.contains("not JSON"), "{reason}");
        }
    }

    #[test]
    fn steps_that_multiply_a_text_are_reasons() {
        let double = r#"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#;
        let steps = format!(
            r#""normalizer": {{"type": "Sequence", "normalizers": [{}]}}"#,
            vec![double; 40].join(", ")
        );
        let reason = reason(&WHOLE.replace("\"normalizer\": null", &steps));
        assert!(reason.contains("characters of one; at most 100"), "{reason}");
    }

    #[test]
    fn a_long_added_token_is_a_reason() {
        let added = |length: usize| {
            let content = "a".repeat(length);
            let token = format!(
                r#"{{"id": 2, "content": "{content}", "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true}}"#
            );
            WHOLE.replace("\"added_tokens\": []", &format!("\"added_tokens\": [{token}]"))
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), added(512)).unwrap();
        assert!(read(file.path()).is_ok());
        let reason = reason(&added(513));
        assert!(reason.contains("513 bytes; at most 512"), "{reason}");
    }

    #[test]
    fn a_large_vocabulary_passes_and_many_small_values_do_not() {
        let entries: Vec<_> = (0..256_000)
            .map(|id| format!("\"token{id}\":{},", id + 2))
            .collect();
        let entries = entries.concat();
        let merges = vec![r#"["token1","token2"]"#; 500_000].join(",");
        let large = WHOLE
            .replace("\"a\": 0", &format!("{entries}\"a\": 0"))
            .replace("\"merges\": []", &format!("\"merges\": [{merges}]"));
        assert!(check_vocabulary(large.as_bytes()).is_ok());
        let small = format!("\"unknown\": [{}0], \"merges\": []", "{\"\":0},".repeat(200_000));
        let reason = reason(&WHOLE.replace("\"merges\": []", &small));
        assert!(reason.contains("MiB"), "{reason}");
    }
}
