//! BERT's word pieces from `vocab.txt`, as in the Chinese GPT-2 models.

use std::path::Path;

use serde_json::{Map, Value, json};
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
    // A token a line, whatever system wrote it; the last of two equal ones counts.
    let entries = text
        .lines()
        .zip(0_u32..)
        .map(|(token, id)| (token.to_owned(), json!(id)));
    let entries: Map<String, Value> = entries.collect();
    let token = |name: &str| {
        settings
            .token(name)
            .ok_or_else(|| refused(vocab, &format!("there is no {name}")))
    };
    let (cls, sep, unk) = (token("cls_token")?, token("sep_token")?, token("unk_token")?);
    if !entries.contains_key(&unk) {
        return Err(refused(vocab, &format!("{unk:?} is not in it")));
    }
    let model = json!({"type": "WordPiece", "unk_token": unk, "continuing_subword_prefix": "##",
        "max_input_chars_per_word": LONGEST_WORD, "vocab": entries});
    let pieces: WordPiece = serde_json::from_str(&model.to_string()).map_err(|e| refused(vocab, &e))?;
    let mut tokenizer = Tokenizer::new(pieces);
    tokenizer.with_normalizer(Some(BertNormalizer::default()));
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.add_special_tokens(&[cls.clone(), sep.clone()].map(|token| AddedToken::from(token, true)));
    let template = template(&tokenizer, Some(&cls), Some(&sep)).map_err(|e| refused(vocab, &e))?;
    tokenizer.with_post_processor(Some(template));
    Ok(tokenizer)
}
