//! Qwen1.5, Qwen2 and Qwen2.5: Llama with biases on the query, key and value projections.
//!
//! J. Bai et al. (2023), <https://arxiv.org/abs/2309.16609>; A. Yang et al. (2024),
//! <https://arxiv.org/abs/2407.10671>. `sliding_window` is as long as the context in all published models and
//! thus never reached.

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults};
use crate::families::family::Family;
use crate::families::sizes::{head_width, kv_heads, only_global_blocks};

/// Key-value heads if the configuration does not give them (the reference's default).
const DEFAULT_KV_HEADS: i64 = 32;

/// Reads a configuration of `model_type` qwen2.
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
        n_heads,
        n_kv_heads: kv_heads(config, DEFAULT_KV_HEADS, n_heads)?,
        width: head_width(config, "num_attention_heads", defaults.width(config)?, n_heads)?,
        dropout: config.probability_or("attention_dropout", 0.0)?,
        scale: None,
        softcap: None,
    };
    let decoder = Decoder::from_config(config, heads, &defaults)?;
    Ok(Box::new(Decoder {
        qkv_bias: true,
        ..decoder
    }))
}
