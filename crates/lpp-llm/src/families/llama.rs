//! Llama 1 to 3, and models with the same architecture, such as `SmolLM`.
//!
//! H. Touvron et al. (2023), <https://arxiv.org/abs/2307.09288>; A. Grattafiori et al. (2024),
//! <https://arxiv.org/abs/2407.21783>

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults};
use crate::families::family::Family;
use crate::families::sizes::{kv_heads, only_global_blocks, own_head_width};

/// Reads a configuration of `model_type` llama.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    let defaults = Defaults::LLAMA;
    config.ignore(&["pretraining_tp", "is_llama_config"]);
    only_global_blocks(config, defaults.n_blocks(config)?)?;
    let n_heads = defaults.n_heads(config)?;
    let heads = Heads {
        dropout: config.probability_or("attention_dropout", 0.0)?,
        ..Heads::new(
            n_heads,
            kv_heads(config, n_heads, n_heads)?,
            own_head_width(config, defaults.width(config)?, n_heads)?,
        )
    };
    // `attention_bias` puts one on all four projections.
    let has_bias = config.flag_or("attention_bias", false)?;
    let decoder = Decoder::from_config(config, heads, &defaults)?;
    Ok(Box::new(Decoder {
        qkv_bias: has_bias,
        o_bias: has_bias,
        mlp_bias: config.flag_or("mlp_bias", false)?,
        ..decoder
    }))
}
