//! Settings of a fit that lpp.toml, flags, records and sidecars name alike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Projection;

/// What predictions are scored by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Metric {
    /// The Pearson correlation, as in the published study.
    #[default]
    Pearson,
    /// The coefficient of determination, R².
    R2,
}

/// The targets that share a penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlphaScope {
    /// All voxels, as in the published study.
    #[default]
    Global,
    /// Each voxel has its own.
    Target,
}

/// What is left out and scored in each fold.
///
/// ```
/// use lpp_study::FoldRule;
///
/// let chunks: FoldRule = "chunks:5".parse()?;
/// assert_eq!(chunks, FoldRule::Chunks(5));
/// assert_eq!("test:story3,story7".parse::<FoldRule>()?.to_string(), "test:story3,story7");
/// assert!("chunks:1".parse::<FoldRule>().is_err());
/// # Ok::<(), lpp_study::FoldRuleError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum FoldRule {
    /// Each run, as in the published study.
    #[default]
    Runs,
    /// Each story. A story that was heard several times is averaged first, so a story is a run of the words.
    Stories,
    /// Each of that many pieces of every run.
    Chunks(usize),
    /// Each of the named stories; all others train.
    Test(Vec<String>),
}

/// The text is no rule for folds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the folds {}, expected runs, stories, chunks:K (K of 2 or more) or test:STORY,…",
    lpp_files::in_quotes(found)
)]
pub struct FoldRuleError {
    /// The text.
    found: String,
}

impl FromStr for FoldRule {
    type Err = FoldRuleError;

    fn from_str(text: &str) -> Result<Self, FoldRuleError> {
        let names =
            |list: &str| -> Vec<String> { list.split(',').map(|name| name.trim().to_owned()).collect() };
        let rule = match text.split_once(':') {
            None if text == "runs" => Some(Self::Runs),
            None if text == "stories" => Some(Self::Stories),
            Some(("chunks", k)) => k.parse().ok().filter(|k| *k >= 2).map(Self::Chunks),
            Some(("test", list)) => Some(names(list))
                .filter(|names| names.iter().all(|name| !name.is_empty()))
                .map(Self::Test),
            _ => None,
        };
        rule.ok_or_else(|| FoldRuleError {
            found: text.to_owned(),
        })
    }
}

impl fmt::Display for FoldRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs => f.write_str("runs"),
            Self::Stories => f.write_str("stories"),
            Self::Chunks(k) => write!(f, "chunks:{k}"),
            Self::Test(names) => write!(f, "test:{}", names.join(",")),
        }
    }
}

impl Serialize for FoldRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FoldRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// The settings of a fit that decide what its scores mean. Sidecars without them are of fits with the defaults, those of
/// the published study.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FitTerms {
    /// What the scores are.
    pub metric: Metric,
    /// The haemodynamic response; `None` if features of scans are the design itself.
    pub hrf: Option<String>,
    /// The voxels that share a penalty.
    pub alpha_scope: AlphaScope,
    /// What is left out in each fold.
    pub folds: FoldRule,
    /// Scans purged on both sides of a chunk.
    pub gap_scans: usize,
    /// Whether features were detrended and high-passed like the scans.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub filter_features: bool,
    /// The random projection of the features, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub projection: Option<Projection>,
}

impl Default for FitTerms {
    fn default() -> Self {
        Self {
            metric: Metric::default(),
            hrf: Some("glover".to_owned()),
            alpha_scope: AlphaScope::default(),
            folds: FoldRule::default(),
            gap_scans: 0,
            filter_features: false,
            projection: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_round_trip_and_others_are_refused() {
        for text in [
            "runs",
            "stories",
            "chunks:2",
            "test:1",
            "test:wheretheressmoke,eyespy",
        ] {
            assert_eq!(text.parse::<FoldRule>().unwrap().to_string(), text);
            let json = serde_json::to_string(&text.parse::<FoldRule>().unwrap()).unwrap();
            assert_eq!(json, format!("{text:?}"));
        }
        for text in [
            "",
            "run",
            "chunks",
            "chunks:",
            "chunks:0",
            "chunks:1",
            "chunks:x",
            "test:",
            "test:a,,b",
        ] {
            let error = text.parse::<FoldRule>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
