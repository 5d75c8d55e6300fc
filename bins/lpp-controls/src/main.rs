//! `lpp-controls`: low-level properties of the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Program, StudyArgs};
use lpp_text::{AnnotationSource, Control, ControlsJob, SpeechEnvelope, wav_files};

/// Writes what can be said of a word without knowing what it means, each control as activations of one layer and one column:
/// wordrate (1 for every word), wordlength (characters), frequency (ln of 1 + count), position (0 to 1 over the run) and, with
/// recordings, envelope (mean loudness while the word is spoken).
///
/// They go to activations/control_NAME_LANG.safetensors of the study. lpp-fit fits them like any model (--model
/// control_wordrate), or beside a model (--controls all).
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-controls --study my-study --lang en --wav recordings --frequencies subtlex.csv"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    /// Which controls to write: wordrate, wordlength, frequency, position, envelope [default: all that there is input for]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    controls: Vec<Control>,
    /// Word counts: a table with the columns word and count, CSV or TSV [default: the words of the story are counted]
    #[arg(long, value_name = "TABLE")]
    frequencies: Option<PathBuf>,
    /// Recordings, one WAV file a run: the files in order, or a folder of them
    #[arg(long, value_name = "WAV", num_args = 1..)]
    wav: Vec<PathBuf>,
    /// Cut-off of the envelope's low-pass, Hz
    #[arg(long, value_name = "HZ", default_value_t = SpeechEnvelope::CUTOFF_HZ)]
    cutoff: f64,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Folder for the activations [default: the study's]
    #[arg(short, long, value_name = "DIR")]
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
    fn into_job(self) -> anyhow::Result<ControlsJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let (path, corrections) = self.annotation.resolve(&study, lang);
        let mut controls = self.controls;
        if controls.is_empty() {
            controls.extend(Control::OF_TEXT);
            controls.extend((!self.wav.is_empty()).then_some(Control::Envelope));
        }
        let place = |control: &Control| {
            let standard = study.activations(&control.name(), lang);
            match (&self.output, standard.file_name()) {
                (Some(folder), Some(name)) => folder.join(name),
                _ => standard,
            }
        };
        let outputs: Vec<(Control, PathBuf)> = controls.iter().map(|c| (*c, place(c))).collect();
        let elsewhere = self
            .output
            .as_ref()
            .and(outputs.first())
            .map(|(_, path)| path.as_path());
        Ok(ControlsJob {
            annotation: AnnotationSource {
                path,
                lang,
                corrections,
            },
            counts: self.frequencies,
            recordings: wav_files(&self.wav)?,
            cutoff_hz: self.cutoff,
            words: study.words_of(elsewhere, lang),
            outputs,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        for report in args.into_job()?.run(lpp_cli::software!())? {
            let done = if report.up_to_date {
                "up to date"
            } else {
                "written"
            };
            lpp_cli::print_line(format!(
                "{}: {done}, {} words",
                report.output.display(),
                report.n_words
            ))?;
        }
        Ok(())
    })
}
