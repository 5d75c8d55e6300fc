//! Qwen3: Qwen2 with norms of queries and keys instead of their biases.
//!
//! A. Yang et al. (2025), <https://arxiv.org/abs/2505.09388>

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults, QkNorms};
use crate::families::family::Family;
use crate::families::sizes::{kv_heads, only_global_blocks};

/// Key-value heads and their width if the configuration does not give them (the reference's defaults).
const DEFAULT_KV_HEADS: i64 = 32;
const DEFAULT_HEAD_DIM: i64 = 128;

/// Reads a configuration of `model_type` qwen3.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    let defaults = Defaults {
        n_vocabulary: 151_936,
        intermediate: 22_016,
        n_positions: 32_768,
        ..Defaults::LLAMA
    };
    config.only_flag("use_sliding_window", false, false)?;
    config.ignore(&["sliding_window", "max_window_layers"]);
    only_global_blocks(config, defaults.n_blocks(config)?)?;
    let n_heads = defaults.n_heads(config)?;
    let heads = Heads {
        dropout: config.probability_or("attention_dropout", 0.0)?,
        ..Heads::new(
            n_heads,
            kv_heads(config, DEFAULT_KV_HEADS, n_heads)?,
            config.size_or("head_dim", DEFAULT_HEAD_DIM)?,
        )
    };
    let has_bias = config.flag_or("attention_bias", false)?;
    let decoder = Decoder::from_config(config, heads, &defaults)?;
    Ok(Box::new(Decoder {
        qkv_bias: has_bias,
        o_bias: has_bias,
        qk_norms: QkNorms::Heads,
        ..decoder
    }))
}
