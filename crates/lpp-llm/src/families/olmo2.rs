//! `OLMo` 2: Llama with the norms after attention and feed-forward part, and norms of queries and keys.
//!
//! Team `OLMo` (2025), <https://arxiv.org/abs/2501.00656>

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults, NormPlaces, QkNorms};
use crate::families::family::Family;
use crate::families::sizes::{kv_heads, only_global_blocks, own_head_width};

/// Reads a configuration of `model_type` olmo2.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    let defaults = Defaults {
        n_vocabulary: 50_304,
        eps: 1e-5,
        pad_row: Some(1),
        ..Defaults::LLAMA
    };
    only_global_blocks(config, defaults.n_blocks(config)?)?;
    config.only_absent("clip_qkv")?;
    let n_heads = defaults.n_heads(config)?;
    let heads = Heads {
        dropout: config.probability_or("attention_dropout", 0.0)?,
        ..Heads::new(
            n_heads,
            kv_heads(config, n_heads, n_heads)?,
            own_head_width(config, defaults.width(config)?, n_heads)?,
        )
    };
    let has_bias = config.flag_or("attention_bias", false)?;
    let decoder = Decoder::from_config(config, heads, &defaults)?;
    Ok(Box::new(Decoder {
        qkv_bias: has_bias,
        o_bias: has_bias,
        norms: NormPlaces::Behind,
        qk_norms: QkNorms::Together,
        ..decoder
    }))
}
