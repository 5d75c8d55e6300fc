//! Gemma: Llama with scaled embeddings, an independent head width, and tanh-GELU gates.
//!
//! Gemma Team (2024), <https://arxiv.org/abs/2403.08295>

use crate::blocks::activation::Activation;
use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults};
use crate::families::family::Family;
use crate::families::sizes::kv_heads;

/// Head width and key-value heads if the configuration does not give them (the reference's defaults).
const DEFAULT_HEAD_DIM: i64 = 256;
const DEFAULT_KV_HEADS: i64 = 16;

/// Reads a configuration of `model_type` gemma.
///
/// The published files have `hidden_act: gelu`, but the models were trained with the tanh form, which the reference
/// uses unless `hidden_activation` gives another.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    let defaults = Defaults {
        n_vocabulary: 256_000,
        width: 3072,
        n_blocks: 28,
        n_heads: 16,
        intermediate: 24_576,
        n_positions: 8192,
        is_tied: true,
        pad_row: Some(0),
        ..Defaults::LLAMA
    };
    let n_heads = defaults.n_heads(config)?;
    let heads = Heads {
        n_heads,
        n_kv_heads: kv_heads(config, DEFAULT_KV_HEADS, n_heads)?,
        width: config.size_or("head_dim", DEFAULT_HEAD_DIM)?,
        dropout: config.probability_or("attention_dropout", 0.0)?,
        scale: None,
        softcap: None,
    };
    let has_bias = config.flag_or("attention_bias", false)?;
    let decoder = Decoder::from_config(config, heads, &defaults)?;
    Ok(Box::new(Decoder {
        activation: Activation::from_config(config, "hidden_activation", "gelu_pytorch_tanh")?,
        qkv_bias: has_bias,
        o_bias: has_bias,
        norms_around_one: true,
        embedding_scale: Some((decoder.width as f64).sqrt()),
        ..decoder
    }))
}
