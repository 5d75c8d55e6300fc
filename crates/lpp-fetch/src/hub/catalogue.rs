//! Names of published models and their location on the hub.

use std::str::FromStr;

use lpp_study::{CheckpointName, FeatureName, organisation_of};

use crate::FetchError;
use crate::hub::RepoId;

/// Default branch of a repository.
const DEFAULT: &str = "main";

/// Tokenizer of the Chinese models, which do not include one.
const CHINESE_TOKENIZER: &str = "bert-base-chinese";

/// A model on the hub: repository, revision, and location of its tokenizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedModel {
    /// Name of its activations in a study: `gpt2`, `pythia-6.9b_step1000`.
    pub name: String,
    /// Repository of configuration and weights.
    pub repo: RepoId,
    /// Branch, tag or commit of this repository.
    pub revision: String,
    /// Repository and revision of the tokenizer.
    pub tokenizer: (RepoId, String),
}

impl PublishedModel {
    /// Finds a model by its name in a study, or by `org/name`.
    ///
    /// A revision becomes part of the name: `pythia-6.9b` at `step1000` is `pythia-6.9b_step1000`, and this name refers
    /// to the same revision. Such a training step uses the tokenizer of the final model, and Chinese models use that of
    /// `bert-base-chinese`. Otherwise the tokenizer is in the same repository as the weights.
    ///
    /// # Errors
    /// [`FetchError::UnknownModel`] if no rule matches and the name is not `org/name`.
    ///
    /// ```
    /// use lpp_fetch::PublishedModel;
    /// let model = PublishedModel::find("pythia-6.9b_step1000", None)?;
    /// assert_eq!((model.repo.to_string().as_str(), model.revision.as_str()), ("EleutherAI/pythia-6.9b", "step1000"));
    /// assert_eq!(model.tokenizer.1, "main");
    /// # Ok::<(), lpp_fetch::FetchError>(())
    /// ```
    pub fn find(name: &str, revision: Option<&str>) -> Result<Self, FetchError> {
        let feature: FeatureName = name.parse()?;
        let (base, step) = match training_step(feature.as_str()) {
            Some((base, step)) if revision.is_none_or(|revision| revision == step) => (base, Some(step)),
            _ => (feature.as_str(), None),
        };
        let repo = repository_of(base)?;
        let revision = revision.or(step.as_deref()).unwrap_or(DEFAULT).to_owned();
        let tokenizer = if base.ends_with("chinese") && !base.contains('/') {
            (RepoId::from_str(CHINESE_TOKENIZER)?, DEFAULT.to_owned())
        } else if repo.name().starts_with("pythia") && revision.starts_with("step") {
            (repo.clone(), DEFAULT.to_owned())
        } else {
            (repo.clone(), revision.clone())
        };
        Ok(Self {
            name: Self::study_name(name, Some(&revision))?.to_string(),
            repo,
            revision,
            tokenizer,
        })
    }

    /// The name of a model at a revision in a study; see [`PublishedModel::find`].
    ///
    /// # Errors
    /// [`FetchError::File`] if it can be no name.
    pub fn study_name(name: &str, revision: Option<&str>) -> Result<FeatureName, FetchError> {
        let name: FeatureName = name.parse()?;
        match revision.filter(|revision| *revision != DEFAULT) {
            Some(revision) => Ok(name.at_revision(revision)?),
            None => Ok(name),
        }
    }
}

/// The two parts of `pythia-6.9b_step1000`: a model whose training steps are branches, and the step.
fn training_step(name: &str) -> Option<(&str, String)> {
    // Both families publish their steps, and their names tell the tokens.
    let known = CheckpointName::of(name).filter(|known| known.tokens.is_some())?;
    Some((known.model, known.revision.to_owned()))
}

fn repository_of(name: &str) -> Result<RepoId, FetchError> {
    if name.contains('/') {
        return name.parse();
    }
    match organisation_of(name) {
        Some(organisation) => format!("{organisation}/{name}").parse(),
        None => Err(FetchError::UnknownModel {
            name: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(name: &str) -> String {
        PublishedModel::find(name, None).unwrap().repo.to_string()
    }

    #[test]
    fn the_papers_models_are_found() {
        for (name, expected) in [
            ("gpt2-xl", "openai-community/gpt2-xl"),
            ("gpt2-base-french", "ClassCat/gpt2-base-french"),
            ("gpt2-tiny-chinese", "ckiplab/gpt2-tiny-chinese"),
            ("opt-6.7b", "facebook/opt-6.7b"),
            ("Llama-2-7b-hf", "meta-llama/Llama-2-7b-hf"),
            ("Qwen1.5-0.5B", "Qwen/Qwen1.5-0.5B"),
            ("gemma-2b", "google/gemma-2b"),
            ("stablelm-2-1_6b", "stabilityai/stablelm-2-1_6b"),
            ("Mistral-7B-v0.1", "mistralai/Mistral-7B-v0.1"),
            ("mamba-130m-hf", "state-spaces/mamba-130m-hf"),
            ("pythia-6.9b", "EleutherAI/pythia-6.9b"),
            ("HuggingFaceTB/SmolLM-135M", "HuggingFaceTB/SmolLM-135M"),
        ] {
            assert_eq!(repo(name), expected);
        }
    }

    #[test]
    fn training_steps_have_one_name_both_ways() {
        let by_name = PublishedModel::find("pythia-6.9b_step0", None).unwrap();
        let by_flag = PublishedModel::find("pythia-6.9b", Some("step0")).unwrap();
        assert_eq!(by_name, by_flag);
        assert_eq!(by_name.name, "pythia-6.9b_step0");
        let plain = PublishedModel::find("gpt2", Some("main")).unwrap();
        assert_eq!(plain.name, "gpt2");
    }

    #[test]
    fn a_model_has_one_name_in_every_spelling() {
        let name = |name: &str| PublishedModel::find(name, None).unwrap().name;
        for (spelling, expected) in [
            ("openai-community/gpt2", "gpt2"),
            ("gpt2", "gpt2"),
            ("org1/tiny", "org1/tiny"),
            ("org1--tiny", "org1/tiny"),
            ("someone/gpt2", "someone/gpt2"),
            ("EleutherAI/pythia-6.9b_step1000", "pythia-6.9b_step1000"),
        ] {
            assert_eq!(name(spelling), expected);
            assert_eq!(name(&name(spelling)), expected);
        }
        let at = PublishedModel::find("org1/tiny", Some("v2")).unwrap();
        assert_eq!((at.name.as_str(), at.revision.as_str()), ("org1/tiny_v2", "v2"));
        assert_eq!(repo("someone/gpt2"), "someone/gpt2");
    }

    #[test]
    fn chinese_models_borrow_a_tokenizer() {
        let model = PublishedModel::find("gpt2-base-chinese", None).unwrap();
        assert_eq!(model.tokenizer.0.to_string(), "bert-base-chinese");
    }

    #[test]
    fn an_unknown_name_is_no_guess() {
        for name in ["unheard-of", "../gpt2", "a/b/c", "", "/gpt2", "a/..", "a b/c"] {
            assert!(PublishedModel::find(name, None).is_err(), "{name}");
        }
    }
}
