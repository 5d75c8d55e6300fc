//! Settings from the files next to a tokenizer: its class, special tokens and switches.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::refuse_pointer;
use serde_json::{Map, Value};
use tokenizers::AddedToken;

use crate::TextError;
use crate::tokenizer::class::TokenizerClass;
use crate::tokenizer::token_length;

/// Largest configuration file next to a tokenizer; real ones are below a megabyte.
const MAX_CONFIG_BYTES: u64 = 64 << 20;

/// The attributes for special tokens, in the order in which transformers adds them to a vocabulary.
const SPECIAL: [&str; 7] = [
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
];

const CONFIG: &str = "tokenizer_config.json";
const SPECIAL_TOKENS: &str = "special_tokens_map.json";
const ADDED_TOKENS: &str = "added_tokens.json";
const MODEL_CONFIG: &str = "config.json";

/// The settings of a tokenizer that are not in its own file.
#[derive(Debug)]
pub(super) struct Settings {
    class: TokenizerClass,
    config: Map<String, Value>,
    /// `special_tokens_map.json`; empty if `tokenizer_config.json` lists its added tokens, because it is then ignored.
    special_tokens: Map<String, Value>,
    /// Added tokens by their ids.
    added: BTreeMap<u64, AddedToken>,
    /// The `padding` stored in `tokenizer.json`.
    padding: Option<Value>,
    files: Vec<PathBuf>,
}

impl Settings {
    /// Reads the files of `folder`; a missing file counts as empty. `json` is the tokenizer's own file, if it has one.
    pub(super) fn load(folder: &Path, json: Option<&Path>) -> Result<Self, TextError> {
        let path = |name: &str| folder.join(name);
        let config = load_object(&path(CONFIG))?;
        let model = load_object(&path(MODEL_CONFIG))?;
        refuse_versions(&config, &path(CONFIG))?;
        let class = class(folder, &config, &model, json.is_some())?;
        let lists_added = config.contains_key("added_tokens_decoder");
        let special_tokens = if lists_added {
            Map::new()
        } else {
            load_object(&path(SPECIAL_TOKENS))?
        };
        let mut settings = Self {
            class,
            config,
            special_tokens,
            added: BTreeMap::new(),
            padding: None,
            files: Vec::new(),
        };
        settings.added = if lists_added {
            settings.listed_tokens(&path(CONFIG))?
        } else {
            settings.tokens_of_older_file(&path(ADDED_TOKENS))?
        };
        let special = settings.special_tokens();
        let added = settings.added_tokens().map(|token| &token.content);
        token_length::check(added.chain(&special).map(String::as_str))
            .map_err(|found| TextError::malformed(folder, found, "shorter tokens beside the tokenizer"))?;
        if let Some(json) = json.filter(|_| !settings.is_converted()) {
            let content = load_vocabulary(json)?;
            settings.padding = content
                .get("padding")
                .filter(|padding| padding.is_object())
                .cloned();
        }
        let beside = [CONFIG, SPECIAL_TOKENS, ADDED_TOKENS].map(path);
        settings
            .files
            .extend(beside.into_iter().filter(|file| file.is_file()));
        if !settings.config.contains_key("tokenizer_class") && folder.join(MODEL_CONFIG).is_file() {
            settings.files.push(folder.join(MODEL_CONFIG));
        }
        Ok(settings)
    }

    /// The class.
    pub(super) fn class(&self) -> TokenizerClass {
        self.class
    }

    /// The files that were read.
    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Whether transformers converts the slow tokenizer (`tokenizer.model`) again instead of reading `tokenizer.json`.
    pub(super) fn is_converted(&self) -> bool {
        self.class == TokenizerClass::Llama
            && (self.switch("add_prefix_space").is_some() || self.switch("from_slow") == Some(true))
    }

