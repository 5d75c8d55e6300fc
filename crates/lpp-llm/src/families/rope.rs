//! Rotary parameters from a configuration: `rope_theta` and `rope_scaling` as older files have them, `rope_parameters` as
//! transformers 5 writes them, with base, scaling and rotated share in one object.

use crate::blocks::rotary::{RotaryParams, RotaryScaling};
use crate::config::ConfigFile;
use crate::error::LlmError;

/// The keys of the rotary parameters in a family's configuration, and their defaults.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RopeKeys {
    /// Keys of the base outside `rope_parameters`; the first that exists is used.
    pub(crate) theta: &'static [&'static str],
    pub(crate) default_theta: f64,
    /// Keys of the share of the head that is rotated, and its default; none: all of it.
    pub(crate) share: Option<(&'static [&'static str], f64)>,
    /// Whether frequencies may be rescaled.
    pub(crate) may_scale: bool,
    /// Whether `rope_scaling` is about these blocks.
    pub(crate) reads_older: bool,
    /// The kind of blocks whose parameters are wanted, where `rope_parameters` has one entry a kind.
    pub(crate) blocks: Option<&'static str>,
}

/// Llama's keys.
pub(crate) const LLAMA: RopeKeys = RopeKeys {
    theta: &["rope_theta"],
    default_theta: 10_000.0,
    share: None,
    may_scale: true,
    reads_older: true,
    blocks: None,
};

/// The rotary parameters of heads of `width` features.
pub(crate) fn rotary(config: &ConfigFile, keys: &RopeKeys, width: i64) -> Result<RotaryParams, LlmError> {
    let newer = newer_section(config, keys)?;
    let older = if keys.reads_older {
        config.section("rope_scaling")?
    } else {
        None
    };
    if newer.is_some() && older.is_some() && !config.are_equal("rope_parameters", "rope_scaling") {
        return Err(config.refuse("rope_scaling", "null beside rope_parameters"));
    }
    let is_newer = newer.is_some();
    let section = newer.or(older);
    let theta = agreed(config, section.as_ref(), keys.theta, "rope_theta")?;
    let (names, default) = keys.share.unwrap_or((&["partial_rotary_factor"], 1.0));
    let share = agreed(config, section.as_ref(), names, "partial_rotary_factor")?.unwrap_or(default);
    // Rotating a part of the head only is not what families without a share were published with.
    if keys.share.is_none() && (share - 1.0).abs() > 0.0 {
        return Err(config.refuse("partial_rotary_factor", "1"));
    }
    let theta = theta.unwrap_or(keys.default_theta);
    if theta <= 0.0 {
        return Err(config.refuse(keys.theta[0], "a positive number"));
    }
    let scaling = match &section {
        None => RotaryScaling::Unscaled,
        Some(section) => scaling(config, section, keys, is_newer)?,
    };
    Ok(RotaryParams {
        n_features: rotated_features(config, keys, share, width)?,
        theta,
        scaling,
    })
}

/// `rope_parameters`, or its entry for the wanted kind of blocks.
fn newer_section(config: &ConfigFile, keys: &RopeKeys) -> Result<Option<ConfigFile>, LlmError> {
    let Some(section) = config.section("rope_parameters")? else {
        return Ok(None);
    };
    let kinds = ["full_attention", "sliding_attention"];
    let by_kind = section.keys().all(|key| kinds.contains(&key)) && section.keys().next().is_some();
    match (keys.blocks, by_kind) {
        (None, false) => Ok(Some(section)),
        (Some(kind), true) => section.section(kind),
        (None, true) => Err(config.refuse("rope_parameters", "one set of parameters for all blocks")),
        (Some(_), false) => Err(config.refuse(
            "rope_parameters",
            "an entry for full_attention and one for sliding_attention",
        )),
    }
}

