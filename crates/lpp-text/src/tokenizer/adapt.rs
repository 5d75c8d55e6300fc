//! Changes that a tokenizer class of transformers makes to a tokenizer from `tokenizer.json`.

use std::collections::HashSet;

use serde_json::{Value, json};
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer};

use crate::tokenizer::class::TokenizerClass;
use crate::tokenizer::settings::Settings;

/// Groups of added tokens; the library builds an automaton of all tokens after each. Real files have a few.
const MOST_GROUPS: usize = 256;

/// Adds the tokens that are only in the files next to the tokenizer, in the order of transformers: listed ones by id,
/// then special ones that are still missing.
///
/// # Errors
/// Special and other tokens in more than 256 turns.
pub(super) fn add_tokens(tokenizer: &mut Tokenizer, settings: &Settings) -> Result<(), String> {
    let special = settings.special_tokens();
    let is_special: HashSet<&String> = special.iter().collect();
    let mut tokens: Vec<AddedToken> = settings.added_tokens().cloned().collect();
    for token in &mut tokens {
        token.special |= is_special.contains(&token.content);
    }
    let known = tokenizer.get_added_tokens_decoder();
    let known: HashSet<&String> = known
        .values()
        .chain(&tokens)
        .map(|token| &token.content)
        .collect();
    let missing: Vec<_> = special
        .iter()
        .filter(|token| !known.contains(token))
        .cloned()
        .collect();
    tokens.extend(missing.into_iter().map(|token| AddedToken::from(token, true)));
    let n_groups = tokens.chunk_by(|a, b| a.special == b.special).count();
    if n_groups > MOST_GROUPS {
        return Err(format!(
            "added tokens that are special and not in {n_groups} turns; at most {MOST_GROUPS} are allowed"
        ));
    }
    for group in tokens.chunk_by(|a, b| a.special == b.special) {
        if group[0].special {
            tokenizer.add_special_tokens(group);
        } else {
            tokenizer.add_tokens(group);
        }
    }
    Ok(())
}

/// Applies the rules of the class.
///
/// # Errors
/// A requirement of the class that the files do not meet.
pub(super) fn adapt(tokenizer: &mut Tokenizer, settings: &Settings) -> Result<(), String> {
    let class = settings.class();
    if class.sets_prefix_space() {
        set_prefix_space(tokenizer, settings.switch("add_prefix_space").unwrap_or(false));
    }
    match class {
        TokenizerClass::Llama => as_converted(tokenizer, settings)?,
        TokenizerClass::Bert => set_bert(tokenizer, settings),
        TokenizerClass::Roberta => set_roberta(tokenizer, settings)?,
        TokenizerClass::CodeGen if settings.switch("add_bos_token") == Some(true) => {
            return Err("add_bos_token, which CodeGenTokenizerFast refuses, too".to_owned());
        }
        _ => {}
    }
    if let Some(adds_bos) = class.template() {
        let wanted = |switch: &str, default: bool, token: &str| -> Result<Option<String>, String> {
            if !settings.switch(switch).unwrap_or(default) {
                return Ok(None);
            }
            let found = settings.token(token);
            let problem = || {
                format!(
                    "{switch} is true for the class {}, but there is no {token}",
                    class.name()
                )
            };
            Ok(Some(found.ok_or_else(problem)?))
        };
        let bos = wanted("add_bos_token", adds_bos, "bos_token")?;
        let eos = wanted("add_eos_token", false, "eos_token")?;
        let template = template(tokenizer, bos.as_deref(), eos.as_deref())?;
        tokenizer.with_post_processor(Some(template));
    }
    tokenizer.set_encode_special_tokens(settings.switch("split_special_tokens").unwrap_or(false));
    Ok(())
}

fn set_prefix_space(tokenizer: &mut Tokenizer, prefix: bool) {
    if let Some(PreTokenizerWrapper::ByteLevel(byte_level)) = tokenizer.get_pre_tokenizer().cloned() {
        tokenizer.with_pre_tokenizer(Some(byte_level.add_prefix_space(prefix)));
    }
}

fn set_bert(tokenizer: &mut Tokenizer, settings: &Settings) {
    if let Some(NormalizerWrapper::BertNormalizer(mut bert)) = tokenizer.get_normalizer().cloned() {
        bert.lowercase = settings.switch("do_lower_case").unwrap_or(true);
        bert.strip_accents = settings.switch("strip_accents");
        bert.handle_chinese_chars = settings.switch("tokenize_chinese_chars").unwrap_or(true);
        tokenizer.with_normalizer(Some(bert));
    }
}

fn set_roberta(tokenizer: &mut Tokenizer, settings: &Settings) -> Result<(), String> {
    let Some(processor) = tokenizer.get_post_processor() else {
        return Ok(());
    };
    let mut state = serde_json::to_value(processor).map_err(|e| e.to_string())?;
    for (name, default) in [("add_prefix_space", false), ("trim_offsets", true)] {
        if let Some(value) = state.get_mut(name) {
            *value = Value::Bool(settings.switch(name).unwrap_or(default));
        }
    }
    let changed: PostProcessorWrapper = serde_json::from_value(state).map_err(|e| e.to_string())?;
    tokenizer.with_post_processor(Some(changed));
    Ok(())
}

/// With `add_prefix_space` (or `from_slow`), whatever the value, `LlamaTokenizer` is converted from the slow tokenizer:
/// a space is added before the text and each space becomes `▁`.
fn as_converted(tokenizer: &mut Tokenizer, settings: &Settings) -> Result<(), String> {
    if !settings.is_converted() {
        return Ok(());
    }
    let state = |component: Option<Value>| component.unwrap_or(Value::Null);
    let normalizer = state(
        tokenizer
            .get_normalizer()
            .and_then(|n| serde_json::to_value(n).ok()),
    );
    let pre_tokenizer = state(
        tokenizer
            .get_pre_tokenizer()
            .and_then(|p| serde_json::to_value(p).ok()),
    );
    let converted = json!({"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    ]});
    let is_metaspace = pre_tokenizer["type"] == "Metaspace"
        && pre_tokenizer["replacement"] == "▁"
        && pre_tokenizer["prepend_scheme"] != "never"
        && pre_tokenizer["split"] == false;
    if pre_tokenizer.is_null() && normalizer == converted {
        return Ok(());
    }
    if normalizer.is_null() && is_metaspace {
        let converted: NormalizerWrapper = serde_json::from_value(converted).map_err(|e| e.to_string())?;
        tokenizer.with_normalizer(Some(converted));
        tokenizer.with_pre_tokenizer(None::<PreTokenizerWrapper>);
        return Ok(());
    }
    let problem = "add_prefix_space, for which transformers converts tokenizer.model again; tokenizer.json differs \
                   from the result";
    Err(problem.to_owned())
}

/// A template with `bos` before the text and `eos` after it.
pub(super) fn template(
    tokenizer: &Tokenizer,
    bos: Option<&str>,
    eos: Option<&str>,
) -> Result<PostProcessorWrapper, String> {
    let special = bos.into_iter().chain(eos).map(|token| {
        let id = tokenizer
            .token_to_id(token)
            .ok_or_else(|| format!("{token:?} is not in the vocabulary"))?;
        Ok((token.to_owned(), id))
    });
    let special: Vec<(String, u32)> = special.collect::<Result<_, String>>()?;
    let pieces: Vec<&str> = bos.into_iter().chain(["$A"]).chain(eos).collect();
    let template = TemplateProcessing::builder()
        .try_single(pieces)?
        .special_tokens(special)
        .build();
    template
        .map(PostProcessorWrapper::Template)
        .map_err(|e| e.to_string())
}
