//! Names of models and other features, and their grammar.
//!
//! | name | meaning | in file names |
//! |---|---|---|
//! | `gpt2` | a model of the catalogue, or a folder of the study's models | `gpt2` |
//! | `org/tiny`, `org--tiny` | a model of an organisation | `org--tiny` |
//! | `openai-community/gpt2` | the catalogue's `gpt2` | `gpt2` |
//! | `X_untrained_seed1` | the untrained control of X | the same |
//! | `X_step1000` | X at a training step | the same |
//! | `glove`, `random_vector_300d_seed1` | baselines | the same |
//! | `control_wordrate` | a low-level property of the words | the same |
//!
//! Names become part of file names, so a name cannot point outside the study.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::NameError;
use crate::checkpoint_name::{base_of_step, numbered};

/// Longest part of a name, in bytes: file systems allow 255 with language and ending.
const LONGEST: usize = 120;

/// Organisations by the beginning of the names of their published models; the first match counts. The first ten are
/// those of the published study's script, the others cover later families.
const BY_BEGINNING: [(&str, &str); 13] = [
    ("gpt2", "openai-community"),
    ("opt", "facebook"),
    ("Mistral", "mistralai"),
    ("gemma", "google"),
    ("mamba", "state-spaces"),
    ("stablelm", "stabilityai"),
    ("Llama", "meta-llama"),
    ("Qwen", "Qwen"),
    ("pythia", "EleutherAI"),
    ("Meta-Llama", "meta-llama"),
    ("OLMo", "allenai"),
    ("SmolLM", "HuggingFaceTB"),
    ("Ministral", "mistralai"),
];

/// The organisation of a model of the catalogue, by the model's short name.
///
/// ```
/// assert_eq!(lpp_study::organisation_of("gpt2-xl"), Some("openai-community"));
/// assert_eq!(lpp_study::organisation_of("unheard-of"), None);
/// ```
#[must_use]
pub fn organisation_of(model: &str) -> Option<&'static str> {
    if model.ends_with("chinese") {
        return Some("ckiplab");
    }
    if model.ends_with("french") {
        return Some("ClassCat");
    }
    let rule = BY_BEGINNING
        .iter()
        .find(|(beginning, _)| model.starts_with(beginning));
    rule.map(|(_, organisation)| *organisation)
}

/// The canonical name of a set of features: `org/name`, or the short name of a model of the catalogue.
///
/// Both spellings of an organisation's model are accepted and give the same name:
///
/// ```
/// use lpp_study::FeatureName;
///
/// let name: FeatureName = "org--tiny".parse()?;
/// assert_eq!((name.as_str(), name.file_stem()), ("org/tiny", "org--tiny".to_owned()));
/// assert_eq!("openai-community/gpt2".parse::<FeatureName>()?.as_str(), "gpt2");
/// assert!("../../evil".parse::<FeatureName>().is_err());
/// # Ok::<(), lpp_study::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FeatureName(String);

impl FeatureName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as part of file names: `org--name`.
    #[must_use]
    pub fn file_stem(&self) -> String {
        self.0.replace('/', "--")
    }

    /// The source of the features, from the name.
    #[must_use]
    pub fn source(&self) -> FeatureSource {
        FeatureSource::of_name(&self.0)
    }

    /// The same model at a branch, tag or commit: `pythia-6.9b_step1000`. A training step that is already part of the
    /// name is not added again.
    ///
    /// # Errors
    /// [`NameError::BadName`] if the revision cannot be part of a name.
    pub fn at_revision(&self, revision: &str) -> Result<Self, NameError> {
        let revision = revision.replace('/', "--");
        if self.0.ends_with(&format!("_{revision}")) {
            return Ok(self.clone());
        }
        check_part("revision", &revision)?;
        Ok(Self(format!("{}_{revision}", self.0)))
    }
}

impl fmt::Display for FeatureName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FeatureName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let parts: Vec<&str> = if text.contains('/') {
            text.split('/').collect()
        } else {
            text.splitn(2, "--").collect()
        };
        let bad = |why| Err(NameError::bad_name("model", text, why));
        match parts[..] {
            [name] => fault_of(name).map_or_else(|| Ok(Self(name.to_owned())), bad),
            [organisation, name] => {
                for part in [organisation, name] {
                    if let Some(why) = fault_of(part) {
                        return bad(why);
                    }
                    // As on the hub; without it two names could have one file.
                    if part.contains("--") || part.ends_with('-') {
                        return bad("a part of ORG/NAME must not contain -- or begin or end with -");
                    }
                }
                Ok(Self::of_organisation(organisation, name))
            }
            _ => bad("expected NAME or ORG/NAME"),
        }
    }
}