    /// A switch of `tokenizer_config.json`, if present.
    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        self.config.get(name).and_then(Value::as_bool)
    }

    /// A special token such as `eos_token`, or `None`. An explicit `null` means none.
    pub(super) fn token(&self, name: &str) -> Option<String> {
        let said = self.special_tokens.get(name).or_else(|| self.config.get(name));
        match said {
            Some(value) => content(value),
            None => self
                .stored_padding(name)
                .or_else(|| self.class.default_token(name).map(str::to_owned)),
        }
    }

    fn stored_padding(&self, name: &str) -> Option<String> {
        if name != "pad_token" || self.class.settles_padding() {
            return None;
        }
        content(self.padding.as_ref()?.get("pad_token")?)
    }

    /// Whether transformers would pad a text on its left.
    pub(super) fn pads_left(&self) -> bool {
        let side = self.config.get("padding_side").and_then(Value::as_str);
        let stored = || self.padding.as_ref()?.get("direction")?.as_str();
        match side.or_else(stored) {
            Some(side) => side.eq_ignore_ascii_case("left"),
            None => self.class.pads_left(),
        }
    }

    /// Whether transformers would truncate a text on its left, so that windows would be counted from the end.
    pub(super) fn cuts_left(&self) -> bool {
        self.config.get("truncation_side").and_then(Value::as_str) == Some("left")
    }

    /// All named special tokens, then those without a name.
    pub(super) fn special_tokens(&self) -> Vec<String> {
        let mut tokens: Vec<String> = SPECIAL.into_iter().filter_map(|name| self.token(name)).collect();
        let further = "additional_special_tokens";
        let lists = [self.config.get(further), self.special_tokens.get(further)];
        for list in lists.into_iter().flatten().filter_map(Value::as_array) {
            tokens.extend(list.iter().filter_map(content));
        }
        let mut seen = HashSet::new();
        tokens.retain(|token| seen.insert(token.clone()));
        tokens
    }

    /// Tokens to add to the vocabulary, in the order of their ids.
    pub(super) fn added_tokens(&self) -> impl Iterator<Item = &AddedToken> {
        self.added.values()
    }

    /// `added_tokens_decoder` of `tokenizer_config.json`.
    fn listed_tokens(&self, path: &Path) -> Result<BTreeMap<u64, AddedToken>, TextError> {
        let bad = |found: &Value| {
            let found = format!("the added token {found}");
            TextError::malformed(path, found, "an id with an object that has a content")
        };
        let listed = self.config.get("added_tokens_decoder");
        let Some(entries) = listed.and_then(Value::as_object) else {
            return Err(bad(listed.unwrap_or(&Value::Null)));
        };
        let token = |(id, value): (&String, &Value)| {
            let id = id.parse().map_err(|_| bad(value))?;
            Ok((id, added_token(value).ok_or_else(|| bad(value))?))
        };
        entries.iter().map(token).collect()
    }

    /// `added_tokens.json`, as written by older releases: tokens and their ids.
    fn tokens_of_older_file(&self, path: &Path) -> Result<BTreeMap<u64, AddedToken>, TextError> {
        let named: Vec<String> = SPECIAL
            .into_iter()
            .filter_map(|name| self.special_tokens.get(name).or_else(|| self.config.get(name)))
            .filter_map(content)
            .collect();
        let entries = load_object(path)?;
        let token = |(token, id): (String, Value)| {
            let is_special = named.contains(&token);
            let bad = || TextError::malformed(path, format!("{token:?} under {id}"), "a token with its id");
            let id = id.as_u64().ok_or_else(bad)?;
            Ok((id, AddedToken::from(token, is_special).normalized(!is_special)))
        };
        entries.into_iter().map(token).collect()
    }
}

/// The class, in the search order of transformers.
fn class(
    folder: &Path,
    config: &Map<String, Value>,
    model: &Map<String, Value>,
    has_json: bool,
) -> Result<TokenizerClass, TextError> {
    for (file, values) in [(CONFIG, config), (MODEL_CONFIG, model)] {
        if let Some(name) = values.get("tokenizer_class").and_then(Value::as_str) {
            return TokenizerClass::named(name).ok_or_else(|| unknown_class(&folder.join(file), name));
        }
    }
    match model.get("model_type").and_then(Value::as_str) {
        Some(family) => TokenizerClass::of_model_type(family).ok_or_else(|| {
            TextError::malformed(
                &folder.join(MODEL_CONFIG),
                format!(
                    "no tokenizer class: {CONFIG} gives none, and no supported class is known for the model_type \
                     {family:?}"
                ),
                format!("a tokenizer_class in {CONFIG}, one of {}", TokenizerClass::known()),
            )
        }),
        None if has_json => Ok(TokenizerClass::Plain),
        None => Err(TextError::malformed(
            folder,
            format!("a vocabulary without a tokenizer.json, and neither {CONFIG} nor {MODEL_CONFIG} names a tokenizer class"),
            "a tokenizer.json, or the class by whose rule the vocabulary (vocab.json and merges.txt, or vocab.txt) is read",
        )),
    }
}

