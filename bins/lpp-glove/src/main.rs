//! `lpp-glove`: GloVe vectors of the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_preparation::GloveJob;
use lpp_steps::{GloveStep, WordsStep};
use lpp_study::FeatureSource;

/// Writes the GloVe vector of each word as activations of one layer.
///
/// Words without a vector get zeros and are listed in a warning. The words with their times are written to
/// words_LANG.csv in the study, or next to the activations if these are written elsewhere.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-glove --glove glove.6B.300d.txt --lang en --study my-study"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    /// Word vectors: one word and its numbers per line, optionally gzipped
    #[arg(long, value_name = "FILE")]
    glove: PathBuf,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output activations file [default: in the study, such as activations/glove_en.safetensors]
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
    fn job(self) -> anyhow::Result<GloveJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let annotation = self.annotation.source(&study, lang);
        let step = GloveStep {
            words: Some(WordsStep {
                annotation: annotation.clone(),
                output: study.words_of(self.output.as_deref(), lang),
            }),
            annotation,
            vectors: self.glove,
            output: self
                .output
                .unwrap_or_else(|| study.activations(&FeatureSource::Glove.to_string(), lang)),
        };
        Ok(GloveJob {
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