impl FeatureName {
    fn of_organisation(organisation: &str, name: &str) -> Self {
        let model = match FeatureSource::of_name(name) {
            FeatureSource::Model { model, .. } => model,
            _ => String::new(),
        };
        if organisation_of(base_of_step(&model)) == Some(organisation) {
            Self(name.to_owned())
        } else {
            Self(format!("{organisation}/{name}"))
        }
    }
}

impl<'de> Deserialize<'de> for FeatureName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The source of the features of a fit, from their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureSource {
    /// A language model.
    Model {
        /// The model; training steps are part of the name: `pythia-6.9b_step1000`.
        model: String,
        /// Seed of an untrained control.
        seed: Option<u64>,
    },
    /// A low-level property of the words.
    Control {
        /// `wordrate`, `envelope` and so on.
        name: String,
    },
    /// `GloVe` vectors.
    Glove,
    /// Random vectors.
    Random {
        /// `vector` or `embedding`.
        kind: &'static str,
        /// Length of a vector.
        n_dims: u64,
        /// Seed.
        seed: u64,
    },
}

impl FeatureSource {
    /// Parses a name. A name that is not a baseline or a control is a model.
    ///
    /// ```
    /// use lpp_study::FeatureSource;
    ///
    /// assert_eq!(FeatureSource::of_name("glove"), FeatureSource::Glove);
    /// let twin = FeatureSource::of_name("gpt2-xl_untrained_seed3");
    /// assert_eq!(twin, FeatureSource::Model { model: "gpt2-xl".into(), seed: Some(3) });
    /// ```
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name == "glove" {
            return Self::Glove;
        }
        if let Some(name) = name.strip_prefix("control_") {
            return Self::Control {
                name: name.to_owned(),
            };
        }
        if let Some(random) = random(name) {
            return random;
        }
        let (model, seed) = match numbered(name, "_untrained_seed") {
            Some((model, seed)) => (model, Some(seed)),
            None => (name, None),
        };
        Self::Model {
            model: model.to_owned(),
            seed,
        }
    }

    /// The model of a control that only a language model gives: `gpt2` of `surprisal_gpt2`.
    #[must_use]
    pub fn model_of_control(&self) -> Option<&str> {
        let Self::Control { name } = self else {
            return None;
        };
        let measures = ["surprisal_of_previous_", "surprisal_", "entropy_"];
        measures
            .into_iter()
            .find_map(|measure| name.strip_prefix(measure))
    }

    /// The program that makes such features.
    #[must_use]
    pub fn program(&self) -> &'static str {
        match self {
            Self::Model { .. } => "lpp-extract",
            Self::Control { .. } if self.model_of_control().is_some() => "lpp-extract",
            Self::Control { .. } => "lpp-controls",
            Self::Glove => "lpp-glove",
            Self::Random { .. } => "lpp-random",
        }
    }
}

impl fmt::Display for FeatureSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glove => f.write_str("glove"),
            Self::Control { name } => write!(f, "control_{name}"),
            Self::Random { kind, n_dims, seed } => write!(f, "random_{kind}_{n_dims}d_seed{seed}"),
            Self::Model { model, seed: None } => f.write_str(model),
            Self::Model {
                model,
                seed: Some(seed),
            } => write!(f, "{model}_untrained_seed{seed}"),
        }
    }
}

fn random(name: &str) -> Option<FeatureSource> {
    let rest = name.strip_prefix("random_")?;
    let (kind, rest) = rest.split_once('_')?;
    let kind = ["vector", "embedding"].into_iter().find(|known| *known == kind)?;
    let (n_dims, seed) = rest.split_once("d_seed")?;
    Some(FeatureSource::Random {
        kind,
        n_dims: n_dims.parse().ok()?,
        seed: seed.parse().ok()?,
    })
}

/// The canonical form of a name ([`FeatureName`]); other text unchanged.
///
/// ```
/// assert_eq!(lpp_study::canonical_name("org--tiny"), "org/tiny");
/// assert_eq!(lpp_study::canonical_name("a name/of/no model"), "a name/of/no model");
/// ```
#[must_use]
pub fn canonical_name(name: &str) -> String {
    let known = name.parse::<FeatureName>();
    known.map_or_else(|_| name.to_owned(), |known| known.to_string())
}

/// Checks the name of a subject, with or without `sub-`.
///
/// # Errors
/// [`NameError::BadName`] if it could point outside the study, or cannot be part of a file name.
pub fn check_subject(name: &str) -> Result<(), NameError> {
    check_part("subject", name)
}