fn unknown_class(path: &Path, name: &str) -> TextError {
    TextError::malformed(
        path,
        format!("the tokenizer class {name:?}, which is not supported"),
        format!(
            "one of {}; PreTrainedTokenizerFast uses tokenizer.json unchanged",
            TokenizerClass::known()
        ),
    )
}

/// Refuses a folder with different tokenizer files for different releases of transformers.
fn refuse_versions(config: &Map<String, Value>, path: &Path) -> Result<(), TextError> {
    let files = config.get("fast_tokenizer_files").and_then(Value::as_array);
    match files.filter(|files| files.iter().any(|file| file != "tokenizer.json")) {
        Some(files) => Err(TextError::malformed(
            path,
            format!("fast_tokenizer_files {}", Value::Array(files.clone())),
            "one tokenizer.json for all releases",
        )),
        None => Ok(()),
    }
}

/// A token is a string, or an object with the string as `content`.
fn content(value: &Value) -> Option<String> {
    value
        .as_str()
        .or_else(|| value.get("content")?.as_str())
        .map(str::to_owned)
}

/// An added token from its object. Missing fields are false, except that a token that is not special is normalised.
fn added_token(value: &Value) -> Option<AddedToken> {
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    let is_special = flag("special").unwrap_or(false);
    let token = AddedToken::from(value.get("content")?.as_str()?.to_owned(), is_special);
    Some(
        token
            .lstrip(flag("lstrip").unwrap_or(false))
            .rstrip(flag("rstrip").unwrap_or(false))
            .single_word(flag("single_word").unwrap_or(false))
            .normalized(flag("normalized").unwrap_or(!is_special)),
    )
}

pub(super) fn load_object(path: &Path) -> Result<Map<String, Value>, TextError> {
    load(path, lpp_files::json::from_slice)
}

/// An object with all tokens, which takes more memory.
pub(super) fn load_vocabulary(path: &Path) -> Result<Map<String, Value>, TextError> {
    load(path, |text| {
        lpp_files::json::check_vocabulary(text)?;
        serde_json::from_slice(text)
    })
}

