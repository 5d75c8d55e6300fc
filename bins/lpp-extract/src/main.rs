//! `lpp-extract`: activations of a language model for every word.

mod extract_job;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_fetch::{Content, LocatedModel, ModelRequest};
use lpp_files::{StoredAs, recorded_text};
use lpp_llm::{ComputeDevice, HiddenStates, Identity, ModelParams, Precision, Training};
use lpp_steps::{Choice, Dtype, HiddenStatesStep, Making};
use lpp_study::{FeatureName, FeatureSource, Study};

use crate::extract_job::{ExtractJob, WindowFlags};

/// Runs a language model over the text of a study and writes one vector per word and layer.
///
/// The checkpoint is read from models/MODEL of the study or from the Hugging Face cache. If it is in neither, it is
/// downloaded into the cache (see `lpp-fetch model`). Activations of gpt2 are written to
/// `activations/gpt2_en.safetensors`, those of its untrained control to
/// `activations/gpt2_untrained_seed1_en.safetensors`. An untrained control needs only config.json and the tokenizer.
#[derive(Debug, Parser)]
#[command(
    version,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  lpp-extract --study study --model gpt2 --lang en\n  lpp-extract --model gpt2 \
                  --seed 1\n  lpp-extract hidden-states --model-dir models/gpt2 --ids ids.npy -o out.safetensors"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    extract: ExtractArgs,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes all hidden states for given token ids
    HiddenStates(HiddenStatesArgs),
}

/// How to run a model; the same for both commands.
#[derive(Debug, Args)]
struct ModelArgs {
    /// Use an untrained control with random weights from this seed (1 or more)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    seed: Option<u64>,
    /// Disable dropout in untrained controls (the original leaves it active)
    #[arg(long, requires = "seed")]
    no_dropout: bool,
    /// Device: auto (the first CUDA device, or else the CPU), cpu, or cuda:N
    #[arg(long, default_value = "auto")]
    device: ComputeDevice,
    /// Arithmetic
    #[arg(long, value_name = "DTYPE", default_value = Dtype::default().name(), value_parser = lpp_cli::choice::<Dtype>())]
    dtype: Dtype,
    /// Keep only one block of weights in memory, for models larger than memory. A killed run resumes after the last
    /// finished block
    #[arg(long)]
    stream_layers: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StoreArg {
    /// 32-bit floats
    F32,
    /// 16-bit floats: half the disk space, about three decimals
    F16,
}

#[derive(Debug, Args)]
struct ExtractArgs {
    #[command(flatten)]
    study: StudyArgs,
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
    /// The text: lpp_en_text.zip, a folder of text files, or one file [default: the study's, or the words]
    #[arg(long, value_name = "ZIP_OR_DIR")]
    text: Option<PathBuf>,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output activations file [default: in the study's activations]
    #[arg(short, long, value_name = "FILE", value_parser = lpp_cli::output_file(&[".safetensors"]))]
    output: Option<PathBuf>,
    /// Type of the numbers in the activations file
    #[arg(long, value_enum, default_value = "f32")]
    store: StoreArg,
    #[command(flatten)]
    windows: WindowFlags,
    #[command(flatten)]
    run: ModelArgs,
}

#[derive(Debug, Args)]
struct HiddenStatesArgs {
    /// Checkpoint folder
    #[arg(long, value_name = "DIR")]
    model_dir: PathBuf,
    /// Token ids: .npy, int64, [rows, tokens]
    #[arg(long, value_name = "NPY")]
    ids: PathBuf,
    /// Attention mask, 1 for tokens and 0 for padding: .npy, int64, [rows, tokens]
    #[arg(long, value_name = "NPY")]
    attention_mask: Option<PathBuf>,
    /// Output file: f32 tensors layer-0 to layer-L, [rows, tokens, width]
    #[arg(short, long, value_name = "FILE", value_parser = lpp_cli::output_file(&[".safetensors"]))]
    output: PathBuf,
    /// Recompute even if the output is up to date
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    run: ModelArgs,
}

impl Program for Cli {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl ModelArgs {
    fn params(&self, folder: PathBuf, common: &CommonArgs) -> ModelParams {
        ModelParams {
            training: match self.seed {
                Some(seed) => Training::Untrained {
                    seed,
                    dropout: !self.no_dropout,
                },
                None => Training::Pretrained,
            },
            precision: match self.dtype {
                Dtype::F32 => Precision::F32,
                Dtype::Bf16 => Precision::Bf16,
            },
            device: self.device,
            n_threads: Some(common.threads()),
            stream_layers: self.stream_layers,
            ..ModelParams::new(folder)
        }
    }
}

impl ExtractArgs {
    /// Whether a flag was set that a subcommand would leave unused.
    fn is_given(&self) -> bool {
        let paths = [
            &self.model_dir,
            &self.tokenizer,
            &self.text,
            &self.annotation.annotation,
            &self.output,
        ];
        self.model.is_some()
            || self.revision.is_some()
            || self.run.seed.is_some()
            || self.windows.are_given()
            || paths.into_iter().any(Option::is_some)
    }

