//! Llama and Llama 2.
//!
//! H. Touvron et al. (2023), <https://arxiv.org/abs/2307.09288>

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults};
use crate::families::{Family, head_width, kv_heads};

/// Reads a configuration of `model_type` llama.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    config.only_flag("mlp_bias", false, false)?;
    let n_heads = config.size("num_attention_heads")?;
    let width = head_width(
        config,
        "num_attention_heads",
        config.size("hidden_size")?,
        n_heads,
    )?;
    if config.size_or("head_dim", width)? != width {
        return Err(config.refuse("head_dim", format!("{width} (hidden_size / num_attention_heads)")));
    }
    let heads = Heads {
        n_heads,
        n_kv_heads: kv_heads(config, n_heads, n_heads)?,
        width,
        dropout: config.probability_or("attention_dropout", 0.0)?,
    };
    // `attention_bias` puts one on all four projections.
    let has_bias = config.flag_or("attention_bias", false)?;
    let decoder = Decoder::from_config(
        config,
        heads,
        &Defaults {
            n_positions: 2048,
            is_tied: false,
        },
    )?;
    Ok(Box::new(Decoder {
        qkv_bias: has_bias,
        o_bias: has_bias,
        ..decoder
    }))
}
