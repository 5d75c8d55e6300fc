//! Gemma 2: Gemma with norms on both sides, capped attention scores, and a sliding window in every other block.
//!
//! Gemma Team (2024), <https://arxiv.org/abs/2408.00118>

use crate::blocks::activation::Activation;
use crate::blocks::attention::Heads;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults, LocalBlocks, NormPlaces};
use crate::families::family::{Family, View};
use crate::families::sizes::{kv_heads, local_blocks};

/// Sizes if the configuration does not give them: those of the reference's class, for Gemma 2 and 3.
pub(super) const SIZES: Defaults = Defaults {
    n_vocabulary: 256_000,
    width: 2304,
    n_blocks: 26,
    n_heads: 8,
    intermediate: 9216,
    n_positions: 8192,
    is_tied: true,
    pad_row: Some(0),
    ..Defaults::LLAMA
};

/// Other values if the configuration does not give them.
const DEFAULT_HEAD_DIM: i64 = 256;
const DEFAULT_KV_HEADS: i64 = 4;
const DEFAULT_SLIDING_WINDOW: i64 = 4096;
const DEFAULT_SCORE_WIDTH: f64 = 256.0;
const DEFAULT_SOFTCAP: f64 = 50.0;
const DEFAULT_FINAL_SOFTCAP: f64 = 30.0;

/// Reads a configuration of `model_type` gemma2.
///
/// A local block sees `sliding_window` keys, the query's own included (Mistral's counts those before it).
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    config.only_flag("use_bidirectional_attention", false, false)?;
    // `null` switches a cap off; a file without the key means the default.
    let cap = |key: &str, default: f64| -> Result<Option<f64>, LlmError> {
        if config.is_null(key) {
            return Ok(None);
        }
        Ok(Some(config.number_or(key, default)?).filter(|&cap| cap > 0.0))
    };
    let softcap = cap("attn_logit_softcapping", DEFAULT_SOFTCAP)?;
    let decoder = Decoder {
        final_softcap: cap("final_logit_softcapping", DEFAULT_FINAL_SOFTCAP)?,
        ..family_with(config, softcap, DEFAULT_KV_HEADS, &SIZES)?
    };
    // Without a list, the first block is local, the second is not, and so on.
    let alternating = || (0..decoder.n_blocks).map(|block| block % 2 == 0).collect();
    let are_local = local_blocks(config, decoder.n_blocks)?.unwrap_or_else(alternating);
    let view = View {
        rotary: Some(decoder.rotary),
        reach: Some(config.size_or("sliding_window", DEFAULT_SLIDING_WINDOW)? - 1),
    };
    Ok(Box::new(Decoder {
        local: Some(LocalBlocks { are_local, view }),
        ..decoder
    }))
}

/// What Gemma 2 and 3 have in common.
pub(super) fn family_with(
    config: &ConfigFile,
    softcap: Option<f64>,
    default_kv_heads: i64,
    defaults: &Defaults,
) -> Result<Decoder, LlmError> {
    config.ignore(&["hidden_act"]);
    let n_heads = defaults.n_heads(config)?;
    let score_width = config.positive_or("query_pre_attn_scalar", DEFAULT_SCORE_WIDTH)?;
    let heads = Heads {
        dropout: config.probability_or("attention_dropout", 0.0)?,
        scale: Some(1.0 / score_width.sqrt()),
        softcap,
        ..Heads::new(
            n_heads,
            kv_heads(config, default_kv_heads, n_heads)?,
            config.size_or("head_dim", DEFAULT_HEAD_DIM)?,
        )
    };
    let has_bias = config.flag_or("attention_bias", false)?;
    let decoder = Decoder::from_config(config, heads, defaults)?;
    Ok(Decoder {
        activation: Activation::from_config(config, "hidden_activation", "gelu_pytorch_tanh")?,
        qkv_bias: has_bias,
        o_bias: has_bias,
        norms_around_one: true,
        norms: NormPlaces::Around,
        embedding_scale: Some((decoder.width as f64).sqrt()),
        final_softcap: config.optional_number("final_logit_softcapping")?,
        ..decoder
    })
}
