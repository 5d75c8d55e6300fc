//! `lpp-controls`: low-level properties of the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_preparation::{ControlReport, ControlsJob, wav_files};
use lpp_steps::{ControlStep, WordsStep};
use lpp_study::FeatureSource;
use lpp_text::{Control, SpeechEnvelope};

/// Computes low-level properties of the words: wordrate (1 for every word), wordlength (characters), frequency (ln of
/// 1 + count), position (0 to 1 over the run) and, with recordings, envelope (mean amplitude while the word is spoken).
/// Each control is written as activations of one layer and one column.
///
/// The files are activations/control_NAME_LANG.safetensors of the study. lpp-fit fits a control like any model (--model
/// control_wordrate), or jointly with a model (--controls all).
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
    /// Controls to compute: wordrate, wordlength, frequency, position, envelope [default: all that the input allows]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    controls: Vec<Control>,
    /// Word counts: a table with the columns word and count, CSV or TSV [default: counts in the story]
    #[arg(long, value_name = "TABLE")]
    frequencies: Option<PathBuf>,
    /// Recordings, one WAV file per run: the files in order, or their folder
    #[arg(long, value_name = "WAV", num_args = 1..)]
    wav: Vec<PathBuf>,
    /// Cut-off of the envelope's low-pass filter, in Hz
    #[arg(long, value_name = "HZ", default_value_t = SpeechEnvelope::CUTOFF_HZ)]
    cutoff: f64,
    #[command(flatten)]
    annotation: AnnotationArgs,
    /// Output folder for the activations [default: the study's]
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
    fn job(self) -> anyhow::Result<ControlsJob> {
        let study = self.study.open_without(self.annotation.replaced())?;
        let lang = self.study.lang;
        let annotation = self.annotation.source(&study, lang);
        let mut controls = self.controls;
        if controls.is_empty() {
            controls.extend(Control::OF_TEXT);
            controls.extend((!self.wav.is_empty()).then_some(Control::Envelope));
        }
        let recordings = wav_files(&self.wav)?;
        let step = |control: &Control| {
            let name = control.to_string();
            let standard = study.activations(&FeatureSource::Control { name }.to_string(), lang);
            ControlStep {
                annotation: annotation.clone(),
                control: control.to_string(),
                counts: self
                    .frequencies
                    .clone()
                    .filter(|_| *control == Control::LogFrequency),
                recordings: (*control == Control::Envelope).then(|| (recordings.clone(), self.cutoff)),
                output: match (&self.output, standard.file_name()) {
                    (Some(folder), Some(name)) => folder.join(name),
                    _ => standard,
                },
                words: None,
            }
        };
        let steps: Vec<ControlStep> = controls.iter().map(step).collect();
        let elsewhere = self.output.as_ref().and(steps.first());
        let words = WordsStep {
            output: study.words_of(elsewhere.map(|step| step.output.as_path()), lang),
            annotation,
        };
        Ok(ControlsJob {
            steps,
            words,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let reports = args.job()?.run(lpp_cli::software!())?;
        let outcome = |report: &ControlReport| {
            Outcome::new(&report.output, report.up_to_date).count("words", report.n_words)
        };
        lpp_cli::print_outcomes(&common, &reports.iter().map(outcome).collect::<Vec<_>>())
    })
}
