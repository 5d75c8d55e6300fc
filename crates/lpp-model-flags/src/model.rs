//! Which model.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use lpp_cli::CommonArgs;
use lpp_fetch::{Content, LocatedModel, ModelRequest};
use lpp_files::recorded_text;
use lpp_study::{FeatureName, FeatureSource, Study};

/// Which model, by its name or its folder.
#[derive(Debug, Args)]
pub struct ModelFlags {
    /// Name of the model, in the study or on the hub (gpt2, ORG/NAME) [default: the last part of --model-dir]
    #[arg(long, value_name = "NAME", value_parser = lpp_cli::model, required_unless_present = "model_dir")]
    model: Option<String>,
    /// Branch, tag or commit on the hub, such as step1000; becomes part of the name: pythia-6.9b_step1000
    #[arg(
        long,
        value_name = "REVISION",
        requires = "model",
        conflicts_with = "model_dir"
    )]
    revision: Option<String>,
    #[command(flatten)]
    place: PlaceFlags,
}

/// Which models, by their names and revisions, or one by its folder.
#[derive(Debug, Args)]
pub struct ModelsFlags {
    /// Name of the model, in the study or on the hub (gpt2, ORG/NAME); may be repeated [default: the last part of --model-dir]
    #[arg(long, value_name = "NAME", value_parser = lpp_cli::model, required_unless_present = "model_dir")]
    model: Vec<String>,
    /// Branch, tag or commit on the hub, such as step1000; may be repeated: each of each model; becomes part of the name:
    /// pythia-6.9b_step1000
    #[arg(
        long,
        value_name = "REVISION",
        requires = "model",
        conflicts_with = "model_dir"
    )]
    revision: Vec<String>,
    #[command(flatten)]
    place: PlaceFlags,
}

/// Where a model is.
#[derive(Debug, Clone, Args)]
struct PlaceFlags {
    /// Do not use the network, like `HF_HUB_OFFLINE=1`
    #[arg(long)]
    offline: bool,
    /// Checkpoint folder [default: models/MODEL of the study, or the hub's cache]
    #[arg(long, value_name = "DIR")]
    model_dir: Option<PathBuf>,
    /// A tokenizer.json, or a folder with tokenizer.json or with vocab.json and merges.txt [default: the checkpoint
    /// folder]
    #[arg(long, value_name = "DIR_OR_JSON")]
    tokenizer: Option<PathBuf>,
}

impl ModelsFlags {
    /// Each model, in the order of the flags.
    ///
    /// # Errors
    /// If one folder is given for several names.
    pub fn each(self) -> anyhow::Result<Vec<ModelFlags>> {
        if let (Some(folder), [_, _, ..]) = (&self.place.model_dir, &self.model[..]) {
            bail!(
                "--model-dir {}: found {} names of models, expected one",
                folder.display(),
                self.model.len()
            );
        }
        let some = |texts: Vec<String>| -> Vec<Option<String>> {
            if texts.is_empty() {
                vec![None]
            } else {
                texts.into_iter().map(Some).collect()
            }
        };
        let (models, revisions) = (some(self.model), some(self.revision));
        let flags = models.iter().flat_map(|model| {
            revisions.iter().map(|revision| ModelFlags {
                model: model.clone(),
                revision: revision.clone(),
                place: self.place.clone(),
            })
        });
        Ok(flags.collect())
    }
}

/// A model and where it is.
#[derive(Debug, Clone)]
pub struct ChosenModel {
    /// The model as a study knows it: `gpt2`, `org/name`.
    pub model: String,
    /// The name of what is made with it: `gpt2_untrained_seed1`.
    pub name: String,
    /// The checkpoint folder.
    pub folder: PathBuf,
    /// The tokenizer.
    pub tokenizer: PathBuf,
    /// Where it comes from, as records name it.
    pub source: String,
    /// Commit of the hub's repository, if it comes from there.
    pub commit: Option<String>,
}

impl ModelFlags {
    /// Whether one of them was set that a subcommand would leave unused.
    #[must_use]
    pub fn are_given(&self) -> bool {
        let names = [&self.model, &self.revision];
        let paths = [&self.place.model_dir, &self.place.tokenizer];
        names.into_iter().any(Option::is_some) || paths.into_iter().any(Option::is_some)
    }

    /// The model, or its untrained control with this seed, which needs no weights.
    ///
    /// # Errors
    /// If the name is not that of a language model, or the model is nowhere.
    pub fn choose(
        self,
        study: &Study,
        seed: Option<u64>,
        common: &CommonArgs,
    ) -> anyhow::Result<ChosenModel> {
        let (name, located) = self.locate(study, seed, common)?;
        let model = name.as_str().to_owned();
        let name = FeatureSource::Model {
            model: model.clone(),
            seed,
        };
        Ok(ChosenModel {
            model,
            name: name.to_string(),
            folder: located.folder,
            tokenizer: self.place.tokenizer.unwrap_or(located.tokenizer),
            source: located.source,
            commit: located.commit,
        })
    }

    /// The model's name in the study and its place: the folder given, or what the name leads to.
    fn locate(
        &self,
        study: &Study,
        seed: Option<u64>,
        common: &CommonArgs,
    ) -> anyhow::Result<(FeatureName, LocatedModel)> {
        let name = self.model.as_deref().map(str::parse::<FeatureName>).transpose()?;
        if let Some(name) = &name {
            refuse_what_is_no_model(name)?;
        }
        if let Some(folder) = &self.place.model_dir {
            let name = match name {
                Some(name) => name,
                None => name_of(folder)?,
            };
            let located = LocatedModel {
                folder: folder.clone(),
                tokenizer: folder.clone(),
                source: source_of(folder, study),
                commit: None,
            };
            return Ok((name, located));
        }
        let request = ModelRequest {
            name: self.model.clone().context("give --model or --model-dir")?,
            revision: self.revision.clone(),
            content: if seed.is_some() {
                Content::WithoutWeights
            } else {
                Content::Model
            },
            offline: self.place.offline,
            n_threads: common.threads(),
        };
        let located = request.locate(study, &lpp_cli::progress(common))?;
        Ok((request.study_name()?, located))
    }
}

/// Baselines and controls have programs of their own, and a twin is asked for by its seed.
fn refuse_what_is_no_model(name: &FeatureName) -> anyhow::Result<()> {
    match name.source() {
        FeatureSource::Model { seed: None, .. } => Ok(()),
        FeatureSource::Model {
            model,
            seed: Some(seed),
        } => bail!("{name}: this is an untrained control; give --model {model} --seed {seed}"),
        source => bail!("{name}: not a language model; make it with {}", source.program()),
    }
}

/// The name of a checkpoint folder: that of the repository in the hub's cache, otherwise its last part.
fn name_of(folder: &Path) -> anyhow::Result<FeatureName> {
    let of_cache = |part: &OsStr| part.to_string_lossy().strip_prefix("models--").map(str::to_owned);
    let repository = folder.iter().rev().find_map(of_cache);
    let name = match repository {
        Some(name) => name,
        None => folder
            .file_name()
            .context("no model name can be derived from --model-dir; add --model NAME")?
            .to_string_lossy()
            .into_owned(),
    };
    name.parse()
        .with_context(|| format!("--model-dir {}: add --model NAME", folder.display()))
}

/// A folder as records name it: from the study if it lies inside.
fn source_of(folder: &Path, study: &Study) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let root = study.root().canonicalize();
    let place = root
        .ok()
        .and_then(|root| full.strip_prefix(root).map(Path::to_owned).ok());
    recorded_text(place.unwrap_or(full).as_os_str())
}
