//! Byte-level BPE from `vocab.json` and `merges.txt`, for the classes that read them.

use std::path::Path;

use serde_json::{Map, Value, json};
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::{
    DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, SplitDelimiterBehavior,
    Tokenizer,
};

use crate::TextError;
use crate::tokenizer::adapt::template;
use crate::tokenizer::class::PairRule;
use crate::tokenizer::refused;
use crate::tokenizer::settings::{Settings, load_vocabulary};

/// Qwen2's rule for splitting a text before BPE: numbers into digits, line ends separate.
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A tokenizer as made by transformers' converters of slow classes.
pub(super) fn tokenizer(
    vocab: &Path,
    merges: &Path,
    rule: PairRule,
    settings: &Settings,
) -> Result<Tokenizer, TextError> {
    let tokens = load_vocab(vocab)?;
    let merges = load_merges(merges, rule, &tokens)?;
    let model = json!({"type": "BPE", "vocab": tokens, "merges": merges});
    // The builder would ask for the hash map of another crate; the model reads its names from a text only.
    let bpe: BPE = serde_json::from_str(&model.to_string()).map_err(|e| refused(vocab, &e))?;
    let mut tokenizer = Tokenizer::new(bpe);
    let prefix = settings.switch("add_prefix_space").unwrap_or(false);
    let byte_level = ByteLevel::default().add_prefix_space(prefix);
    tokenizer.with_decoder(Some(DecoderWrapper::ByteLevel(ByteLevel::default())));
    if rule == PairRule::Qwen2 {
        if prefix {
            return Err(refused(
                vocab,
                &"add_prefix_space, which Qwen2Tokenizer does not take",
            ));
        }
        tokenizer.with_normalizer(Some(NormalizerWrapper::NFC(NFC)));
        let pattern = SplitPattern::Regex(QWEN2.to_owned());
        let split =
            Split::new(pattern, SplitDelimiterBehavior::Isolated, false).map_err(|e| refused(vocab, &e))?;
        let byte_level = ByteLevel::default().add_prefix_space(false).use_regex(false);
        tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![
            PreTokenizerWrapper::Split(split),
            PreTokenizerWrapper::ByteLevel(byte_level),
        ])));
    } else {
        tokenizer.with_pre_tokenizer(Some(byte_level));
    }
    let processor = processor(&tokenizer, rule, settings, prefix).map_err(|e| refused(vocab, &e))?;
    tokenizer.with_post_processor(Some(processor));
    Ok(tokenizer)
}

fn processor(
    tokenizer: &Tokenizer,
    rule: PairRule,
    settings: &Settings,
    prefix: bool,
) -> Result<PostProcessorWrapper, String> {
    let token = |name: &str| -> Result<(String, u32), String> {
        let token = settings
            .token(name)
            .ok_or_else(|| format!("there is no {name}"))?;
        let id = tokenizer.token_to_id(&token);
        Ok((
            token.clone(),
            id.ok_or_else(|| format!("{token:?} is not in the vocabulary"))?,
        ))
    };
    Ok(match rule {
        PairRule::Roberta => RobertaProcessing::new(token("sep_token")?, token("cls_token")?)
            .trim_offsets(true)
            .add_prefix_space(prefix)
            .into(),
        PairRule::Gpt2 if settings.switch("add_bos_token").unwrap_or(false) => {
            template(tokenizer, Some(&token("bos_token")?.0), None)?
        }
        PairRule::Gpt2 | PairRule::Qwen2 => ByteLevel::default().trim_offsets(false).into(),
    })
}

fn load_vocab(path: &Path) -> Result<Map<String, Value>, TextError> {
    let vocab = load_vocabulary(path)?;
    match vocab.iter().find(|(_, id)| id.as_u64().is_none()) {
        Some((token, id)) => Err(TextError::malformed(
            path,
            format!("{token:?} under {id}"),
            "a token with its id",
        )),
        None => Ok(vocab),
    }
}