/// A number that may be in the section, under one of several keys next to it, or in both with the same value.
fn agreed(
    config: &ConfigFile,
    section: Option<&ConfigFile>,
    beside: &[&str],
    inside: &str,
) -> Result<Option<f64>, LlmError> {
    let mut found: Option<f64> = match section {
        Some(section) => section.optional_number(inside)?,
        None => None,
    };
    for key in beside {
        let Some(value) = config.optional_number(key)? else {
            continue;
        };
        match found {
            Some(other) if (other - value).abs() > 0.0 => {
                return Err(config.refuse(key, format!("{other}, as another key for {inside} says")));
            }
            _ => found = Some(value),
        }
    }
    Ok(found)
}

fn scaling(
    config: &ConfigFile,
    section: &ConfigFile,
    keys: &RopeKeys,
    is_newer: bool,
) -> Result<RotaryScaling, LlmError> {
    let name = if is_newer {
        "rope_parameters"
    } else {
        "rope_scaling"
    };
    // Older files say `type`; those in between say both.
    let (kind, older) = (section.text_or("rope_type", "")?, section.text_or("type", "")?);
    if !kind.is_empty() && !older.is_empty() && kind != older {
        return Err(section.refuse("type", format!("{kind}, as rope_type says")));
    }
    let kind = [kind, older].into_iter().find(|kind| !kind.is_empty());
    let scaling = match kind.unwrap_or(if is_newer { "default" } else { "" }) {
        "default" => RotaryScaling::Unscaled,
        "linear" if keys.may_scale => RotaryScaling::Linear(section.positive("factor")?),
        "llama3" if keys.may_scale => llama3(section)?,
        _ if keys.may_scale => {
            return Err(config.refuse(name, "null, or of type default, linear or llama3"));
        }
        _ => return Err(config.refuse(name, "null, or of type default (scaling is not supported here)")),
    };
    // Other keys of the section would be silently ignored.
    match section.unasked().next() {
        Some(key) => Err(section.refuse(key, format!("no such key in {name} of this type"))),
        None => Ok(scaling),
    }
}

fn llama3(section: &ConfigFile) -> Result<RotaryScaling, LlmError> {
    let (low, high) = (
        section.positive("low_freq_factor")?,
        section.positive("high_freq_factor")?,
    );
    if high <= low {
        return Err(section.refuse("high_freq_factor", format!("more than low_freq_factor, {low}")));
    }
    Ok(RotaryScaling::Llama3 {
        factor: section.positive("factor")?,
        low_freq_factor: low,
        high_freq_factor: high,
        context: section.positive("original_max_position_embeddings")?,
    })
}

