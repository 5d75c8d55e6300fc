//! Folders that hold one tokenizer in several forms: with and without its configuration, as one file and as a pair, with
//! tokens that only a file beside it knows.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;

use lpp_text::{RunTokens, TextTokenizer, WindowLayout};
use serde_json::{Value, json};
use tempfile::TempDir;

const TEXT: &str = "the 10 no 1943\nthe thing";

/// A byte-level BPE with a few merges; `special` come first in the vocabulary.
fn byte_bpe(special: &[&str]) -> Value {
    let mut vocab: Vec<String> = special.iter().map(|&s| s.to_owned()).collect();
    // The printable stand-ins of bytes; this text has only ASCII, spaces and line ends.
    vocab.extend((33..127_u8).map(|b| char::from(b).to_string()));
    vocab.extend(["Ġ".to_owned(), "Ċ".to_owned()]);
    let merges = ["1 0", "t h", "th e", "Ġ the", "n o", "1 9", "19 4", "194 3"];
    vocab.extend(merges.iter().map(|merge| merge.replace(' ', "")));
    let vocab: serde_json::Map<String, Value> =
        vocab.into_iter().zip(0..).map(|(t, i)| (t, json!(i))).collect();
    let added: Vec<Value> = special
        .iter()
        .enumerate()
        .map(|(id, content)| {
            json!({"id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                   "normalized": false, "special": true})
        })
        .collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
        "post_processor": null,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {"type": "BPE", "vocab": vocab, "merges": merges}
    })
}

