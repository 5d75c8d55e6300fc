//! `lpp-random`: random vectors for the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Program, StudyArgs};
use lpp_text::{AnnotationSource, BaselineJob, BaselineSource, RandomBaseline, RandomKind};

/// Writes random vectors as activations of one layer, with the numbers that NumPy draws for the same seed.
///
/// The type is vector (a new normal vector for each word spoken) or embedding (one uniform vector for each different
/// word). The words with their times are written to words_LANG.csv of the study, or beside the activations if these
/// go elsewhere.
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
    dims: usize,
    /// Seed of NumPy's legacy generator
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u32,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// The activations file to write [default: the study's, such as activations/random_vector_300d_seed1_en.safetensors]
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
        let source = BaselineSource::Random(RandomBaseline {
            kind: self.kind,
            n_dims: self.dims,
            seed: self.seed,
        });
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
