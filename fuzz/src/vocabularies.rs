//! Readers of tokenizers in several files.

use std::fs;
use std::path::Path;

use lpp_text::TextTokenizer;

use crate::cases;
use crate::targets::{TOKENIZER, Target, texts};

const VOCAB: &str = r#"{"a": 0, "b": 1, "<|endoftext|>": 2, "ab": 3}"#;
const MERGES: &str = "#version: 0.2\na b\n";
const WORD_PIECES: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n";
const SETTINGS: &str = r#"{"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": false, "model_max_length": 1024,
  "bos_token": "<|end|>", "eos_token": {"content": "<|end|>", "lstrip": false, "special": true}, "padding_side": "left",
  "added_tokens_decoder": {"2": {"content": "<|end|>", "lstrip": false, "rstrip": false, "single_word": false, "special": true}}}"#;
const CLASS: &str = r#"{"tokenizer_class": "GPT2Tokenizer"}"#;

/// The readers of tokenizers that are not one `tokenizer.json`.
pub(crate) fn of_vocabularies() -> Vec<Target> {
    vec![
        Target {
            beside: |folder| {
                written(
                    folder,
                    &[("merges.txt", MERGES), ("tokenizer_config.json", CLASS)],
                )
            },
            ..Target::plain("vocabulary", "vocab.json", vocabularies, load)
        },
        Target {
            beside: |folder| written(folder, &[("vocab.json", VOCAB), ("tokenizer_config.json", CLASS)]),
            ..Target::plain("merges", "merges.txt", merges, load)
        },
        Target {
            beside: |folder| {
                let class = r#"{"tokenizer_class": "BertTokenizer"}"#;
                written(folder, &[("tokenizer_config.json", class)])
            },
            ..Target::plain("word_pieces", "vocab.txt", word_pieces, load)
        },
        Target {
            beside: |folder| written(folder, &[("tokenizer.json", TOKENIZER)]),
            ..Target::plain("tokenizer_config", "tokenizer_config.json", settings, load)
        },
    ]
}

fn written(folder: &Path, files: &[(&str, &str)]) -> anyhow::Result<()> {
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

fn load(folder: &Path) -> anyhow::Result<()> {
    TextTokenizer::load(folder)?;
    Ok(())
}

fn vocabularies() -> Vec<Vec<u8>> {
    [texts(&[VOCAB]), cases::json()].concat()
}

fn settings() -> Vec<Vec<u8>> {
    [texts(&[SETTINGS]), cases::json()].concat()
}

fn merges() -> Vec<Vec<u8>> {
    let empty = format!("{MERGES}{}", "\n".repeat(4 << 20));
    let wrong_at_its_end = format!("{MERGES}{}a b a\n", "a b\n".repeat(1 << 20));
    texts(&[MERGES, &empty, &wrong_at_its_end, &"a".repeat(3 << 20)])
}

fn word_pieces() -> Vec<Vec<u8>> {
    let many: Vec<_> = (0..1 << 20).map(|n| format!("{n:x}\n")).collect();
    texts(&[WORD_PIECES, &many.concat(), &"\n".repeat(4 << 20)])
}