    fn job(self, common: &CommonArgs) -> anyhow::Result<ExtractJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let (model, located) = self.locate(&study, common)?;
        let (asked, seed) = (model.as_str().to_owned(), self.run.seed);
        let name = FeatureSource::Model {
            model: asked.clone(),
            seed,
        };
        let name = name.to_string();
        let annotation = self.annotation.source(&study, lang);
        Ok(ExtractJob {
            dtype: self.run.dtype,
            model: self.run.params(located.folder, common),
            asked,
            source: located.source,
            tokenizer: self.tokenizer.unwrap_or(located.tokenizer),
            commit: located.commit,
            text: self.text.or_else(|| annotation.text(&study)),
            annotation,
            words: study.words_of(self.output.as_deref(), lang),
            output: self.output.unwrap_or_else(|| study.activations(&name, lang)),
            name,
            stored: match self.store {
                StoreArg::F32 => StoredAs::F32,
                StoreArg::F16 => StoredAs::F16,
            },
            windows: self.windows,
            force: self.study.force,
        })
    }
}

impl ExtractArgs {
    /// The model's name in the study and its place: the folder given, or what the name leads to.
    fn locate(&self, study: &Study, common: &CommonArgs) -> anyhow::Result<(FeatureName, LocatedModel)> {
        let name = self.model.as_deref().map(str::parse::<FeatureName>).transpose()?;
        if let Some(name) = &name {
            refuse_what_is_no_model(name)?;
        }
        if let Some(folder) = &self.model_dir {
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
            content: if self.run.seed.is_some() {
                Content::WithoutWeights
            } else {
                Content::Model
            },
            offline: self.offline,
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

fn extract(args: ExtractArgs, common: &CommonArgs) -> anyhow::Result<()> {
    let job = args.job(common)?;
    let report = job.run(lpp_cli::software!(), &lpp_cli::progress(common))?;
    let outcome = Outcome::new(&job.output, report.up_to_date)
        .count("words", report.n_words)
        .count("layers", report.n_layers)
        .fact("n_windows", report.n_windows, "");
    lpp_cli::print_outcomes(common, &[outcome])
}

fn hidden_states(args: HiddenStatesArgs, common: &CommonArgs) -> anyhow::Result<()> {
    let states = HiddenStates {
        model: args.run.params(args.model_dir, common),
        ids: args.ids,
        attention_mask: args.attention_mask,
        output: args.output,
    };
    let software = lpp_cli::software!();
    let (seed, dropout) = states.model.seed_and_dropout()?;
    let step = HiddenStatesStep {
        files: states.files()?,
        seed,
        dropout,
        dtype: args.run.dtype,
        output: states.output.clone(),
    };
    let making = Making::of(software, step.artefact())?;
    if making.is_done(args.force)? {
        return lpp_cli::print_outcomes(common, &[Outcome::new(&states.output, true)]);
    }
    let identity = Identity::new(software.program, software.version, &states.model, making.inputs());
    let (model, leftover) = states.write(identity, &lpp_cli::progress(common))?;
    making.finish()?;
    leftover.remove()?;
    let outcome = Outcome::new(&states.output, false).count("layers", model.n_layers);
    lpp_cli::print_outcomes(common, &[outcome])
}

fn main() -> ExitCode {
    lpp_cli::run(|cli: Cli| match cli.command {
        Some(_) if cli.extract.is_given() => Cli::command()
            .error(
                ErrorKind::ArgumentConflict,
                "put the flags of the model after `hidden-states`",
            )
            .exit(),
        Some(Command::HiddenStates(args)) => hidden_states(args, &cli.common),
        None => extract(cli.extract, &cli.common),
    })
}
