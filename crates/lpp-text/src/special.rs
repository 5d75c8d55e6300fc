//! What `tokenizer_config.json` and `special_tokens_map.json` say beside a tokenizer.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::TextError;

/// Largest configuration file beside a tokenizer; real ones stay below a megabyte.
const MAX_CONFIG_BYTES: u64 = 64 << 20;

/// The settings of a tokenizer that its own file does not hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct TokenizerConfig {
    config: Map<String, Value>,
    special_tokens: Map<String, Value>,
}

impl TokenizerConfig {
    /// Reads both files from `folder`; a file which is not there is an empty one.
    pub(crate) fn load(folder: &Path) -> Result<Self, TextError> {
        Ok(Self {
            config: load_object(&folder.join("tokenizer_config.json"))?,
            special_tokens: load_object(&folder.join("special_tokens_map.json"))?,
        })
    }

    /// The tokenizer's class without the ending `Fast`, or nothing.
    pub(crate) fn class(&self) -> &str {
        let class = self
            .config
            .get("tokenizer_class")
            .and_then(Value::as_str)
            .unwrap_or("");
        class.strip_suffix("Fast").unwrap_or(class)
    }

    /// A switch of `tokenizer_config.json`, if it is there.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        self.config.get(name).and_then(Value::as_bool)
    }

    /// A special token such as `eos_token`: from the configuration, then from the map, then what the class takes if
    /// neither says anything. An explicit `null` means that there is none.
    pub(crate) fn token(&self, name: &str) -> Option<String> {
        let configured = self.config.get(name);
        configured
            .and_then(content)
            .or_else(|| self.special_tokens.get(name).and_then(content))
            .or_else(|| {
                if configured.is_some() {
                    None
                } else {
                    self.default_token(name)
                }
            })
    }

    /// Defaults of the tokenizer classes of transformers 4.40.
    fn default_token(&self, name: &str) -> Option<String> {
        let token = match (self.class(), name) {
            ("GPT2Tokenizer" | "GPTNeoXTokenizer", "eos_token" | "bos_token")
            | ("Qwen2Tokenizer", "eos_token" | "pad_token") => "<|endoftext|>",
            ("LlamaTokenizer" | "CodeLlamaTokenizer", "eos_token") => "</s>",
            ("LlamaTokenizer" | "CodeLlamaTokenizer", "bos_token") => "<s>",
            ("GemmaTokenizer", "eos_token") => "<eos>",
            ("GemmaTokenizer", "bos_token") => "<bos>",
            ("GemmaTokenizer", "pad_token") => "<pad>",
            ("BertTokenizer", "pad_token") => "[PAD]",
            _ => return None,
        };
        Some(token.to_owned())
    }
}

/// A token is a string, or an object with the string as `content`.
fn content(value: &Value) -> Option<String> {
    value
        .as_str()
        .or_else(|| value.get("content")?.as_str())
        .map(str::to_owned)
}

fn load_object(path: &Path) -> Result<Map<String, Value>, TextError> {
    if !path.exists() {
        return Ok(Map::new());
    }
    let bytes = fs::metadata(path).map_err(TextError::read(path))?.len();
    if bytes > MAX_CONFIG_BYTES {
        return Err(TextError::malformed(
            path,
            format!("{bytes} bytes"),
            format!("at most {MAX_CONFIG_BYTES}"),
        ));
    }
    let text = fs::read(path).map_err(TextError::read(path))?;
    serde_json::from_slice(&text)
        .map_err(|e| TextError::malformed(path, format!("no usable JSON ({e})"), "a JSON object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(config: &str, special_tokens: &str) -> TokenizerConfig {
        TokenizerConfig {
            config: serde_json::from_str(config).unwrap(),
            special_tokens: serde_json::from_str(special_tokens).unwrap(),
        }
    }

    #[test]
    fn tokens_come_from_the_configuration_then_the_map_then_the_class() {
        let object =
            r#"{"tokenizer_class": "GPT2TokenizerFast", "eos_token": {"content": "E", "lstrip": false}}"#;
        assert_eq!(
            config(object, r#"{"eos_token": "M"}"#)
                .token("eos_token")
                .as_deref(),
            Some("E")
        );
        assert_eq!(
            config(object, r#"{"pad_token": "M"}"#)
                .token("pad_token")
                .as_deref(),
            Some("M")
        );
        assert_eq!(
            config(r#"{"tokenizer_class": "LlamaTokenizer"}"#, "{}")
                .token("eos_token")
                .as_deref(),
            Some("</s>")
        );
    }

    #[test]
    fn an_explicit_null_means_no_token() {
        let config = config(r#"{"tokenizer_class": "GPT2Tokenizer", "eos_token": null}"#, "{}");
        assert_eq!(config.token("eos_token"), None);
    }
}