fn load(
    path: &Path,
    parse: impl FnOnce(&[u8]) -> Result<Map<String, Value>, serde_json::Error>,
) -> Result<Map<String, Value>, TextError> {
    if !path.exists() {
        return Ok(Map::new());
    }
    refuse_pointer(path)?;
    let bytes = fs::metadata(path).map_err(TextError::read(path))?.len();
    if bytes > MAX_CONFIG_BYTES {
        return Err(TextError::malformed(
            path,
            format!("{bytes} bytes"),
            format!("at most {MAX_CONFIG_BYTES}"),
        ));
    }
    let text = lpp_files::read_input(path).map_err(TextError::read(path))?;
    parse(&text).map_err(|e| TextError::malformed(path, format!("no usable JSON ({e})"), "a JSON object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    fn settings(files: &[(&str, &str)]) -> Settings {
        Settings::load(folder(files).path(), Some(Path::new("absent"))).unwrap()
    }

    #[test]
    fn an_older_map_overrules_the_configuration_and_a_newer_list_the_map() {
        let class =
            r#""tokenizer_class": "GPT2TokenizerFast", "eos_token": {"content": "E", "lstrip": false}"#;
        let map = (SPECIAL_TOKENS, r#"{"eos_token": "M", "pad_token": "P"}"#);
        let older = settings(&[(CONFIG, &format!("{{{class}}}")), map]);
        assert_eq!(older.token("eos_token").as_deref(), Some("M"));
        assert_eq!(older.token("pad_token").as_deref(), Some("P"));
        let newer = settings(&[
            (CONFIG, &format!("{{{class}, \"added_tokens_decoder\": {{}}}}")),
            map,
        ]);
        assert_eq!(newer.token("eos_token").as_deref(), Some("E"));
        assert_eq!(newer.token("pad_token"), None);
        assert_eq!(newer.token("bos_token").as_deref(), Some("<|endoftext|>"));
    }

    #[test]
    fn an_explicit_null_means_no_token() {
        let null = settings(&[(
            CONFIG,
            r#"{"tokenizer_class": "GPT2Tokenizer", "eos_token": null}"#,
        )]);
        assert_eq!(null.token("eos_token"), None);
    }

    #[test]
    fn the_class_comes_from_the_tokenizer_then_from_the_model() {
        for (files, class) in [
            (
                vec![(MODEL_CONFIG, r#"{"model_type": "llama"}"#)],
                TokenizerClass::Llama,
            ),
            (
                vec![
                    (CONFIG, r#"{"model_max_length": 1024}"#),
                    (MODEL_CONFIG, r#"{"model_type": "gpt2"}"#),
                ],
                TokenizerClass::Gpt2,
            ),
            (
                vec![(
                    MODEL_CONFIG,
                    r#"{"model_type": "gpt2", "tokenizer_class": "BertTokenizerFast"}"#,
                )],
                TokenizerClass::Bert,
            ),
            (
                vec![
                    (CONFIG, r#"{"tokenizer_class": "Qwen2Tokenizer"}"#),
                    (MODEL_CONFIG, r#"{"model_type": "llama"}"#),
                ],
                TokenizerClass::Qwen2,
            ),
            (vec![], TokenizerClass::Plain),
        ] {
            assert_eq!(settings(&files).class(), class, "{files:?}");
        }
    }

    #[test]
    fn classes_that_are_not_known_are_refused_by_name() {
        for (files, part) in [
            (
                vec![(CONFIG, r#"{"tokenizer_class": "CTRLTokenizer"}"#)],
                "CTRLTokenizer",
            ),
            (
                vec![(MODEL_CONFIG, r#"{"tokenizer_class": "XLNetTokenizer"}"#)],
                "XLNetTokenizer",
            ),
            (vec![(MODEL_CONFIG, r#"{"model_type": "rwkv"}"#)], "rwkv"),
            (
                vec![(CONFIG, r#"{"fast_tokenizer_files": ["tokenizer.4.0.0.json"]}"#)],
                "4.0.0",
            ),
            (
                vec![(CONFIG, "version https://git-lfs.github.com/spec/v1\n")],
                "git lfs",
            ),
        ] {
            let folder = folder(&files);
            let message = Settings::load(folder.path(), Some(Path::new("absent")))
                .unwrap_err()
                .to_string();
            assert!(message.contains(part) && message.len() < 500, "{message}");
        }
        let message = Settings::load(folder(&[]).path(), None).unwrap_err().to_string();
        assert!(message.contains("merges.txt"), "{message}");
    }

    #[test]
    fn added_tokens_come_from_either_file() {
        let listed = r#"{"tokenizer_class": "GPT2Tokenizer", "added_tokens_decoder":
            {"9": {"content": "b", "special": true}, "8": {"content": "a", "normalized": false}}}"#;
        let tokens = |settings: &Settings| -> Vec<(String, bool, bool)> {
            let parts = |t: &AddedToken| (t.content.clone(), t.special, t.normalized);
            settings.added_tokens().map(parts).collect()
        };
        let newer = settings(&[(CONFIG, listed), (ADDED_TOKENS, r#"{"c": 3}"#)]);
        assert_eq!(
            tokens(&newer),
            [("a".into(), false, false), ("b".into(), true, false)]
        );
        let older = settings(&[
            (CONFIG, r#"{"pad_token": "c"}"#),
            (ADDED_TOKENS, r#"{"c": 3, "d": 2}"#),
        ]);
        assert_eq!(
            tokens(&older),
            [("d".into(), false, true), ("c".into(), true, false)]
        );
    }
}
