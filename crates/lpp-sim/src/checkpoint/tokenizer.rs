//! Tokenizers in which every word of the story is one token.
//!
//! Both kinds are pair-merge tokenizers whose merges build a word from its first character to its end. The first
//! character is the mark of a space or a capital, which occur nowhere else in a word, so nothing merges in between.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::story::vocabulary;

/// A token and its word, if the token is a whole word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) word: Option<String>,
}

/// A tokenizer: the vocabulary by id, and the files that describe it.
#[derive(Debug)]
pub(crate) struct SimulatedTokenizer {
    pub(crate) tokens: Vec<Token>,
    /// `tokenizer.json`.
    pub(crate) json: Value,
    /// `tokenizer_config.json`.
    pub(crate) config: Value,
}

const END_OF_TEXT: &str = "<|endoftext|>";

/// A byte-level pair tokenizer like that of GPT-2.
pub(crate) fn byte_level() -> SimulatedTokenizer {
    let alphabet = (0..=255).map(|byte| byte_level_sign(byte).to_string());
    let (words, merges) = grown_words('Ġ');
    let mut tokens: Vec<Token> = alphabet.map(bare).collect();
    tokens.extend(words);
    tokens.push(bare(END_OF_TEXT));
    let end = tokens.len() - 1;
    let json = json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
        "added_tokens": [added_token(end, END_OF_TEXT)],
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "vocab": ids(&tokens), "merges": merges},
    });
    let config = json!({"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": false, "bos_token": END_OF_TEXT,
        "eos_token": END_OF_TEXT, "unk_token": END_OF_TEXT});
    SimulatedTokenizer { tokens, json, config }
}

/// A pair tokenizer over code points with a fallback to bytes, like that of Llama, with `<s>` before each text.
pub(crate) fn sentence_piece() -> SimulatedTokenizer {
    let mut tokens: Vec<Token> = ["<unk>", "<s>", "</s>"].into_iter().map(bare).collect();
    tokens.extend((0..=255).map(|byte| bare(format!("<0x{byte:02X}>"))));
    let letters = ('a'..='z').chain('A'..='Z').chain(['▁', '.', ',', ';', '?', '"']);
    tokens.extend(letters.map(|c| bare(c.to_string())));
    let (words, merges) = grown_words('▁');
    tokens.extend(words);
    let json = json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [added_token(0, "<unk>"), added_token(1, "<s>"), added_token(2, "</s>")],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": null,
        "post_processor": {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
            {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
            "vocab": ids(&tokens), "merges": merges},
    });
    let config = json!({"tokenizer_class": "LlamaTokenizer", "add_bos_token": true, "add_eos_token": false,
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": null});
    SimulatedTokenizer { tokens, json, config }
}

/// The tokens and merges for every form of every word: `▁word` and `▁Word` within a line, `Word` at its start and after
/// a quotation mark. Shorter merges come first.
fn grown_words(space: char) -> (Vec<Token>, Vec<[String; 2]>) {
    let words = vocabulary();
    let forms: Vec<(String, &str)> = words
        .iter()
        .flat_map(|word| {
            let capital = capitalised(word);
            [
                (format!("{space}{word}"), word.as_str()),
                (format!("{space}{capital}"), word),
                (capital, word),
            ]
        })
        .collect();
    let grown: BTreeSet<(usize, String)> = forms
        .iter()
        .flat_map(|(form, _)| {
            let signs: Vec<char> = form.chars().collect();
            (2..=signs.len()).map(move |n| (n, signs[..n].iter().collect()))
        })
        .collect();
    let word_of = |text: &str| {
        forms
            .iter()
            .find(|(form, _)| form == text)
            .map(|(_, word)| (*word).to_owned())
    };
    let tokens = grown
        .iter()
        .map(|(_, text)| Token {
            text: text.clone(),
            word: word_of(text),
        })
        .collect();
    let merges = grown.iter().filter_map(|(_, text)| {
        let (at, last) = text.char_indices().next_back()?;
        Some([text[..at].to_owned(), last.to_string()])
    });
    (tokens, merges.collect())
}

fn capitalised(word: &str) -> String {
    let mut signs = word.chars();
    signs
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// The character for a byte in byte-level vocabularies: itself if it is visible, otherwise one above U+0100 (A. Radford
/// et al. 2019, `encoder.py`).
fn byte_level_sign(byte: u8) -> char {
    let visible = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    if visible(byte) {
        return char::from(byte);
    }
    let hidden_before = (0..byte).filter(|&b| !visible(b)).count();
    // 68 bytes are hidden, so the code point is below U+0144.
    u32::try_from(hidden_before)
        .ok()
        .and_then(|n| char::from_u32(0x100 + n))
        .unwrap_or('\u{fffd}')
}

fn bare(text: impl Into<String>) -> Token {
    Token {
        text: text.into(),
        word: None,
    }
}

fn ids(tokens: &[Token]) -> Value {
    tokens
        .iter()
        .enumerate()
        .map(|(id, token)| (token.text.clone(), json!(id)))
        .collect()
}

fn added_token(id: usize, text: &str) -> Value {
    json!({"id": id, "content": text, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
        "special": true})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_and_newline_have_their_known_signs() {
        assert_eq!(
            (
                byte_level_sign(b' '),
                byte_level_sign(b'\n'),
                byte_level_sign(b'a')
            ),
            ('Ġ', 'Ċ', 'a')
        );
    }

    #[test]
    fn tokens_are_distinct() {
        for tokenizer in [byte_level(), sentence_piece()] {
            let distinct: BTreeSet<&str> = tokenizer.tokens.iter().map(|t| t.text.as_str()).collect();
            assert_eq!(distinct.len(), tokenizer.tokens.len());
            assert!(
                tokenizer
                    .tokens
                    .iter()
                    .any(|t| t.word.as_deref() == Some("forest"))
            );
        }
    }
}
