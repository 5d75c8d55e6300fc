//! `lpp-glove`: GloVe vectors of the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Program, StudyArgs};
use lpp_text::{AnnotationSource, BaselineJob, BaselineSource};

/// Writes the GloVe vector of each word as activations of one layer.
///
/// Words without a vector get zeros and are listed in a warning. The words with their times are written to
/// words_LANG.csv of the study, or beside the activations if these go elsewhere.
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
    /// The vectors: a word and its numbers a line, gzip or not
    #[arg(long, value_name = "FILE")]
    glove: PathBuf,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// The activations file to write [default: the study's, such as activations/glove_en.safetensors]
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
    fn into_job(self) -> anyhow::Result<BaselineJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let (path, corrections) = self.annotation.resolve(&study, lang);
        let source = BaselineSource::Glove(self.glove);
        Ok(BaselineJob {
            annotation: AnnotationSource {
                path,
                lang,
                corrections,
            },
            words: study.words_of(self.output.as_deref(), lang),
            output: self
                .output
                .unwrap_or_else(|| study.activations(&source.name(), lang)),
            source,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let job = args.into_job()?;
        let report = job.run(lpp_cli::software!())?;
        let done = if report.up_to_date {
            "up to date"
        } else {
            "written"
        };
        lpp_cli::print_line(format!(
            "{}: {done}, {} words",
            job.output.display(),
            report.n_words
        ))
    })
}
