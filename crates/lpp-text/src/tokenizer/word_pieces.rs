//! BERT's word pieces from `vocab.txt`, as in the Chinese GPT-2 models.

use std::fmt::Write as _;
use std::path::Path;

use lpp_files::most_rows;
use serde_json::Value;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{AddedToken, Tokenizer};

use crate::TextError;
use crate::tokenizer::adapt::template;
use crate::tokenizer::refused;
use crate::tokenizer::settings::Settings;

/// Longest word that is split into pieces; in the reference a longer one is unknown.
const LONGEST_WORD: usize = 100;

/// Memory counted for a token, in bytes. 400,000 tokens took 73 MiB, the text among them. Vocabularies of 500,000 tokens in
/// 5 MB, which multilingual models have, pass.
const MEMORY_OF_TOKEN: usize = 128;

/// A tokenizer as made by transformers' converter of the slow class; settings for case and accents are applied later.
pub(super) fn tokenizer(vocab: &Path, settings: &Settings) -> Result<Tokenizer, TextError> {
    if settings.switch("do_basic_tokenize") == Some(false) {
        return Err(refused(
            vocab,
            &"do_basic_tokenize is false, which is not supported",
        ));
    }
    lpp_files::refuse_pointer(vocab)?;
    let text = lpp_files::read_input_text(vocab).map_err(TextError::read(vocab))?;
    let token = |name: &str| {
        settings
            .token(name)
            .ok_or_else(|| refused(vocab, &format!("there is no {name}")))
    };
    let (cls, sep, unk) = (token("cls_token")?, token("sep_token")?, token("unk_token")?);
    // A token a line, whatever system wrote it.
    if !text.lines().any(|token| token == unk) {
        return Err(refused(vocab, &format!("{unk:?} is not in it")));
    }
    let (found, most) = (text.lines().count(), most_rows(text.len(), MEMORY_OF_TOKEN));
    if found > most {
        let reason = format!("{found} tokens; a file of its length may have {most}");
        return Err(refused(vocab, &reason));
    }
    let model = format!(
        "{{\"type\": \"WordPiece\", \"unk_token\": {}, \"continuing_subword_prefix\": \"##\", \
         \"max_input_chars_per_word\": {LONGEST_WORD}, \"vocab\": {}}}",
        Value::from(unk),
        entries(&text)
    );
    let pieces: WordPiece = serde_json::from_str(&model).map_err(|e| refused(vocab, &e))?;
    let mut tokenizer = Tokenizer::new(pieces);
    tokenizer.with_normalizer(Some(BertNormalizer::default()));
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.add_special_tokens(&[cls.clone(), sep.clone()].map(|token| AddedToken::from(token, true)));
    let template = template(&tokenizer, Some(&cls), Some(&sep)).map_err(|e| refused(vocab, &e))?;
    tokenizer.with_post_processor(Some(template));
    Ok(tokenizer)
}

/// The tokens with their ids as a JSON object, in which the last of two equal tokens counts.
fn entries(text: &str) -> String {
    let mut entries = String::from("{");
    for (id, token) in text.lines().enumerate() {
        let comma = if id == 0 { "" } else { "," };
        let _ = write!(entries, "{comma}{}:{id}", Value::from(token));
    }
    entries.push('}');
    entries
}
