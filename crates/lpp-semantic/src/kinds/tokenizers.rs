//! Tokenizer folders: what the hub holds, what saving leaves, what is broken.

use serde_json::{Value, json};

use super::shared::{LFS_POINTER, edit_json};
use crate::answer::{Answer, refused, same, told};
use crate::files::Encoding;
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::ALIGN;
use crate::study::{Study, byte_level_bpe};

const EXACT: Answer = same(0.0, 0.0);
const JSON: &str = "tokenizer/tokenizer.json";
const CONFIG: &str = "tokenizer/tokenizer_config.json";

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("tokenizer-of-26-bytes", &ALIGN, EXACT, |s, _| {
            s.files.put_text(CONFIG, "{\"model_max_length\": 1024}");
        }),
        Kind::new("tokenizer-without-a-config", &ALIGN, EXACT, |s, _| {
            s.files.remove(CONFIG);
        }),
        Kind::new("vocabulary-and-merges", &ALIGN, EXACT, |s, _| {
            split(s, "\n", true);
        }),
        Kind::new("vocabulary-and-merges-without-a-class", &ALIGN, EXACT, |s, _| {
            split(s, "\n", true);
            s.files.remove(CONFIG);
        }),
        // The reference leaves out the first line whatever it is.
        Kind::new(
            "merges-without-a-version",
            &ALIGN,
            EXACT.or_told(&["merges.txt", "version"]),
            |s, _| {
                split(s, "\n", false);
            },
        ),
        Kind::new("merges-windows-lines", &ALIGN, EXACT, |s, _| {
            split(s, "\r\n", true);
        }),
        Kind::new("merges-as-pairs", &ALIGN, EXACT, |s, _| {
            edit_json(s, JSON, |t| {
                let pair = |m: &Value| {
                    m.as_str()
                        .map_or(json!([]), |m| json!(m.split(' ').collect::<Vec<_>>()))
                };
                t["model"]["merges"] = t["model"]["merges"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(pair)
                    .collect();
            });
        }),
        Kind::new("tokenizer-windows-lines", &ALIGN, EXACT, |s, _| {
            edit_json(s, JSON, |_| {});
            for path in [JSON, CONFIG, "tokenizer/config.json"] {
                s.files.text(path).style.line_end = "\r\n";
            }
        }),
        Kind::new(
            "tokenizer-byte-order-mark",
            &ALIGN,
            EXACT.or_refused(&["tokenizer"]),
            |s, rng| {
                let path = rng.pick(&[JSON, CONFIG, "tokenizer/config.json"]);
                s.files.text(path).style.encoding = Encoding::Utf8Marked;
            },
        ),
        Kind::new(
            "tokenizer-with-truncation",
            &ALIGN,
            EXACT.or_told(&["truncation"]),
            |s, rng| {
                // left by training with a maximal length
                let n = 8 + rng.below(20);
                edit_json(s, JSON, |t| {
                    t["truncation"] = json!({"direction": "Right", "max_length": n, "strategy": "LongestFirst", "stride": 0});
                });
            },
        ),
        Kind::new(
            "tokenizer-with-padding",
            &ALIGN,
            EXACT.or_told(&["padding"]),
            |s, _| {
                edit_json(s, JSON, |t| {
                    t["padding"] = json!({"strategy": {"Fixed": 512}, "direction": "Left", "pad_to_multiple_of": null,
                    "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>"});
                });
            },
        ),
        Kind::new(
            "tokenizer-with-dropout",
            &ALIGN,
            told(&["dropout"]).or_same(0.0),
            |s, _| {
                edit_json(s, JSON, |t| t["model"]["dropout"] = json!(0.3));
            },
        ),
        Kind::new(
            "class-of-another-rule",
            &ALIGN,
            refused(&["class", "tokenizer.json", "Qwen2", "Roberta", "CLIP", "DeepSeek"]),
            |s, rng| {
                split(s, "\n", true);
                let class = rng.pick(&[
                    "Qwen2Tokenizer",
                    "RobertaTokenizer",
                    "CLIPTokenizer",
                    "CTRLTokenizer",
                    "BartTokenizer",
                ]);
                edit_json(s, CONFIG, |c| c["tokenizer_class"] = json!(class));
            },
        ),
        Kind::new(
            "vocabulary-without-merges",
            &ALIGN,
            refused(&["merges", "tokenizer"]),
            |s, _| {
                split(s, "\n", true);
                s.files.remove("tokenizer/merges.txt");
            },
        ),
        Kind::new(
            "tokenizer-cut-short",
            &ALIGN,
            refused(&["tokenizer.json"]),
            |s, rng| {
                let text = &mut s.files.text(JSON).text;
                let mut at = (text.len() as f64 * rng.uniform(0.1, 0.99)) as usize;
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.truncate(at);
            },
        ),
        Kind::new(
            "tokenizer-part-broken",
            &ALIGN,
            refused(&["tokenizer.json"]),
            |s, rng| {
                let part = rng.pick(&[
                    "decoder",
                    "pre_tokenizer",
                    "post_processor",
                    "normalizer",
                    "model",
                ]);
                edit_json(s, JSON, |t| t[part] = json!({"type": "Unheard"}));
            },
        ),
        Kind::new(
            "tokenizer-config-broken",
            &ALIGN,
            refused(&["tokenizer_config.json"]),
            |s, rng| {
                s.files.put_text(
                    CONFIG,
                    rng.pick(&["{\"tokenizer_class\": ", "[]", "\"GPT2Tokenizer\"", ""]),
                );
            },
        ),
        Kind::new("tokenizer-is-a-pointer", &ALIGN, refused(&["lfs"]), |s, _| {
            s.files.put_text(JSON, LFS_POINTER);
        }),
        Kind::new(
            "tokenizer-folder-empty",
            &ALIGN,
            refused(&["tokenizer"]),
            |s, _| {
                for path in s.files.under("tokenizer/", "") {
                    s.files.remove(&path);
                }
                s.files.put_text("tokenizer/README.md", "nothing\n");
            },
        ),
    ]
}

/// In place of tokenizer.json, the pair of files that a slow tokenizer saves.
fn split(study: &mut Study, line_end: &'static str, version: bool) {
    let tokenizer = byte_level_bpe();
    study.files.remove(JSON);
    study
        .files
        .put_text("tokenizer/vocab.json", tokenizer["model"]["vocab"].to_string());
    let merges = tokenizer["model"]["merges"].as_array().into_iter().flatten();
    let lines: Vec<&str> = merges.filter_map(Value::as_str).collect();
    let head = if version { "#version: 0.2\n" } else { "" };
    study
        .files
        .put_text("tokenizer/merges.txt", format!("{head}{}\n", lines.join("\n")));
    study.files.text("tokenizer/merges.txt").style.line_end = line_end;
}