/// Checks that `name` can be part of a file name: not a folder, not hidden, not a flag.
pub(crate) fn check_part(what: &'static str, name: &str) -> Result<(), NameError> {
    fault_of(name).map_or(Ok(()), |why| Err(NameError::bad_name(what, name, why)))
}

/// Why `name` cannot be part of a file name.
pub(crate) fn fault_of(name: &str) -> Option<&'static str> {
    Some(if name.is_empty() {
        "a part of it is empty"
    } else if name.contains(['/', '\\']) {
        "it contains a slash"
    } else if name.contains(|c: char| c.is_control()) {
        "it contains a control character"
    } else if name.starts_with(['.', '-']) {
        "it begins with a dot or a dash"
    } else if name.trim() != name {
        "it begins or ends with a blank"
    } else if name.len() > LONGEST {
        "it is longer than 120 bytes"
    } else {
        return None;
    })
}

/// The form of any `name` in file names; even an unchecked name stays inside its folder.
pub(crate) fn file_stem(name: &str) -> String {
    name.parse::<FeatureName>().map_or_else(
        |_| {
            let plain = |c: char| if c.is_control() || c == '\\' { '_' } else { c };
            let stem: String = name.replace('/', "--").chars().map(plain).collect();
            stem.replace("..", "_")
        },
        |name| name.file_stem(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in [
            "glove",
            "gpt2",
            "pythia-6.9b_step1000",
            "gpt2_untrained_seed12",
            "random_vector_300d_seed1",
            "random_embedding_1024d_seed10",
            "control_wordrate",
            "org/tiny_untrained_seed3",
        ] {
            assert_eq!(FeatureSource::of_name(name).to_string(), name);
            assert_eq!(name.parse::<FeatureName>().unwrap().as_str(), name);
        }
        let walk = FeatureSource::of_name("random_walk_3d_seed1");
        assert!(matches!(walk, FeatureSource::Model { .. }));
    }

    #[test]
    fn both_spellings_are_one_name_and_two_organisations_are_two() {
        let stem = |name: &str| name.parse::<FeatureName>().unwrap().file_stem();
        for (name, file) in [
            ("org1/tiny", "org1--tiny"),
            ("org1--tiny", "org1--tiny"),
            ("org2/tiny", "org2--tiny"),
            ("tiny", "tiny"),
            ("openai-community/gpt2-xl", "gpt2-xl"),
            ("openai-community--gpt2-xl", "gpt2-xl"),
            ("someone/gpt2", "someone--gpt2"),
            ("EleutherAI/pythia-6.9b_step1000", "pythia-6.9b_step1000"),
            (
                "ClassCat/gpt2-base-french_untrained_seed1",
                "gpt2-base-french_untrained_seed1",
            ),
            ("ckiplab/gpt2-tiny-chinese", "gpt2-tiny-chinese"),
            ("a-b/c_d.e", "a-b--c_d.e"),
        ] {
            assert_eq!(stem(name), file, "{name}");
            assert_eq!(stem(&stem(name)), file, "{name}: the file's name is a name");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_study() {
        for name in [
            "../../evil",
            "/etc/passwd",
            "..",
            ".",
            "",
            "a/..",
            "../a",
            "a/b/c",
            "a//b",
            "a/",
            "/a",
            "a\0b",
            "a\nb",
            "a\\b",
            "-x",
            ".hidden",
            "a/b--c",
            "a--b--c",
            "a-/b",
            "a/-b",
            " a",
            &"x".repeat(300),
        ] {
            let error = name.parse::<FeatureName>().unwrap_err().to_string();
            assert!(error.len() < 300, "{error}");
            let stem = file_stem(name);
            assert!(!stem.contains('/') && !stem.contains(".."), "{name:?}: {stem:?}");
        }
        for subject in ["EN057", "sub-EN057", "01"] {
            check_subject(subject).unwrap();
        }
        for subject in ["../x", "/x", ".", "", "a/b", "a\0"] {
            assert!(check_subject(subject).is_err(), "{subject:?}");
        }
    }

    #[test]
    fn a_revision_is_part_of_the_name_once() {
        let at = |name: &str, revision: &str| {
            let name = name.parse::<FeatureName>().unwrap();
            name.at_revision(revision).map(|name| name.to_string())
        };
        assert_eq!(at("org/tiny", "v2").unwrap(), "org/tiny_v2");
        assert_eq!(at("org/tiny", "refs/pr/1").unwrap(), "org/tiny_refs--pr--1");
        assert_eq!(at("pythia-6.9b_step0", "step0").unwrap(), "pythia-6.9b_step0");
        assert!(at("gpt2", "../..").is_err());
    }
}
