//! Sizes that several families read from their configurations in the same way.

use crate::config::ConfigFile;
use crate::error::LlmError;

/// Width of a head, refusing heads that do not divide the model's width.
pub(crate) fn head_width(config: &ConfigFile, key: &str, width: i64, n_heads: i64) -> Result<i64, LlmError> {
    if width % n_heads == 0 {
        Ok(width / n_heads)
    } else {
        Err(config.refuse(key, format!("a divisor of the width {width}")))
    }
}

/// Width of a head under `head_dim`, or its share of the model's width.
pub(crate) fn own_head_width(config: &ConfigFile, width: i64, n_heads: i64) -> Result<i64, LlmError> {
    match config.optional_size("head_dim")? {
        Some(width) => Ok(width),
        None => head_width(config, "num_attention_heads", width, n_heads),
    }
}

/// Number of key-value heads, which divides the number of heads. `null` means as many; a file without the key means the
/// family's default.
pub(crate) fn kv_heads(config: &ConfigFile, default: i64, n_heads: i64) -> Result<i64, LlmError> {
    let default = if config.is_null("num_key_value_heads") {
        n_heads
    } else {
        default
    };
    let n = config.size_or("num_key_value_heads", default)?;
    if n_heads % n == 0 {
        Ok(n)
    } else {
        Err(config.refuse("num_key_value_heads", format!("a divisor of the {n_heads} heads")))
    }
}

/// Which blocks are local by `layer_types`; nothing if the configuration has no such list.
pub(crate) fn local_blocks(config: &ConfigFile, n_blocks: i64) -> Result<Option<Vec<bool>>, LlmError> {
    const KINDS: &str = "one of full_attention and sliding_attention for each block";
    let Some(kinds) = config.texts("layer_types")? else {
        return Ok(None);
    };
    let is_known = |kind: &&str| ["full_attention", "sliding_attention"].contains(kind);
    if i64::try_from(kinds.len()) != Ok(n_blocks) || !kinds.iter().all(is_known) {
        return Err(config.refuse("layer_types", KINDS));
    }
    Ok(Some(
        kinds.iter().map(|kind| *kind == "sliding_attention").collect(),
    ))
}

/// Refuses a configuration with local blocks among its `n_blocks`.
pub(crate) fn only_global_blocks(config: &ConfigFile, n_blocks: i64) -> Result<(), LlmError> {
    match local_blocks(config, n_blocks)? {
        Some(local) if local.contains(&true) => {
            Err(config.refuse("layer_types", "full_attention for each block"))
        }
        _ => Ok(()),
    }
}

/// More blocks than any model has; the list of parameters is made before a weight is read.
const MOST_BLOCKS: i64 = 1000;

/// Number of blocks under `key`, or `default`.
pub(crate) fn n_blocks(config: &ConfigFile, key: &str, default: i64) -> Result<i64, LlmError> {
    let n = config.size_or(key, default)?;
    if n <= MOST_BLOCKS {
        Ok(n)
    } else {
        Err(config.refuse(key, format!("at most {MOST_BLOCKS} blocks")))
    }
}

/// The row under `pad_token_id` that is zero in an untrained model; a file without the key means the family's default,
/// `null` none.
pub(crate) fn pad_row(
    config: &ConfigFile,
    n_vocabulary: i64,
    default: Option<i64>,
) -> Result<Option<i64>, LlmError> {
    if config.is_null("pad_token_id") {
        return Ok(None);
    }
    let row = config.optional_row("pad_token_id", n_vocabulary)?;
    let is_absent = !config.keys().any(|key| key == "pad_token_id");
    Ok(row.or(default.filter(|&row| is_absent && row < n_vocabulary)))
}