fn folder(files: &[(&str, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn json_file(name: &'static str, value: &Value) -> (&'static str, String) {
    (name, value.to_string())
}

fn pair(tokenizer: &Value) -> [(&'static str, String); 2] {
    let merges: Vec<&str> = tokenizer["model"]["merges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m.as_str().unwrap())
        .collect();
    [
        json_file("vocab.json", &tokenizer["model"]["vocab"]),
        ("merges.txt", format!("#version: 0.2\n{}\n", merges.join("\n"))),
    ]
}

/// Class, ids of the text, end-of-text and padding token.
type Read = (&'static str, Vec<i64>, Option<String>, Option<String>);

fn read(folder: &TempDir) -> Result<Read, String> {
    let tokenizer = TextTokenizer::load(folder.path()).map_err(|e| e.to_string())?;
    let tokens = RunTokens::new(TEXT.to_owned(), &tokenizer, WindowLayout::reference(500), 0).unwrap();
    let name = |id: Option<u32>| id.and_then(|id| tokenizer.token(id));
    Ok((
        tokenizer.class(),
        tokens.windows()[0].ids.clone(),
        name(tokenizer.eos_id()),
        name(tokenizer.pad_id()),
    ))
}

#[test]
fn a_folder_that_names_no_class_has_that_of_its_model() {
    let end = "<|endoftext|>";
    for (model_type, class) in [
        ("gpt2", "GPT2Tokenizer"),
        ("opt", "GPT2Tokenizer"),
        ("gpt_neox", "GPTNeoXTokenizer"),
        ("mamba", "GPTNeoXTokenizer"),
        ("stablelm", "GPTNeoXTokenizer"),
        ("qwen2", "Qwen2Tokenizer"),
    ] {
        let tokenizer = json_file("tokenizer.json", &byte_bpe(&[end]));
        let model = json_file("config.json", &json!({"model_type": model_type}));
        let named = json_file("tokenizer_config.json", &json!({"tokenizer_class": class}));
        let expected = read(&folder(&[tokenizer.clone(), model.clone(), named])).unwrap();
        assert_eq!(
            (expected.0, expected.2.as_deref(), expected.3.as_deref()),
            (class, Some(end), Some(end))
        );
        let bytes_26 = (
            "tokenizer_config.json",
            r#"{"model_max_length": 1024}"#.to_owned(),
        );
        for files in [
            vec![tokenizer.clone(), model.clone()],
            vec![tokenizer, model, bytes_26],
        ] {
            assert_eq!(read(&folder(&files)).unwrap(), expected, "{model_type}");
        }
    }
}

#[test]
fn llama_and_its_like_put_a_token_in_front_whatever_the_file_says() {
    for (model_type, special, bos) in [
        ("llama", ["<unk>", "<s>", "</s>", "<x>"], 1),
        ("mistral", ["<unk>", "<s>", "</s>", "<x>"], 1),
        ("gemma", ["<pad>", "<eos>", "<bos>", "<unk>"], 2),
        ("gemma2", ["<pad>", "<eos>", "<bos>", "<unk>"], 2),
    ] {
        let files = [
            json_file("tokenizer.json", &byte_bpe(&special)),
            json_file("config.json", &json!({"model_type": model_type})),
        ];
        let (_, ids, ..) = read(&folder(&files)).unwrap();
        assert_eq!(ids[0], bos, "{model_type}");
        let without = json_file("tokenizer_config.json", &json!({"add_bos_token": false}));
        let (_, plain, ..) = read(&folder(&[files[0].clone(), files[1].clone(), without])).unwrap();
        assert_eq!(ids[1..], plain[..], "{model_type}");
    }
    let no_token = [
        json_file("tokenizer.json", &byte_bpe(&["<s>"])),
        json_file(
            "tokenizer_config.json",
            &json!({"tokenizer_class": "LlamaTokenizer", "bos_token": null}),
        ),
    ];
    assert!(read(&folder(&no_token)).unwrap_err().contains("bos_token"));
}

#[test]
fn a_pair_of_files_is_run_by_the_rule_of_its_class() {
    let end = "<|endoftext|>";
    let whole = byte_bpe(&[end]);
    let files = |class: &str, more: Value| {
        let mut config = json!({"tokenizer_class": class});
        config
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let [vocab, merges] = pair(&whole);
        folder(&[vocab, merges, json_file("tokenizer_config.json", &config)])
    };
    let gpt2 = read(&folder(&[
        json_file("tokenizer.json", &whole),
        json_file(
            "tokenizer_config.json",
            &json!({"tokenizer_class": "GPT2Tokenizer"}),
        ),
    ]))
    .unwrap();
    assert_eq!(read(&files("GPT2Tokenizer", json!({}))).unwrap(), gpt2);
    assert_eq!(read(&files("CodeGenTokenizer", json!({}))).unwrap().1, gpt2.1);
    let (_, ids, ..) = read(&files("GPT2Tokenizer", json!({"add_bos_token": true}))).unwrap();
    assert_eq!((ids[0], &ids[1..]), (0, &gpt2.1[..]));
    // Qwen2 cuts numbers into digits: 10 and 1943 are two and four tokens in place of one and one.
    let (_, qwen, ..) = read(&files("Qwen2Tokenizer", json!({}))).unwrap();
    assert_eq!(qwen.len(), gpt2.1.len() + 4);
    let (_, roberta, ..) = read(&files(
        "RobertaTokenizer",
        json!({"cls_token": end, "sep_token": end}),
    ))
    .unwrap();
    assert_eq!((roberta[0], roberta[roberta.len() - 1]), (0, 0));
    assert_eq!(roberta[1..roberta.len() - 1], gpt2.1[..]);
}

#[test]
fn a_list_of_word_pieces_is_run_as_bert() {
    let pieces = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "thing", "10", "19", "##43", "no", "n", "##o",
    ];
    let vocab = ("vocab.txt", format!("{}\n", pieces.join("\n")));
    let config = |more: Value| json_file("tokenizer_config.json", &more);
    for (class, text) in [
        (
            config(json!({"tokenizer_class": "BertTokenizerFast"})),
            vocab.clone(),
        ),
        (
            json_file("config.json", &json!({"model_type": "bert"})),
            vocab.clone(),
        ),
        (
            json_file(
                "config.json",
                &json!({"model_type": "gpt2", "tokenizer_class": "BertTokenizerFast"}),
            ),
            ("vocab.txt", vocab.1.replace('\n', "\r\n")),
        ),
    ] {
        let found = read(&folder(&[text, class])).unwrap();
        assert_eq!(found.1, [2, 5, 7, 10, 8, 9, 5, 6, 3]);
        assert_eq!(
            (found.0, found.2, found.3.as_deref()),
            ("BertTokenizer", None, Some("[PAD]"))
        );
    }
    let unknown = read(&folder(&[
        vocab,
        config(json!({"tokenizer_class": "BertTokenizer", "do_basic_tokenize": false})),
    ]));
    assert!(unknown.unwrap_err().contains("do_basic_tokenize"));
}

#[test]
fn what_cannot_be_read_is_refused_with_a_way_out() {
    let whole = byte_bpe(&["<s>", "</s>", "<unk>"]);
    let [vocab, merges] = pair(&whole);
    let config = |class: &str| json_file("tokenizer_config.json", &json!({"tokenizer_class": class}));
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n".to_owned();
    for (files, parts) in [
        (
            vec![vocab.clone(), merges.clone(), config("CLIPTokenizer")],
            ["CLIPTokenizer", "PreTrainedTokenizerFast"],
        ),
        (
            vec![vocab.clone(), merges.clone(), config("CTRLTokenizer")],
            ["CTRLTokenizer", "one of"],
        ),
        (
            vec![vocab.clone(), merges.clone(), config("LlamaTokenizer")],
            ["LlamaTokenizer", "tokenizer.json"],
        ),
        (
            vec![vocab.clone(), merges.clone(), config("GPTNeoXTokenizer")],
            ["GPTNeoXTokenizer", "tokenizer.json"],
        ),
        (vec![vocab.clone(), merges.clone()], ["class", "tokenizer.json"]),
        (
            vec![("tokenizer.model", String::new()), config("LlamaTokenizer")],
            ["tokenizer.model", "save_pretrained"],
        ),
        (
            vec![("spiece.model", String::new()), config("LlamaTokenizer")],
            ["spiece.model", "save_pretrained"],
        ),
        (
            vec![("vocab.txt", String::new()), config("GPT2Tokenizer")],
            ["vocab.txt", "GPT2Tokenizer"],
        ),
        (
            vec![
                ("vocab.txt", format!("[UNK]{}", "\n".repeat(1_000_000))),
                config("BertTokenizer"),
            ],
            ["vocab.txt", "1000000 tokens"],
        ),
        (
            vec![("vocab.txt", "a\nb\n".into()), config("BertTokenizer")],
            ["vocab.txt", "[UNK]"],
        ),
        (
            vec![("tokenizer.json", pointer.clone())],
            ["tokenizer.json", "git lfs pull"],
        ),
        (
            vec![
                ("vocab.json", pointer.clone()),
                merges.clone(),
                config("GPT2Tokenizer"),
            ],
            ["vocab.json", "git lfs pull"],
        ),
        (
            vec![
                vocab.clone(),
                ("merges.txt", pointer.clone()),
                config("GPT2Tokenizer"),
            ],
            ["merges.txt", "git lfs pull"],
        ),
        (
            vec![
                json_file("tokenizer.json", &whole),
                ("special_tokens_map.json", pointer),
            ],
            ["special_tokens_map.json", "git lfs pull"],
        ),
        (
            vec![
                json_file("tokenizer.json", &whole),
                json_file(
                    "tokenizer_config.json",
                    &json!({"tokenizer_class": "LlamaTokenizer", "add_prefix_space": true}),
                ),
            ],
            ["add_prefix_space", "tokenizer.model"],
        ),
    ] {
        let message = read(&folder(&files)).unwrap_err();
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
        assert!(message.len() < 500 && !message.contains('\n'), "{message}");
    }
}

#[test]
fn tokens_that_only_a_file_beside_knows_are_added() {
    let whole = byte_bpe(&["<|endoftext|>"]);
    let n = i64::try_from(whole["model"]["vocab"].as_object().unwrap().len()).unwrap();
    let tokenizer = json_file("tokenizer.json", &whole);
    let flags = json!({"content": "[PAD]", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true});
    for beside in [
        vec![json_file(
            "tokenizer_config.json",
            &json!({"tokenizer_class": "GPT2Tokenizer", "pad_token": "[PAD]", "added_tokens_decoder": {"900": flags}}),
        )],
        vec![json_file(
            "tokenizer_config.json",
            &json!({"tokenizer_class": "GPT2Tokenizer", "pad_token": "[PAD]"}),
        )],
        vec![
            json_file(
                "tokenizer_config.json",
                &json!({"tokenizer_class": "GPT2Tokenizer"}),
            ),
            json_file(
                "special_tokens_map.json",
                &json!({"pad_token": {"content": "[PAD]", "lstrip": false}}),
            ),
            json_file("added_tokens.json", &json!({"[PAD]": 900})),
        ],
    ] {
        let folder = folder(&[std::slice::from_ref(&tokenizer), &beside[..]].concat());
        let loaded = TextTokenizer::load(folder.path()).unwrap();
        assert_eq!(loaded.pad_id().map(i64::from), Some(n), "{beside:?}");
        assert_eq!(loaded.token(loaded.pad_id().unwrap()).as_deref(), Some("[PAD]"));
    }
}

#[test]
fn long_special_tokens_and_many_turns_are_refused() {
    let with = |beside: (&'static str, String)| {
        let tokenizer = json_file("tokenizer.json", &byte_bpe(&["<|endoftext|>"]));
        read(&folder(&[tokenizer, beside]))
    };
    let long = "a".repeat(100_000);
    let turns = |n: u32| {
        let tokens = (0..n).map(|i| {
            let token = json!({"content": format!("<{i}>"), "special": i % 2 == 0});
            ((1000 + i).to_string(), token)
        });
        let tokens: serde_json::Map<_, _> = tokens.collect();
        json!({"tokenizer_class": "GPT2Tokenizer", "added_tokens_decoder": tokens})
    };
    for (beside, part) in [
        (
            json_file("special_tokens_map.json", &json!({"pad_token": long})),
            "100000 bytes",
        ),
        (
            json_file("added_tokens.json", &json!({long.clone(): 1000})),
            "100000 bytes",
        ),
        (
            json_file(
                "tokenizer_config.json",
                &json!({"additional_special_tokens": [long]}),
            ),
            "100000 bytes",
        ),
        (json_file("tokenizer_config.json", &turns(20_000)), "20000 turns"),
    ] {
        let message = with(beside).unwrap_err();
        assert!(message.contains(part) && message.len() < 1000, "{message}");
    }
    assert!(with(json_file("tokenizer_config.json", &turns(200))).is_ok());
}

#[test]
fn a_tokenizer_that_draws_its_merges_is_refused() {
    let with = |dropout: Value| {
        let mut tokenizer = byte_bpe(&["<|endoftext|>"]);
        tokenizer["model"]["dropout"] = dropout;
        let config = json!({"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>"});
        read(&folder(&[
            json_file("tokenizer.json", &tokenizer),
            json_file("tokenizer_config.json", &config),
        ]))
    };
    for rate in [0.1, 0.5, 1.0] {
        let error = with(json!(rate)).unwrap_err();
        assert!(
            error.contains("dropout") && error.contains("tokenizer.json"),
            "{error}"
        );
    }
    assert_eq!(with(json!(null)).unwrap(), with(json!(0.0)).unwrap());
}
