//! A model by its name: found in the cache, or downloaded into it.

use std::path::PathBuf;

use lpp_files::{Progress, recorded_text};
use lpp_study::{FeatureName, Study};

use crate::{Content, FetchError, Http, HttpParams, Hub, HubSettings, PublishedModel, RepoId};

/// A model requested by name.
#[derive(Debug, Clone)]
pub struct ModelRequest {
    /// A folder in the study's `models`, a name of the catalogue, or `org/name`.
    pub name: String,
    /// Branch, tag or commit; `None` for that of the name, or `main`.
    pub revision: Option<String>,
    /// The part of it that is needed.
    pub content: Content,
    /// Whether the network may not be used, in addition to the setting of the environment.
    pub offline: bool,
    /// Number of parallel downloads.
    pub n_threads: usize,
}

impl ModelRequest {
    /// Name of the model's activations in the study: `gpt2`, `pythia-6.9b_step1000`, `org/name`.
    ///
    /// # Errors
    /// [`FetchError::File`] if it can be no name.
    pub fn study_name(&self) -> Result<FeatureName, FetchError> {
        PublishedModel::study_name(&self.name, self.revision.as_deref())
    }

    /// Finds the model in the study's `models`, then in the hub's cache, then on the hub, from which it is downloaded
    /// into the cache. The hub and its cache are those of the environment ([`HubSettings::from_env`]).
    ///
    /// A folder in the study's `models` belongs to `org/name` only if its name is `org--name` or `org/name`.
    ///
    /// A name that is neither in the study nor known gives the study's folder, which does not exist. The program that
    /// opens it then lists the models that do.
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
                    "{}: this folder of the study is used as {}; rename it to use the model of the hub",
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

/// A model to find or download.
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
    /// The model.
    pub model: PublishedModel,
    /// The part of it that is needed.
    pub content: Content,
    /// Number of parallel downloads.
    pub n_threads: usize,
    /// Whether to check the hub for a newer commit even if the cache has a complete one.
    pub refresh: bool,
}

/// The location of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedModel {
    /// Folder of configuration and weights.
    pub folder: PathBuf,
    /// Folder of the tokenizer.
    pub tokenizer: PathBuf,
    /// Its source, for records: the folder (relative to the study if it is inside), or `org/name@revision`.
    pub source: String,
    /// Commit of configuration and weights, if they come from a hub.
    pub commit: Option<String>,
}

impl ModelJob {
    /// Finds the model in the cache; downloads missing files, unless the hub's settings forbid it.
    ///
    /// A model that is complete in the cache needs no network.
    ///
    /// # Errors
    /// [`FetchError::Offline`] if something is missing and may not be downloaded; otherwise as [`Hub::fetch`].
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
            Err(missing) => tracing::info!("{repo}: {missing} is not in the cache, downloading"),
        }
        hub.fetch(repo, revision, content, self.n_threads, progress)
    }

    /// Downloads the tokenizer if it is missing: Python's programs download file by file, so there may be weights
    /// without it. Some repositories have no tokenizer in a supported format; the reader reports that.
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
