//! Typed reading of a checkpoint's `config.json`; unsupported values are refused.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use lpp_files::refuse_pointer;
use serde_json::{Map, Value};

use crate::error::LlmError;

/// No published model has more blocks, widths or words; a larger number is a damaged file.
const LARGEST_SIZE: i64 = 1 << 24;

/// A parsed `config.json`. A key with the value `null` counts as absent, except in [`is_null`](Self::is_null).
///
/// It records which keys were read, so that the others can be listed.
#[derive(Debug, Clone)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    values: Map<String, Value>,
    /// Shared by all clones.
    asked: Rc<RefCell<BTreeSet<String>>>,
}

impl ConfigFile {
    /// Reads `<folder>/config.json`.
    pub(crate) fn load(folder: &Path) -> Result<Self, LlmError> {
        let path = folder.join("config.json");
        refuse_pointer(&path)?;
        let text = match lpp_files::read_input_text(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(LlmError::NoConfig { path }),
            Err(source) => return Err(LlmError::read(&path)(source)),
        };
        Self::parse(path, &text)
    }

    /// Parses the text of a `config.json`; `path` is only used in messages.
    pub(crate) fn parse(path: PathBuf, text: &str) -> Result<Self, LlmError> {
        match lpp_files::json::from_str(text) {
            Ok(values) => Ok(Self::new(path, values)),
            Err(reason) => Err(LlmError::Json { path, reason }),
        }
    }

    fn new(path: PathBuf, values: Map<String, Value>) -> Self {
        Self {
            path,
            values,
            asked: Rc::default(),
        }
    }

    /// The same with other names for some keys: (found, wanted).
    ///
    /// # Errors
    /// `ConfigValue` if both names exist with different values.
    pub(crate) fn with_synonyms(mut self, synonyms: &[(&str, &str)]) -> Result<Self, LlmError> {
        for (found, wanted) in synonyms {
            let Some(value) = self.get(found).cloned() else {
                continue;
            };
            match self.get(wanted) {
                Some(other) if *other != value => {
                    return Err(self.refuse(found, format!("{other}, as `{wanted}` says")));
                }
                _ => drop(self.values.insert((*wanted).to_owned(), value)),
            }
        }
        Ok(self)
    }

    /// The path of the file, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// Whether `key` exists and is `null`.
    pub(crate) fn is_null(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(Value::is_null)
    }

    /// The keys that were not read and are not empty: not `null`, `false`, or an empty list, object or text.
    pub(crate) fn unasked(&self) -> impl Iterator<Item = &str> {
        let asked = self.asked.borrow().clone();
        let says_something = |value: &Value| match value {
            Value::Null => false,
            Value::Bool(flag) => *flag,
            Value::Number(_) => true,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
        };
        let unasked = self
            .values
            .iter()
            .filter(move |(key, value)| !asked.contains(key.as_str()) && says_something(value));
        unasked.map(|(key, _)| key.as_str())
    }

    /// Whether `key` is absent, `null`, or one of the JSON values `neutral`.
    pub(crate) fn is_neutral(&self, key: &str, neutral: &[Value]) -> bool {
        let value = self.get(key);
        value.is_none_or(|value| {
            neutral.contains(value)
                || value
                    .as_f64()
                    .is_some_and(|x| neutral.iter().any(|n| n.as_f64() == Some(x)))
        })
    }

