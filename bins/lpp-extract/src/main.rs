//! `lpp-extract`: activations of a language model for every word.

mod extract_job;
mod surprisal_job;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_files::StoredAs;
use lpp_llm::{HiddenStates, Identity, ModelParams};
use lpp_model_flags::{ModelFlags, RunFlags};
use lpp_steps::{HiddenStatesStep, Making};

use crate::extract_job::{ContextFlags, ExtractJob};

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
    #[command(flatten)]
    flags: RunFlags,
    /// Disable dropout in untrained controls (the original leaves it active)
    #[arg(long, requires = "seed")]
    no_dropout: bool,
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
    #[command(flatten)]
    model: ModelFlags,
    /// The text: `lpp_en_text.zip`, a folder of text files, or one file [default: the study's, or the words]
    #[arg(long, value_name = "ZIP_OR_DIR")]
    text: Option<PathBuf>,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output activations file [default: in the study's activations]
    #[arg(short, long, value_name = "FILE", value_parser = lpp_cli::output_file(&[".safetensors"]))]
    output: Option<PathBuf>,
    /// Also write the surprisal of words (bits), that of the word before, and the entropy before each word (nats), as controls
    /// next to the activations, for lpp-fit: `control_surprisal_MODEL` and so on. They come from the same
    /// pass; with --stream-layers, for untrained controls with dropout, and for activations that are there already, from a second one
    #[arg(long, conflicts_with = "context")]
    surprisal: bool,
    /// Type of the numbers in the activations file
    #[arg(long, value_enum, default_value = "f32")]
    store: StoreArg,
    #[command(flatten)]
    windows: ContextFlags,
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
        self.flags.params(folder, !self.no_dropout, common)
    }
}

impl ExtractArgs {
    /// Whether a flag was set that a subcommand would leave unused.
    fn is_given(&self) -> bool {
        let paths = [&self.text, &self.annotation.annotation, &self.output];
        self.model.are_given()
            || self.run.flags.seed.is_some()
            || self.windows.are_given()
            || paths.into_iter().any(Option::is_some)
    }

    fn job(self, common: &CommonArgs) -> anyhow::Result<ExtractJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let chosen = self.model.choose(&study, self.run.flags.seed, common)?;
        let annotation = self.annotation.source(&study, lang);
        Ok(ExtractJob {
            dtype: self.run.flags.dtype,
            model: self.run.params(chosen.folder, common),
            asked: chosen.model,
            source: chosen.source,
            tokenizer: chosen.tokenizer,
            commit: chosen.commit,
            text: self.text.or_else(|| annotation.text(&study)),
            annotation,
            words: study.words_of(self.output.as_deref(), lang),
            output: self
                .output
                .unwrap_or_else(|| study.activations(&chosen.name, lang)),
            name: chosen.name,
            stored: match self.store {
                StoreArg::F32 => StoredAs::F32,
                StoreArg::F16 => StoredAs::F16,
            },
            windows: self.windows,
            surprisal: self.surprisal,
            force: self.study.force,
        })
    }
}

fn extract(args: ExtractArgs, common: &CommonArgs) -> anyhow::Result<()> {
    let job = args.job(common)?;
    let report = job.run(lpp_cli::software!(), &lpp_cli::progress(common))?;
    let outcome = Outcome::new(&job.output, report.up_to_date)
        .count("words", report.n_words)
        .count("layers", report.n_layers)
        .fact("n_windows", report.n_windows, "");
    let controls = report
        .controls
        .iter()
        .map(|(path, up_to_date)| Outcome::new(path, *up_to_date).count("words", report.n_words));
    lpp_cli::print_outcomes(common, &[outcome].into_iter().chain(controls).collect::<Vec<_>>())
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
        dtype: args.run.flags.dtype,
        equal_bits: args.run.flags.equal_bits,
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
