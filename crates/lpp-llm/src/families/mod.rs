//! The model families: one file each, tensors named as in the checkpoint.
//!
//! A family reads its `config.json`, lists its parameters in the reference's order, and builds two kinds of parts: the
//! stem (embedding and final norm) and the blocks. [`crate::CausalModel`] runs them and does not depend on the family.

mod decoder;
mod family;
mod gemma;
mod gemma2;
mod gemma3;
mod gpt2;
mod gpt_neox;
mod keys;
mod llama;
mod mamba;
mod mistral;
mod olmo2;
mod opt;
mod qwen2;
mod qwen3;
mod rope;
mod sizes;
mod stablelm;

use crate::config::ConfigFile;
use crate::error::LlmError;

pub(crate) use family::{Block, Family, FirstState, Layout, Stem, View};

/// Reads the configuration of a family.
type Builder = fn(&ConfigFile) -> Result<Box<dyn Family>, LlmError>;

/// The families, by the `model_type` of their configurations.
const FAMILIES: [(&str, Builder); 13] = [
    ("gemma", gemma::family),
    ("gemma2", gemma2::family),
    ("gemma3_text", gemma3::family),
    ("gpt2", gpt2::family),
    ("gpt_neox", gpt_neox::family),
    ("llama", llama::family),
    ("mamba", mamba::family),
    ("mistral", mistral::family),
    ("olmo2", olmo2::family),
    ("opt", opt::family),
    ("qwen2", qwen2::family),
    ("qwen3", qwen3::family),
    ("stablelm", stablelm::family),
];

/// The `model_type`s that can be run.
pub(crate) fn supported() -> String {
    FAMILIES.map(|(name, _)| name).join(", ")
}

/// The family and name in a configuration.
pub(crate) fn family_of(config: &ConfigFile) -> Result<(&'static str, Box<dyn Family>), LlmError> {
    let model_type = config.text_or("model_type", "")?;
    // The first release of stablelm-3b-4e1t carried its own code under this name.
    let model_type = if model_type == "stablelm_epoch" {
        "stablelm"
    } else {
        model_type
    };
    match FAMILIES.iter().find(|(name, _)| *name == model_type) {
        Some((name, build)) => {
            keys::refuse_foreign(config)?;
            Ok((name, build(config)?))
        }
        None => Err(LlmError::UnknownFamily {
            path: config.path().to_path_buf(),
            model_type: model_type.to_string(),
            supported: supported(),
        }),
    }
}

/// Keys of a configuration that are unknown to the family.
///
/// # Errors
/// As [`family_of`].
pub(crate) fn unknown_keys(config: &ConfigFile) -> Result<Vec<String>, LlmError> {
    family_of(config)?;
    Ok(keys::unknown(config))
}
