//! Reads `tokenizer.json` such that a broken file is an error.
//!
//! The tokenizers library panics on some malformed JSON and some malformed tables.

use std::path::Path;

use lpp_files::caught;
use serde::de::IgnoredAny;
use tokenizers::Tokenizer;

/// Reads the file; the error says what is wrong with it.
pub(crate) fn read(path: &Path) -> Result<Tokenizer, String> {
    let bytes = lpp_files::read_input(path).map_err(|e| e.to_string())?;
    serde_json::from_slice::<IgnoredAny>(&bytes)
        .map_err(|e| format!("not JSON: {e} (is the file complete?)"))?;
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
}
