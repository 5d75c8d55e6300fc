//! The length of special and added tokens, which the library looks for in each text.

use serde::Deserialize;
use serde_json::Value;

/// Longest special or added token, in bytes; real ones have some tens. The library builds an automaton of them, in a time
/// that grows with the square of the length if a token repeats itself: 19 s for 10,000 characters.
const LONGEST: usize = 512;

/// Refuses special or added tokens that are too long.
pub(super) fn check<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    match tokens.into_iter().find(|token| token.len() > LONGEST) {
        Some(token) => Err(format!(
            "a special or added token of {} bytes; at most {LONGEST} are allowed",
            token.len()
        )),
        None => Ok(()),
    }
}

/// The same for the added tokens of a `tokenizer.json`. Lists of another form are the library's to refuse.
pub(super) fn check_json(json: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        added_tokens: Value,
    }
    let Ok(file) = serde_json::from_slice::<File>(json) else {
        return Ok(());
    };
    let added = file.added_tokens.as_array().into_iter().flatten();
    check(added.filter_map(|token| token.get("content")?.as_str()))
}