    /// Names keys that the family has and that have no part in hidden states.
    pub(crate) fn ignore(&self, keys: &[&str]) {
        self.asked
            .borrow_mut()
            .extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether two keys have the same value.
    pub(crate) fn are_equal(&self, a: &str, b: &str) -> bool {
        self.get(a) == self.get(b)
    }

    /// A `ConfigValue` error for `key`.
    pub(crate) fn refuse(&self, key: &str, expected: impl Into<String>) -> LlmError {
        let found = self
            .get(key)
            .map_or_else(|| "absent".to_string(), ToString::to_string);
        LlmError::ConfigValue {
            path: self.path.clone(),
            key: key.to_string(),
            found,
            expected: expected.into(),
        }
    }

    /// A positive count, or `default` if the key is absent.
    pub(crate) fn size_or(&self, key: &str, default: i64) -> Result<i64, LlmError> {
        Ok(self.optional_size(key)?.unwrap_or(default))
    }

    /// A positive count, or nothing.
    pub(crate) fn optional_size(&self, key: &str) -> Result<Option<i64>, LlmError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(n) if (1..=LARGEST_SIZE).contains(&n) => Ok(Some(n)),
            _ => Err(self.refuse(key, format!("a whole number from 1 to {LARGEST_SIZE}"))),
        }
    }

    /// A row of the embedding, such as `pad_token_id`, or nothing.
    ///
    /// A negative value counts as absent, as the reference treats it.
    pub(crate) fn optional_row(&self, key: &str, n_rows: i64) -> Result<Option<i64>, LlmError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(n) if n < 0 => Ok(None),
            Some(n) if n < n_rows => Ok(Some(n)),
            _ => Err(self.refuse(key, format!("a row below {n_rows}"))),
        }
    }

    /// A finite number, or `default` if the key is absent.
    pub(crate) fn number_or(&self, key: &str, default: f64) -> Result<f64, LlmError> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        value
            .as_f64()
            .filter(|x| x.is_finite())
            .ok_or_else(|| self.refuse(key, "a number"))
    }

    /// A number of 0 or more, or `default` if the key is absent.
    pub(crate) fn not_negative_or(&self, key: &str, default: f64) -> Result<f64, LlmError> {
        let value = self.number_or(key, default)?;
        if value >= 0.0 {
            Ok(value)
        } else {
            Err(self.refuse(key, "a number of 0 or more"))
        }
    }

    /// A positive number, or `default` if the key is absent.
    pub(crate) fn positive_or(&self, key: &str, default: f64) -> Result<f64, LlmError> {
        let value = self.number_or(key, default)?;
        if value > 0.0 {
            Ok(value)
        } else {
            Err(self.refuse(key, "a positive number"))
        }
    }

    /// A number, or nothing.
    pub(crate) fn optional_number(&self, key: &str) -> Result<Option<f64>, LlmError> {
        match self.get(key) {
            None => Ok(None),
            Some(_) => self.number_or(key, 0.0).map(Some),
        }
    }

    /// A probability below one, or `default` if the key is absent.
    pub(crate) fn probability_or(&self, key: &str, default: f64) -> Result<f64, LlmError> {
        let p = self.number_or(key, default)?;
        if (0.0..1.0).contains(&p) {
            Ok(p)
        } else {
            Err(self.refuse(key, "a probability from 0 to below 1"))
        }
    }

    /// A truth value, or `default` if the key is absent.
    pub(crate) fn flag_or(&self, key: &str, default: bool) -> Result<bool, LlmError> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        value.as_bool().ok_or_else(|| self.refuse(key, "true or false"))
    }

    /// A string, or `default` if the key is absent.
    pub(crate) fn text_or<'a>(&'a self, key: &str, default: &'a str) -> Result<&'a str, LlmError> {
        let Some(value) = self.get(key) else {
            return Ok(default);
        };
        value.as_str().ok_or_else(|| self.refuse(key, "a string"))
    }

    /// A nested object, or nothing; its keys are named like those of the file.
    pub(crate) fn section(&self, key: &str) -> Result<Option<Self>, LlmError> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(values)) => Ok(Some(Self::new(self.path.clone(), values.clone()))),
            Some(_) => Err(self.refuse(key, "an object")),
        }
    }

    /// A list of strings, or nothing.
    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&str>>, LlmError> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        let texts = value
            .as_array()
            .and_then(|all| all.iter().map(Value::as_str).collect());
        match texts {
            Some(texts) => Ok(Some(texts)),
            None => Err(self.refuse(key, "a list of strings")),
        }
    }

    /// A positive number that must be there.
    pub(crate) fn positive(&self, key: &str) -> Result<f64, LlmError> {
        self.positive_or(key, f64::NAN)
    }

    /// Refuses the file unless the flag `key` (or its `default`) is `needed`.
    pub(crate) fn only_flag(&self, key: &str, default: bool, needed: bool) -> Result<(), LlmError> {
        if self.flag_or(key, default)? == needed {
            Ok(())
        } else {
            Err(self.refuse(key, needed.to_string()))
        }
    }

    /// Refuses the file if `key` is present and not null.
    pub(crate) fn only_absent(&self, key: &str) -> Result<(), LlmError> {
        if self.get(key).is_none() {
            Ok(())
        } else {
            Err(self.refuse(key, "null (this option is not supported)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> ConfigFile {
        ConfigFile::parse(PathBuf::from("config.json"), text).unwrap()
    }

    #[test]
    fn many_small_values_are_refused() {
        let text = format!("{{\"a\":[{}0]}}", "{\"\":0},".repeat(1_000_000));
        assert!(ConfigFile::parse(PathBuf::from("config.json"), &text).is_err());
    }

    #[test]
    fn a_message_does_not_quote_a_file_that_is_one_text() {
        let text = format!("\"{}\"", "a".repeat(1 << 20));
        let refusal = ConfigFile::parse(PathBuf::from("config.json"), &text).unwrap_err();
        let message = refusal.to_string();
        assert!(
            message.len() < 1000 && message.contains("not valid JSON"),
            "{message}"
        );
        assert!(std::error::Error::source(&refusal).is_none());
    }

    #[test]
    fn null_counts_as_absent() {
        let c = config(r#"{"n_inner": null}"#);
        assert_eq!(c.size_or("n_inner", 7).unwrap(), 7);
        assert!(c.only_absent("n_inner").is_ok());
    }

    #[test]
    fn impossible_values_are_refused_by_name() {
        let c = config(r#"{"a": -1, "b": 1.5, "c": "x", "d": 1e300, "p": 1.0}"#);
        for key in ["a", "b", "c", "d"] {
            let message = c.size_or(key, 1).unwrap_err().to_string();
            assert!(message.contains(&format!("`{key}`")), "{message}");
        }
        assert!(c.probability_or("p", 0.0).is_err());
        assert!(c.positive_or("a", 1.0).is_err());
        let message = c.not_negative_or("a", 0.02).unwrap_err().to_string();
        assert!(
            message.contains("config.json") && message.contains("0 or more"),
            "{message}"
        );
        assert_eq!(c.size_or("absent", 7).unwrap(), 7);
    }

    #[test]
    fn keys_that_nobody_asked_for_are_known() {
        let c = config(r#"{"a": 1, "b": 2, "c": null, "d": false, "e": [], "f": "x", "g": {}}"#);
        c.size_or("a", 1).unwrap();
        assert_eq!(c.unasked().collect::<Vec<_>>(), ["b", "f"]);
    }

    #[test]
    fn a_second_name_serves_but_must_not_contradict() {
        let synonyms = [("hidden_size", "n_embd")];
        let c = config(r#"{"hidden_size": 8}"#).with_synonyms(&synonyms).unwrap();
        assert_eq!(c.size_or("n_embd", 1).unwrap(), 8);
        assert!(
            config(r#"{"hidden_size": 8, "n_embd": 8}"#)
                .with_synonyms(&synonyms)
                .is_ok()
        );
        let message = config(r#"{"hidden_size": 8, "n_embd": 9}"#)
            .with_synonyms(&synonyms)
            .unwrap_err();
        assert!(
            message.to_string().contains("`hidden_size` is 8, expected 9"),
            "{message}"
        );
    }

    #[test]
    fn only_an_object_is_a_configuration() {
        assert!(ConfigFile::parse(PathBuf::from("config.json"), "[1]").is_err());
        assert!(ConfigFile::parse(PathBuf::from("config.json"), "{").is_err());
    }
}