/// Number of features that are rotated: a share of the head, which must come out even.
fn rotated_features(config: &ConfigFile, keys: &RopeKeys, share: f64, width: i64) -> Result<i64, LlmError> {
    #[expect(clippy::cast_possible_truncation, reason = "the reference truncates, too")]
    let n = (share * width as f64) as i64;
    if n >= 2 && n % 2 == 0 && n <= width {
        return Ok(n);
    }
    Err(match keys.share {
        Some((names, _)) => config.refuse(
            names[0],
            format!("a share of the head width {width} that gives an even number of features"),
        ),
        None => config.refuse("num_attention_heads", "heads of even width, for rotary positions"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const NEOX: RopeKeys = RopeKeys {
        theta: &["rotary_emb_base"],
        share: Some((&["rotary_pct"], 0.25)),
        may_scale: false,
        ..LLAMA
    };

    fn read(text: &str, keys: &RopeKeys) -> Result<RotaryParams, String> {
        let config = ConfigFile::parse(PathBuf::from("config.json"), text).unwrap();
        rotary(&config, keys, 16).map_err(|e| e.to_string())
    }

    #[test]
    fn newer_and_older_files_say_the_same() {
        for (older, newer, keys) in [
            (
                "{}",
                r#"{"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}}"#,
                LLAMA,
            ),
            (
                r#"{"rope_theta": 5e5}"#,
                r#"{"rope_parameters": {"rope_theta": 500000.0}, "rope_theta": 500000}"#,
                LLAMA,
            ),
            (
                r#"{"rope_theta": 5e5}"#,
                r#"{"rope_scaling": {"rope_type": "default", "rope_theta": 500000.0}}"#,
                LLAMA,
            ),
            (
                r#"{"rope_theta": 1e6, "rope_scaling": {"type": "linear", "factor": 8.0}}"#,
                r#"{"rope_parameters": {"rope_theta": 1e6, "rope_type": "linear", "factor": 8.0}}"#,
                LLAMA,
            ),
            (
                r#"{"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0, "original_max_position_embeddings": 64}}"#,
                r#"{"rope_parameters": {"rope_theta": 10000.0, "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0, "original_max_position_embeddings": 64}}"#,
                LLAMA,
            ),
            (
                r#"{"rotary_pct": 0.5, "rotary_emb_base": 100}"#,
                r#"{"rope_parameters": {"rope_theta": 100.0, "rope_type": "default", "partial_rotary_factor": 0.5}}"#,
                NEOX,
            ),
            (
                r#"{"rope_theta": 7}"#,
                r#"{"rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 7.0},
                    "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}"#,
                RopeKeys {
                    blocks: Some("full_attention"),
                    ..LLAMA
                },
            ),
        ] {
            let plain = read(older, &keys).unwrap();
            assert_eq!(read(newer, &keys).unwrap(), plain, "{newer}");
        }
    }

    #[test]
    fn contradictions_and_unknown_keys_are_refused_by_name() {
        for (text, part, keys) in [
            (
                r#"{"rope_theta": 1e4, "rope_parameters": {"rope_theta": 5e5}}"#,
                "`rope_theta`",
                LLAMA,
            ),
            (
                r#"{"rope_theta": 1e4, "rope_scaling": {"type": "default", "rope_theta": 5e5}}"#,
                "`rope_theta`",
                LLAMA,
            ),
            (
                r#"{"rope_scaling": {"rope_type": "linear", "factor": 2.0, "beta_fast": 32}}"#,
                "`beta_fast`",
                LLAMA,
            ),
            (
                r#"{"rope_parameters": {"rope_type": "default", "factor": 8.0}}"#,
                "`factor`",
                LLAMA,
            ),
            (
                r#"{"rope_parameters": {"rope_type": "yarn", "factor": 8.0}}"#,
                "`rope_parameters`",
                LLAMA,
            ),
            (
                r#"{"rope_scaling": {"rope_type": "linear", "type": "default", "factor": 8.0}}"#,
                "`type`",
                LLAMA,
            ),
            (
                r#"{"rope_scaling": {"type": "linear", "factor": 2.0}, "rope_parameters": {"rope_type": "default"}}"#,
                "`rope_scaling`",
                LLAMA,
            ),
            (
                r#"{"rope_parameters": {"partial_rotary_factor": 0.5}}"#,
                "partial_rotary_factor",
                LLAMA,
            ),
            (
                r#"{"rope_parameters": {"full_attention": {"rope_theta": 7.0}}}"#,
                "`rope_parameters`",
                LLAMA,
            ),
            (
                r#"{"rope_parameters": {"rope_theta": 7.0}}"#,
                "`rope_parameters`",
                RopeKeys {
                    blocks: Some("full_attention"),
                    ..LLAMA
                },
            ),
            (
                r#"{"rope_parameters": {"rope_type": "linear", "factor": 2.0}}"#,
                "`rope_parameters`",
                NEOX,
            ),
            (
                r#"{"rotary_pct": 0.5, "rope_parameters": {"partial_rotary_factor": 0.25}}"#,
                "`rotary_pct`",
                NEOX,
            ),
            (r#"{"rotary_pct": 0.2}"#, "`rotary_pct`", NEOX),
            (r#"{"rope_theta": -1}"#, "`rope_theta`", LLAMA),
        ] {
            let message = read(text, &keys).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
