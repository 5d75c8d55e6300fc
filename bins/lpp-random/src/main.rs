//! `lpp-random`: random vectors for the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_preparation::RandomJob;
use lpp_steps::{RandomStep, WordsStep};
use lpp_study::FeatureSource;
use lpp_text::RandomKind;

/// Writes random vectors as activations of one layer. The numbers are those that NumPy draws for the same seed.
///
/// The type is vector (a new normal vector for each spoken word) or embedding (one uniform vector for each distinct
/// word). The words with their times are written to words_LANG.csv in the study, or next to the activations if these
/// are written elsewhere.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-random --type embedding --dims 300 --seed 1 --lang en --study my-study"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    /// Type of the baseline: vector or embedding
    #[arg(long = "type", value_name = "TYPE")]
    kind: RandomKind,
    /// Length of the vectors
    #[arg(long, value_name = "D", default_value_t = 300)]
    dims: u64,
    /// Seed of NumPy's legacy generator
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u32,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output activations file [default: in the study, such as activations/random_vector_300d_seed1_en.safetensors]
    #[arg(short, long, value_name = "SAFETENSORS", value_parser = lpp_cli::output_file(&[".safetensors"]))]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<RandomJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let annotation = self.annotation.source(&study, lang);
        let (kind, n_dims, seed) = (self.kind.name(), self.dims, u64::from(self.seed));
        let name = FeatureSource::Random { kind, n_dims, seed }.to_string();
        let step = RandomStep {
            words: Some(WordsStep {
                annotation: annotation.clone(),
                output: study.words_of(self.output.as_deref(), lang),
            }),
            annotation,
            kind,
            n_dims,
            seed,
            output: self.output.unwrap_or_else(|| study.activations(&name, lang)),
        };
        Ok(RandomJob {
            step,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let job = args.job()?;
        let report = job.run(lpp_cli::software!())?;
        let outcome = Outcome::new(&job.step.output, report.up_to_date).count("words", report.n_words);
        lpp_cli::print_outcomes(&common, &[outcome])
    })
}
