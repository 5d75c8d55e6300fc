//! `lpp-fetch model`.

use clap::Args;
use lpp_cli::CommonArgs;
use lpp_fetch::{Content, FileState, Hub, HubSettings, ModelJob, PublishedModel};
use serde::Serialize;

use crate::args::NetworkArgs;
use crate::listing::{ListedFile, Listing};

/// Downloads models and their tokenizers from the hub into the cache shared with Python's libraries (HF_HOME,
/// HF_HUB_CACHE).
///
/// A model is given by its name in the paper (gpt2, Qwen1.5-0.5B, pythia-6.9b_step1000) or as ORG/NAME. Weights are
/// downloaded as safetensors if available, otherwise as pytorch_model.bin. The token for gated models is read from
/// HF_TOKEN or the file of `huggingface-cli login`. Set HF_ENDPOINT to use a mirror, and HF_HUB_OFFLINE to use no
/// network.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags are independent of each other"
)]
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// The models
    #[arg(value_name = "NAME", required = true, value_parser = lpp_cli::model)]
    names: Vec<String>,
    /// Branch, tag or commit, such as step1000
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Download only configuration and tokenizer: enough for an untrained control
    #[arg(long, conflicts_with = "tokenizer_only")]
    without_weights: bool,
    /// Download only the tokenizer
    #[arg(long)]
    tokenizer_only: bool,
    /// Use only the cache; fail if a file is missing
    #[arg(long)]
    offline: bool,
    /// List files and sizes without downloading
    #[arg(long)]
    dry_run: bool,
}

/// A model in the cache, as printed.
#[derive(Debug, Serialize)]
struct Fetched {
    model: String,
    folder: String,
    tokenizer: String,
    commit: Option<String>,
}

impl ModelArgs {
    pub(crate) fn run(self, network: &NetworkArgs, common: &CommonArgs) -> anyhow::Result<()> {
        let mut settings = HubSettings::from_env();
        settings.offline |= self.offline;
        let hub = Hub::new(network.http()?, settings);
        // Names are checked before the first download.
        let models = self.names.iter();
        let models: Vec<PublishedModel> = models
            .map(|name| PublishedModel::find(name, self.revision.as_deref()))
            .collect::<Result<_, _>>()?;
        if self.dry_run {
            return self.list(&hub, &models, common);
        }
        let mut done = Vec::new();
        for model in models {
            done.push(self.fetch(&hub, model, common)?);
        }
        if common.json() {
            return lpp_cli::print_json(&done);
        }
        for model in done {
            lpp_cli::print_line(format!("{}: {}", model.model, model.folder))?;
        }
        Ok(())
    }

    fn content(&self) -> Content {
        match (self.tokenizer_only, self.without_weights) {
            (true, _) => Content::Tokenizer,
            (_, true) => Content::WithoutWeights,
            _ => Content::Model,
        }
    }

    fn fetch(&self, hub: &Hub, model: PublishedModel, common: &CommonArgs) -> anyhow::Result<Fetched> {
        let name = model.name.clone();
        let job = ModelJob {
            model,
            content: self.content(),
            n_threads: common.threads(),
            refresh: !hub.settings().offline,
        };
        let there = job.run(hub, &lpp_cli::progress(common))?;
        Ok(Fetched {
            model: name,
            folder: there.folder.display().to_string(),
            tokenizer: there.tokenizer.display().to_string(),
            commit: there.commit,
        })
    }

    fn list(&self, hub: &Hub, models: &[PublishedModel], common: &CommonArgs) -> anyhow::Result<()> {
        let mut files = Vec::new();
        for model in models {
            let here = (&model.repo, &model.revision);
            let tokenizer = (&model.tokenizer.0, &model.tokenizer.1);
            let mut parts = vec![(here, self.content())];
            if tokenizer != here {
                parts.push((tokenizer, Content::Tokenizer));
            }
            for ((repo, revision), content) in parts {
                let listing = hub.list(repo, revision)?;
                let folder = hub
                    .settings()
                    .cache
                    .repository(repo)
                    .join("snapshots")
                    .join(&listing.commit);
                for file in hub.choose(repo, revision, &listing, content)? {
                    let path = folder.join(&file.path);
                    files.push(ListedFile {
                        url: format!(
                            "{}/{repo}/resolve/{revision}/{}",
                            hub.settings().endpoint,
                            file.path
                        ),
                        bytes: file.bytes,
                        state: if path.is_file() {
                            FileState::Present
                        } else {
                            FileState::Missing
                        },
                        path,
                    });
                }
            }
        }
        Listing::new(files).print(common.json())
    }
}
