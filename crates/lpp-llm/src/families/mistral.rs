//! Mistral: Llama with a sliding window.
//!
//! A. Q. Jiang et al. (2023), <https://arxiv.org/abs/2310.06825>

use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults};
use crate::families::family::Family;
use crate::families::sizes::{kv_heads, own_head_width};

/// Key-value heads if the configuration does not give them (the reference's default).
const DEFAULT_KV_HEADS: i64 = 8;

/// The sliding window if the configuration does not give it (the reference's default).
const DEFAULT_SLIDING_WINDOW: i64 = 4096;

/// Reads a configuration of `model_type` mistral.
///
/// Newer models have no sliding window (`null`). Where there is one, a query sees itself and the `sliding_window` keys before
/// it, as in transformers 4.40; later releases count the query itself.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    // Later relatives alternate between kinds of blocks under a name of their own.
    config.only_absent("layer_types")?;
    config.only_flag("attention_bias", false, false)?;
    let defaults = Defaults {
        intermediate: 14_336,
        n_positions: 131_072,
        ..Defaults::LLAMA
    };
    let n_heads = defaults.n_heads(config)?;
    let heads = Heads {
        dropout: config.probability_or("attention_dropout", 0.0)?,
        ..Heads::new(
            n_heads,
            kv_heads(config, DEFAULT_KV_HEADS, n_heads)?,
            own_head_width(config, defaults.width(config)?, n_heads)?,
        )
    };
    let decoder = Decoder::from_config(config, heads, &defaults)?;
    // `null` is no window; a file without the key means the reference's default.
    let default_window = (!config.is_null("sliding_window")).then_some(DEFAULT_SLIDING_WINDOW);
    Ok(Box::new(Decoder {
        reach: config.optional_size("sliding_window")?.or(default_window),
        ..decoder
    }))
}
