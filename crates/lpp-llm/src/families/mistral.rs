//! Mistral: Llama with a sliding window.
//!
//! A. Q. Jiang et al. (2023), <https://arxiv.org/abs/2310.06825>

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults};
use crate::families::{Family, head_width, kv_heads};

/// Key-value heads where the configuration does not say (the reference's default).
const DEFAULT_KV_HEADS: i64 = 8;

/// Reads a configuration of `model_type` mistral.
///
/// A query sees itself and the `sliding_window` keys before it, as in transformers 4.40; later releases count
/// the query itself.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
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
        n_kv_heads: kv_heads(config, DEFAULT_KV_HEADS, n_heads)?,
        width,
        dropout: config.probability_or("attention_dropout", 0.0)?,
    };
    let decoder = Decoder::from_config(
        config,
        heads,
        &Defaults {
            n_positions: 131_072,
            is_tied: false,
        },
    )?;
    Ok(Box::new(Decoder {
        reach: config.optional_size("sliding_window")?,
        ..decoder
    }))
}
