//! Gemma 3, the text model: Gemma 2 with norms of queries and keys instead of the cap, and slower rotation in the
//! global blocks (every sixth block).
//!
//! Gemma Team (2025), <https://arxiv.org/abs/2503.19786>

use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::decoder::{Decoder, Defaults, LocalBlocks, QkNorms};
use crate::families::family::{Family, View};
use crate::families::gemma2::{SIZES, family_with};
use crate::families::rope::{self, RopeKeys, rotary};
use crate::families::sizes::local_blocks;

/// Rotation of the global blocks.
const GLOBAL: RopeKeys = RopeKeys {
    default_theta: 1e6,
    blocks: Some("full_attention"),
    ..rope::LLAMA
};

/// Rotation of the local blocks, which nothing scales.
const LOCAL: RopeKeys = RopeKeys {
    theta: &["rope_local_base_freq"],
    blocks: Some("sliding_attention"),
    may_scale: false,
    reads_older: false,
    ..rope::LLAMA
};

/// Values if the configuration does not give them (the reference's defaults).
const DEFAULT_KV_HEADS: i64 = 4;
const DEFAULT_SLIDING_WINDOW: i64 = 4096;
const DEFAULT_PATTERN: i64 = 6;

/// Reads a configuration of `model_type` `gemma3_text`, such as the 270M and 1B models have.
///
/// The larger models, whose `model_type` is gemma3, carry an image encoder and another file layout; they are not
/// supported.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    config.only_flag("use_bidirectional_attention", false, false)?;
    let decoder = family_with(
        config,
        None,
        DEFAULT_KV_HEADS,
        &Defaults {
            n_vocabulary: 262_208,
            n_positions: 131_072,
            rope: GLOBAL,
            ..SIZES
        },
    )?;
    let saved = config.size_or("_sliding_window_pattern", DEFAULT_PATTERN)?;
    let pattern = config.size_or("sliding_window_pattern", saved)?;
    let by_pattern = || (1..=decoder.n_blocks).map(|block| block % pattern != 0).collect();
    let are_local = local_blocks(config, decoder.n_blocks)?.unwrap_or_else(by_pattern);
    let view = View {
        rotary: Some(rotary(config, &LOCAL, decoder.heads.width)?),
        reach: Some(config.size_or("sliding_window", DEFAULT_SLIDING_WINDOW)? - 1),
    };
    Ok(Box::new(Decoder {
        local: Some(LocalBlocks { are_local, view }),
        qk_norms: QkNorms::Heads,
        ..decoder
    }))
}