/// The merges, as read by the slow classes: GPT-2 treats the first line as a header and needs a line end after the last
/// line; Qwen2 recognises a header by its contents.
fn load_merges(
    path: &Path,
    rule: PairRule,
    vocab: &Map<String, Value>,
) -> Result<Vec<(String, String)>, TextError> {
    lpp_files::refuse_pointer(path)?;
    let text = lpp_files::read_input_text(path).map_err(TextError::read(path))?;
    let merges = if rule == PairRule::Qwen2 {
        match text.split_once('\n') {
            Some((first, rest)) if first.trim().starts_with("#version:") => rest,
            None if text.trim().starts_with("#version:") => "",
            _ => text.as_str(),
        }
    } else {
        if !(text.starts_with('#') && text.ends_with('\n')) {
            tracing::warn!(
                "{}: the first line (usually #version) and any text after the last line end are ignored, as in \
                 transformers",
                path.display()
            );
        }
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        rest.rsplit_once('\n').map_or("", |(lines, _)| lines)
    };
    // A file with a wrong line is refused before anything is kept.
    let n = check_merges(path, merges, vocab)?;
    let mut pairs = Vec::with_capacity(n);
    pairs.extend(merges.split('\n').filter_map(|line| {
        let mut parts = line.split_whitespace();
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    }));
    Ok(pairs)
}

/// Merges for each token of a vocabulary. A merge makes a token, and a few merges may make the same one.
const MERGES_PER_TOKEN: usize = 4;

/// The number of merges; an error if a line has one token or more than two, if the vocabulary lacks one of them, or if there are
/// many more merges than tokens.
fn check_merges(path: &Path, merges: &str, vocab: &Map<String, Value>) -> Result<usize, TextError> {
    let mut n = 0;
    for (number, line) in merges.split('\n').enumerate() {
        let refuse = |expected: &'static str| {
            let found = format!("the merge {line:?}, number {number}");
            Err(TextError::malformed(path, found, expected))
        };
        let mut parts = line.split_whitespace();
        match (parts.next(), parts.next(), parts.next()) {
            (None, ..) => {}
            (Some(a), Some(b), None) if vocab.contains_key(a) && vocab.contains_key(b) => n += 1,
            (Some(_), Some(_), None) => return refuse("two tokens of vocab.json"),
            _ => return refuse("two tokens per line"),
        }
    }
    if n > MERGES_PER_TOKEN * vocab.len() {
        let found = format!("{n} merges for the {} tokens of vocab.json", vocab.len());
        return Err(TextError::malformed(path, found, "at most four for a token"));
    }
    Ok(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merges(text: &str, rule: PairRule) -> Result<Vec<String>, TextError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let vocab = ["a", "b", "c", "d", "ab", "cd"].map(|token| (token.to_owned(), json!(0)));
        let merges = load_merges(file.path(), rule, &vocab.into_iter().collect())?;
        Ok(merges.into_iter().map(|(a, b)| format!("{a}+{b}")).collect())
    }

    #[test]
    fn headers_and_line_ends_are_those_of_the_slow_classes() {
        for (text, gpt2, qwen2) in [
            (
                "#version: 0.2\na b\nc d\n",
                vec!["a+b", "c+d"],
                vec!["a+b", "c+d"],
            ),
            ("#version: 0.2\na b\nc d", vec!["a+b"], vec!["a+b", "c+d"]),
            ("a b\nc d\n", vec!["c+d"], vec!["a+b", "c+d"]),
            (
                "#version: 0.2\r\na b\r\n\n \t\n c\td \n",
                vec!["a+b", "c+d"],
                vec!["a+b", "c+d"],
            ),
            ("a b", vec![], vec!["a+b"]),
            ("#version: 0.2", vec![], vec![]),
            ("", vec![], vec![]),
        ] {
            assert_eq!(merges(text, PairRule::Gpt2).unwrap(), gpt2, "{text:?}");
            assert_eq!(merges(text, PairRule::Qwen2).unwrap(), qwen2, "{text:?}");
        }
        let many = format!("#\n{}", "a b\n".repeat(25));
        for (text, part) in [
            ("#\na b\na\n", "\"a\", number 1"),
            ("#\na b c\n", "two tokens per line"),
            ("#\na x\n", "of vocab.json"),
            (&many, "25 merges for the 6 tokens"),
        ] {
            let message = merges(text, PairRule::Gpt2).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
