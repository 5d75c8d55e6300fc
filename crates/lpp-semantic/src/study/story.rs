//! Texts of nine runs, the annotation of their words, and a byte-level tokenizer.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};

use super::Study;
use crate::files::{Content, Table, number};
use crate::random::Draw;

const SENTENCES: [&str; 6] = [
    "The old captain said it was a quiet night.",
    "He paid 1000 coins for 32 sheep and 12 roses!",
    "She whispered: do not go there alone, my friend.",
    "A fox came along the road in 1943.",
    "Nobody had seen the star before, and nobody would again.",
    "Where the café stands, the naïve child asked why.",
];

/// Pairs that the tokenizer merges, in this order.
const MERGES: [&str; 12] = [
    "t h", "th e", "Ġ the", "n o", "Ġ a", "1 0", "10 0", "1 9", "3 2", "s a", "sa i", "sai d",
];

/// Where the annotation of the study lies.
pub(crate) const ANNOTATION: &str = "annotation/EN/lppEN_word_information.csv";

/// Nine texts in an order of sentences of their own, with the times of their words.
pub(crate) fn story(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let mut rows = Vec::new();
    for run in 1..=9 {
        let order = [rng.shuffled(SENTENCES.len()), rng.shuffled(SENTENCES.len())].concat();
        let lines: Vec<&str> = order.into_iter().map(|s| SENTENCES[s]).collect();
        study.files.put_text(
            format!("text/lpp_en_text/text_en_run{run}.txt"),
            format!("{}\n", lines.join("\n")),
        );
        let mut onset = rng.uniform(0.2, 1.0);
        for word in lines.iter().flat_map(|line| words(line)) {
            let offset = onset + rng.uniform(0.15, 0.4);
            rows.push(vec![word, number(onset), number(offset), run.to_string()]);
            onset = offset + rng.uniform(0.02, 0.3);
        }
    }
    study.files.put(
        ANNOTATION,
        Content::Table(Table::new(&["word", "onset", "offset", "section"], rows)),
    );
    study.files.put_text(
        "lpp.toml",
        "languages = [\"en\"]\nannotation_corrections = \"none\"\n",
    );
    let tokenizer = serde_json::to_string(&byte_level_bpe()).unwrap_or_default();
    study.files.put_text("tokenizer/tokenizer.json", tokenizer);
    let class = json!({"tokenizer_class": "GPT2Tokenizer", "bos_token": END, "eos_token": END, "unk_token": END,
        "model_max_length": 1024});
    study
        .files
        .put_text("tokenizer/tokenizer_config.json", format!("{class:#}"));
    study
        .files
        .put_text("tokenizer/config.json", json!({"model_type": "gpt2"}).to_string());
    study
}

/// The words of a sentence without its marks.
fn words(line: &str) -> Vec<String> {
    let bare = line.replace(['.', ',', '!', '?', ':'], " ");
    bare.split_whitespace().map(str::to_owned).collect()
}

const END: &str = "<|endoftext|>";

/// A small tokenizer in the manner of GPT-2.
pub(crate) fn byte_level_bpe() -> Value {
    let mut vocabulary = serde_json::Map::new();
    vocabulary.insert(END.to_owned(), json!(0));
    for byte in 0..=255_u8 {
        vocabulary.insert(sign(byte).to_string(), json!(vocabulary.len()));
    }
    for merge in MERGES {
        vocabulary.insert(merge.replace(' ', ""), json!(vocabulary.len()));
    }
    let level = |prefix: bool| json!({"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": true, "use_regex": true});
    json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
        "added_tokens": [{"id": 0, "content": END, "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true}],
        "pre_tokenizer": level(false), "post_processor": null, "decoder": level(true),
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false,
            "vocab": vocabulary, "merges": MERGES},
    })
}

/// The sign by which byte-level vocabularies show a byte: itself if it is visible, otherwise one above U+0100.
fn sign(byte: u8) -> char {
    let visible = |b: u8| matches!(b, 33..=126 | 161..=172 | 174..=255);
    if visible(byte) {
        return char::from(byte);
    }
    let hidden_before = (0..byte).filter(|b| !visible(*b)).count();
    char::from_u32(0x100 + hidden_before as u32).unwrap_or('?')
}
