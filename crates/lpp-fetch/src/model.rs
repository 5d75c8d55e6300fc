//! A model by its name: found in the cache, or brought into it.

use std::path::PathBuf;

use lpp_files::{Progress, recorded_text};
use lpp_study::{FeatureName, Study};

use crate::{Content, FetchError, Http, HttpParams, Hub, HubSettings, PublishedModel, RepoId};

/// A model that a program was asked for by name.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// A folder in the study's `models`, a name of the catalogue, or `org/name`.
    pub name: String,
    /// Branch, tag or commit; none means that of the name, or `main`.
    pub revision: Option<String>,
    /// How much of it is needed.
    pub content: Content,
    /// Whether the network must not be used, besides what the environment says.
    pub offline: bool,
    /// Downloads at a time.
    pub n_threads: usize,
}

impl ModelRequest {
    /// Name under which the study keeps the model's activations: `gpt2`, `pythia-6.9b_step1000`, `org/name`.
    ///
    /// # Errors
    /// [`FetchError::File`] if it can be no name.
    pub fn study_name(&self) -> Result<FeatureName, FetchError> {
        PublishedModel::study_name(&self.name, self.revision.as_deref())
    }

    /// Finds the model: in the study's `models`, then in the hub's cache, then on the hub, from where it goes into the
    /// cache. The hub and its cache are those of the environment ([`HubSettings::from_env`]).
    ///
    /// A folder of the study's `models` is that of `org/name` only if it is called `org--name` or `org/name`.
    ///
    /// A name that is neither in the study nor known gives the study's folder, which is not there: the program that
    /// opens it names the models that are.
    ///
    /// # Errors
    /// As [`ModelJob::run`].
    pub fn locate(&self, study: &Study, progress: &dyn Progress) -> Result<LocatedModel, FetchError> {
        let name = self.study_name()?;
        let folder = study.model_dir(name.as_str());
        let place = folder.strip_prefix(study.root()).unwrap_or(&folder);
        let in_study = LocatedModel {
            tokenizer: folder.clone(),
            source: recorded_text(place.as_os_str()),
            folder,
            commit: None,
        };
        if in_study.folder.is_dir() {
            if self.name.contains('/') && !name.as_str().contains('/') {
                tracing::warn!(
                    "{}: this folder of the study is run as {}; rename it to run the hub's",
                    in_study.folder.display(),
                    self.name
                );
            }
            return Ok(in_study);
        }
        let model = match PublishedModel::find(&self.name, self.revision.as_deref()) {
            Err(FetchError::UnknownModel { .. }) if !name.as_str().contains('/') => return Ok(in_study),
            model => model?,
        };
        let mut settings = HubSettings::from_env();
        settings.offline |= self.offline;
        let job = ModelJob {
            model,
            content: self.content,
            n_threads: self.n_threads,
            refresh: false,
        };
        job.run(&Hub::new(Http::new(HttpParams::default())?, settings), progress)
    }
}

/// A model that is wanted.
///
/// ```no_run
/// use lpp_fetch::{Content, Http, HttpParams, Hub, HubSettings, ModelJob, PublishedModel};
///
/// # fn main() -> Result<(), lpp_fetch::FetchError> {
/// let job = ModelJob {
///     model: PublishedModel::find("gpt2", None)?,
///     content: Content::Model,
///     n_threads: 2,
///     refresh: false,
/// };
/// let hub = Hub::new(Http::new(HttpParams::default())?, HubSettings::from_env());
/// println!("{}", job.run(&hub, &lpp_files::Silent)?.folder.display());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ModelJob {
    /// Which one.
    pub model: PublishedModel,
    /// How much of it.
    pub content: Content,
    /// Downloads at a time.
    pub n_threads: usize,
    /// Whether to ask the hub for a newer commit although the cache has a complete one.
    pub refresh: bool,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedModel {
    /// Folder of configuration and weights.
    pub folder: PathBuf,
    /// Folder of the tokenizer.
    pub tokenizer: PathBuf,
    /// Where it is from, for records: the folder, from the study if it lies inside, or `org/name@revision`.
    pub source: String,
    /// Commit of configuration and weights, if they come from a hub.
    pub commit: Option<String>,
}

impl ModelJob {
    /// Finds the model in the cache; fetches what is missing, unless the hub's settings forbid it.
    ///
    /// A complete model in the cache needs no network.
    ///
    /// # Errors
    /// [`FetchError::Offline`] if something is missing and must not be fetched; otherwise as [`Hub::fetch`].
    pub fn run(&self, hub: &Hub, progress: &dyn Progress) -> Result<LocatedModel, FetchError> {
        let model = &self.model;
        let here = (model.repo.clone(), model.revision.clone());
        let mut folder = PathBuf::new();
        if self.content != Content::Tokenizer || here == model.tokenizer {
            folder = self.bring(hub, &here.0, &here.1, self.content, progress)?;
        }
        let tokenizer = if here == model.tokenizer {
            self.complete_tokenizer(hub, progress)?;
            folder.clone()
        } else {
            self.bring(
                hub,
                &model.tokenizer.0,
                &model.tokenizer.1,
                Content::Tokenizer,
                progress,
            )?
        };
        if folder.as_os_str().is_empty() {
            folder.clone_from(&tokenizer);
        }
        let commit = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(LocatedModel {
            folder,
            tokenizer,
            source: format!("{}@{}", model.repo, model.revision),
            commit,
        })
    }

    fn bring(
        &self,
        hub: &Hub,
        repo: &RepoId,
        revision: &str,
        content: Content,
        progress: &dyn Progress,
    ) -> Result<PathBuf, FetchError> {
        let settings = hub.settings();
        match settings.cache.find(repo, revision, content) {
            Ok(folder) if !self.refresh => return Ok(folder),
            Ok(_) => {}
            Err(missing) if settings.offline => {
                return Err(FetchError::Offline {
                    repo: repo.to_string(),
                    missing,
                    cache: settings.cache.root().to_owned(),
                });
            }
            Err(missing) => tracing::info!("{repo}: {missing} not in the cache, fetching"),
        }
        hub.fetch(repo, revision, content, self.n_threads, progress)
    }

    /// Python's programs fetch file by file, so weights may be there without a tokenizer. Some repositories have none
    /// in a form that is read here; that is for the reader to say.
    fn complete_tokenizer(&self, hub: &Hub, progress: &dyn Progress) -> Result<(), FetchError> {
        let model = &self.model;
        let settings = hub.settings();
        if !settings.offline
            && settings
                .cache
                .find(&model.repo, &model.revision, Content::Tokenizer)
                .is_err()
        {
            hub.fetch(
                &model.repo,
                &model.revision,
                self.content,
                self.n_threads,
                progress,
            )?;
        }
        Ok(())
    }
}
