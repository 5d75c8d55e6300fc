//! What models are asked about language: the section `[competence]` of `lpp.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize};

use crate::Language;
use crate::feature_lists::features_by_language;
use crate::names::check_part;

/// The batteries that checkpoints are scored on, and the models beside those of `[training]`.
///
/// ```
/// let text = r#"
///     [competence.models]
///     en = ["gpt2"]
///     [[competence.batteries]]
///     name = "blimp"
///     kind = "pairs"
///     path = "items/blimp"
///     language = "en"
/// "#;
/// let config: lpp_study::StudyConfig = text.parse()?;
/// assert_eq!(config.competence.batteries[0].name, "blimp");
/// # Ok::<(), lpp_files::FileError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConfiguredCompetence {
    /// Models per language that are scored beside those of `[training]`.
    #[serde(
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "features_by_language"
    )]
    pub models: BTreeMap<Language, Vec<String>>,
    /// The batteries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub batteries: Vec<ConfiguredBattery>,
}

/// A battery of items, a text, or prompts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfiguredBattery {
    /// Its name: that of its tables.
    #[serde(deserialize_with = "battery_name")]
    pub name: String,
    /// What it is.
    pub kind: BatteryKind,
    /// A file or folder; none for the text of the study.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The form of multiple choice: arc, hellaswag or jsonl.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The language.
    pub language: Language,
}

/// The command of lpp-score that a battery is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BatteryKind {
    /// Minimal pairs.
    Pairs,
    /// Multiple choice.
    Choices,
    /// A text, word by word.
    Text,
    /// Prompts that are continued.
    Generate,
}

impl BatteryKind {
    /// The command.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Self::Pairs => "pairs",
            Self::Choices => "choices",
            Self::Text => "text",
            Self::Generate => "generate",
        }
    }
}

impl ConfiguredCompetence {
    /// What is wrong: found and expected.
    pub(crate) fn fault(&self) -> Option<(String, &'static str)> {
        let fault = |(index, battery): (usize, &ConfiguredBattery)| {
            let is_twin = |other: &ConfiguredBattery| {
                (&other.name, other.language) == (&battery.name, battery.language)
            };
            let found = |what: &str| format!("{what} in the battery {} under [competence]", battery.name);
            if self.batteries[..index].iter().any(is_twin) {
                return Some((
                    found("the name of another one"),
                    "a name of its own in its language",
                ));
            }
            let needs_path = battery.kind != BatteryKind::Text;
            if needs_path && battery.path.is_none() {
                return Some((found("no path"), "the path of its items"));
            }
            let needs_format = battery.kind == BatteryKind::Choices;
            match (&battery.format, needs_format) {
                (None, true) => Some((found("no format"), "arc, hellaswag or jsonl")),
                (Some(format), true) if !["arc", "hellaswag", "jsonl"].contains(&format.as_str()) => {
                    Some((found(&format!("the format {format}")), "arc, hellaswag or jsonl"))
                }
                (Some(_), false) => Some((found("a format"), "none: it is for multiple choice")),
                _ => None,
            }
        };
        self.batteries.iter().enumerate().find_map(fault)
    }
}

fn battery_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    check_part("battery", &name).map_err(serde::de::Error::custom)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use crate::StudyConfig;

    #[test]
    fn a_battery_that_cannot_be_scored_is_named() {
        let battery = |rest: &str| {
            format!("[[competence.batteries]]\nname = \"b\"\nlanguage = \"en\"\n{rest}\n")
                .parse::<StudyConfig>()
        };
        let config = battery("kind = \"text\"").unwrap();
        assert_eq!(config.to_toml().parse::<StudyConfig>().unwrap(), config);
        battery("kind = \"choices\"\npath = \"x\"\nformat = \"arc\"").unwrap();
        for (rest, part) in [
            ("kind = \"pairs\"", "no path"),
            ("kind = \"choices\"\npath = \"x\"", "no format"),
            ("kind = \"choices\"\npath = \"x\"\nformat = \"y\"", "the format y"),
            ("kind = \"pairs\"\npath = \"x\"\nformat = \"arc\"", "a format"),
            ("kind = \"judge\"\npath = \"x\"", "judge"),
            (
                "kind = \"text\"\n[[competence.batteries]]\nname = \"b\"\nlanguage = \"en\"\nkind = \"text\"",
                "another one",
            ),
            (
                "kind = \"text\"\n[[competence.batteries]]\nname = \"../b\"",
                "battery",
            ),
        ] {
            let error = battery(rest).unwrap_err().to_string();
            assert!(
                error.contains(part) && error.contains("lpp.toml"),
                "{rest}: {error}"
            );
        }
    }
}
