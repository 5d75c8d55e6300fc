//! Selection of the files of a repository.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

/// The part of a repository that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Configuration, tokenizer and weights.
    Model,
    /// Configuration and tokenizer: enough for an untrained control.
    WithoutWeights,
    /// The tokenizer, with the configuration that transformers reads too.
    Tokenizer,
}

/// Weights in order of preference, with an index of shards after the single file of its format. The order is that of
/// `lpp-llm`, which does not load later entries.
const WEIGHTS: [&str; 4] = [
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
];

/// Small files that transformers or the tokenizers crate may read, and one that marks the weights as an adapter.
const SMALL: [&str; 12] = [
    "adapter_config.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer.model",
    "spiece.model",
];

#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::BTreeMap<String, String>,
}

/// The weights of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weights {
    /// One file.
    Single(&'static str),
    /// An index of shards.
    Sharded(&'static str),
}

impl Content {
    /// The accepted file names of weights.
    pub(crate) fn weight_names() -> String {
        WEIGHTS.join(", ")
    }

    /// The small files among `names`.
    pub(crate) fn small_files<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        names.filter(|name| SMALL.contains(name)).collect()
    }

    /// The preferred weights among `names`.
    pub(crate) fn weights(mut is_there: impl FnMut(&str) -> bool) -> Option<Weights> {
        let found = WEIGHTS.into_iter().find(|name| is_there(name))?;
        Some(if found.ends_with(".index.json") {
            Weights::Sharded(found)
        } else {
            Weights::Single(found)
        })
    }

    /// A file that is needed but not in `folder`.
    pub(crate) fn missing_in(self, folder: &Path) -> Option<String> {
        let is_there = |name: &str| folder.join(name).is_file();
        if self != Self::Tokenizer && !is_there("config.json") {
            return Some("config.json".to_owned());
        }
        match self {
            Self::Model => match Self::weights(is_there) {
                None => Some(format!("any of {}", Self::weight_names())),
                Some(Weights::Single(_)) => None,
                Some(Weights::Sharded(index)) => {
                    let content = std::fs::read(folder.join(index)).unwrap_or_default();
                    match shards(&content) {
                        Ok(shards) => shards.into_iter().find(|shard| !is_there(shard)),
                        Err(_) => Some(format!("a usable {index}")),
                    }
                }
            },
            Self::WithoutWeights => None,
            Self::Tokenizer => {
                let is_pair = is_there("vocab.json") && is_there("merges.txt");
                let whole = is_there("tokenizer.json") || is_pair || is_there("vocab.txt");
                if !whole {
                    return Some("tokenizer.json".to_owned());
                }
                // One of them names the class, without which special tokens are not known.
                let named = is_there("tokenizer_config.json") || is_there("config.json");
                (!named).then(|| "config.json".to_owned())
            }
        }
    }
}

/// The shards listed in an index.
///
/// # Errors
/// What is wrong with the index.
pub(crate) fn shards(index: &[u8]) -> Result<BTreeSet<String>, String> {
    let index: Index = lpp_files::json::from_slice(index).map_err(|e| format!("no index of shards ({e})"))?;
    let shards: BTreeSet<String> = index.weight_map.into_values().collect();
    match shards
        .iter()
        .find(|shard| shard.contains(['/', '\\']) || shard.starts_with('.') || shard.is_empty())
    {
        Some(shard) => Err(format!("shard name {shard:?} is not a plain file name")),
        None if shards.is_empty() => Err("an index without shards".to_owned()),
        None => Ok(shards),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safetensors_come_before_pickles() {
        let weights = |names: &[&str]| Content::weights(|name| names.contains(&name));
        assert_eq!(
            weights(&["pytorch_model.bin", "model.safetensors.index.json"]),
            Some(Weights::Sharded("model.safetensors.index.json"))
        );
        assert_eq!(
            weights(&["pytorch_model.bin", "tf_model.h5"]),
            Some(Weights::Single("pytorch_model.bin"))
        );
        assert_eq!(weights(&["tf_model.h5"]), None);
    }

    #[test]
    fn a_tokenizer_needs_a_file_that_names_its_class() {
        let folder = tempfile::tempdir().unwrap();
        let missing = || Content::Tokenizer.missing_in(folder.path());
        assert_eq!(missing().as_deref(), Some("tokenizer.json"));
        std::fs::write(folder.path().join("tokenizer.json"), "{}").unwrap();
        assert_eq!(missing().as_deref(), Some("config.json"));
        std::fs::write(folder.path().join("tokenizer_config.json"), "{}").unwrap();
        assert_eq!(missing(), None);
    }

    #[test]
    fn shards_are_plain_names() {
        assert_eq!(
            shards(br#"{"weight_map": {"a": "2.bin", "b": "1.bin", "c": "2.bin"}}"#).unwrap(),
            BTreeSet::from(["1.bin".to_owned(), "2.bin".to_owned()])
        );
        assert!(
            shards(br#"{"weight_map": {"a": "../../x"}}"#)
                .unwrap_err()
                .contains("plain")
        );
        assert!(shards(b"<html>").is_err());
    }
}
