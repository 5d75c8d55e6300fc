//! `lpp-controls`: low-level properties of the words of a study.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{AnnotationArgs, CommonArgs, Outcome, Program, StudyArgs};
use lpp_fmri::Hrf;
use lpp_preparation::{
    ControlReport, ControlsJob, Picture, RepetitionTime, ScanControl, ScanControlJob, text_inputs, wav_files,
};
use lpp_steps::{AnnotationSource, ControlStep, ScanControlStep, WordsStep};
use lpp_study::{FeatureSource, Language, Study, averaged_runs, is_published_annotation, start_times};
use lpp_text::{Control, SpeechEnvelope};

/// Computes low-level properties of the words: wordrate (1 for every word), wordlength (characters), frequency (ln of
/// 1 + count), position (0 to 1 over the run), with recordings envelope (mean amplitude while the word is spoken), and pwr
/// (place in the run, place in the sentence, words per second). And of the scans: pictures (when they were shown, convolved
/// with the response) and dvars (how much uncleaned scans differ from those before, and its first difference). Each control
/// is written as activations of one layer.
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
    /// Controls to compute: wordrate, wordlength, frequency, position, envelope, pwr, pictures, dvars [default: wordrate,
    /// wordlength, frequency, position, and what --wav and --pictures allow]
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
    /// The text with its punctuation, for the sentences of pwr: archive, folder or file [default: the study's]
    #[arg(long, value_name = "TEXT")]
    text: Option<PathBuf>,
    /// When pictures were shown: a table with the columns run (from 0), onset_s and offset_s [default: the study's, or for the
    /// published English words those of the first run]
    #[arg(long, value_name = "TABLE")]
    pictures: Option<PathBuf>,
    /// Scans of each run, for pictures and dvars; dvars needs images [default: pictures: those of the average subject;
    /// dvars: the resampled images of all subjects]
    #[arg(long, value_name = "FILE", num_args = 1..)]
    scans: Vec<PathBuf>,
    /// Repetition time in s [default: that of the study or the images; all must agree]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    tr: Option<f64>,
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
    /// The controls that were asked for, or that the input allows.
    fn controls(&self) -> Vec<Control> {
        if !self.controls.is_empty() {
            return self.controls.clone();
        }
        let mut controls = Control::OF_TEXT.to_vec();
        controls.extend((!self.wav.is_empty()).then_some(Control::Envelope));
        controls.extend(self.pictures.as_ref().map(|_| Control::Pictures));
        controls
    }

    fn output_of(&self, study: &Study, control: Control) -> PathBuf {
        let name = control.to_string();
        let standard = study.activations(&FeatureSource::Control { name }.to_string(), self.study.lang);
        match (&self.output, standard.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => standard,
        }
    }

    /// The controls of words; `None` if none was asked for.
    fn of_words(&self, study: &Study, annotation: &AnnotationSource) -> anyhow::Result<Option<ControlsJob>> {
        let recordings = wav_files(&self.wav)?;
        let lang = self.study.lang;
        let own = Some(study.text(lang)).filter(|text| text.exists());
        let text = self.text.clone().or(own);
        let text = text.filter(|_| self.controls.contains(&Control::PositionAndRate));
        let texts = text_inputs(text.as_deref(), lang)?;
        let step = |control: Control| ControlStep {
            annotation: annotation.clone(),
            control: control.to_string(),
            counts: self
                .frequencies
                .clone()
                .filter(|_| control == Control::LogFrequency),
            text: text.clone().filter(|_| control == Control::PositionAndRate),
            texts: match control {
                Control::PositionAndRate => texts.clone(),
                _ => Vec::new(),
            },
            recordings: (control == Control::Envelope).then(|| (recordings.clone(), self.cutoff)),
            output: self.output_of(study, control),
            words: None,
        };
        let controls = self
            .controls()
            .into_iter()
            .filter(|control| !control.is_of_scans());
        let steps: Vec<ControlStep> = controls.map(step).collect();
        let elsewhere = self.output.as_ref().and(steps.first());
        let words = WordsStep {
            output: study.words_of(elsewhere.map(|step| step.output.as_path()), lang),
            annotation: annotation.clone(),
        };
        Ok((!steps.is_empty()).then_some(ControlsJob {
            steps,
            words,
            force: self.study.force,
        }))
    }

    /// The controls of scans.
    fn of_scans(&self, study: &Study, annotation: &AnnotationSource) -> anyhow::Result<Vec<ScanControlJob>> {
        let controls = self
            .controls()
            .into_iter()
            .filter(|control| control.is_of_scans());
        let job = |control: Control| {
            let is_dvars = control == Control::Dvars;
            let hrf = study
                .config()
                .fit
                .hrf
                .as_deref()
                .map_or(Ok(Hrf::Glover), str::parse);
            let hrf: Hrf = hrf.map_err(|error| anyhow::anyhow!("lpp.toml, fit.hrf: {error}"))?;
            Ok(ScanControlJob {
                step: ScanControlStep {
                    lang: self.study.lang,
                    control: control.to_string(),
                    pictures: self.pictures_of(study).filter(|_| !is_dvars),
                    runs: self.runs(study, is_dvars)?,
                    mask: is_dvars.then(|| study.mask(self.study.lang)),
                    tr_s: None,
                    hrf: (!is_dvars).then(|| hrf.to_string()),
                    output: self.output_of(study, control),
                },
                control: if is_dvars {
                    ScanControl::Dvars
                } else {
                    ScanControl::Pictures(self.shown(study, annotation)?, hrf)
                },
                start_s: start_times(study, self.study.lang)?,
                tr: RepetitionTime::of_study(study).or_flag(self.tr),
                force: self.study.force,
            })
        };
        controls.map(job).collect()
    }

    /// The table of pictures: the one given, or that of the study.
    fn pictures_of(&self, study: &Study) -> Option<PathBuf> {
        let of_study = study.config().fit.pictures.as_ref();
        self.pictures
            .clone()
            .or_else(|| of_study.map(|table| study.root().join(table)))
    }

    /// The pictures of the table, or those of the published study.
    fn shown(&self, study: &Study, annotation: &AnnotationSource) -> anyhow::Result<Vec<Picture>> {
        if let Some(table) = self.pictures_of(study) {
            return Ok(Picture::load_all(&table)?);
        }
        let path = &annotation.path;
        if annotation.lang == Language::English
            && path.exists()
            && is_published_annotation(path, annotation.lang)?
        {
            return Ok(Picture::PUBLISHED_ENGLISH.to_vec());
        }
        anyhow::bail!(
            "pictures: only those of the published English study are known; give a table (--pictures, or pictures under [fit] in lpp.toml)"
        )
    }

    /// The scans of each run: those given, those of all subjects, or those of the average subject.
    fn runs(&self, study: &Study, of_subjects: bool) -> anyhow::Result<Vec<Vec<PathBuf>>> {
        let lang = self.study.lang;
        if !self.scans.is_empty() {
            return Ok(self.scans.iter().map(|run| vec![run.clone()]).collect());
        }
        if !of_subjects {
            let runs = (0..).map(|run| study.average_run(lang, run));
            let runs: Vec<_> = runs.take_while(|run| run.exists()).map(|run| vec![run]).collect();
            if runs.is_empty() {
                anyhow::bail!(
                    "{}: no such file; expected the average subject (lpp-average), or --scans",
                    study.average_run(lang, 0).display()
                );
            }
            return Ok(runs);
        }
        let subjects = averaged_runs(study, lang)?;
        if let Some(repeated) = subjects.iter().find(|subject| subject.stories.is_some()) {
            anyhow::bail!(
                "{}: stories are heard several times; expected --scans with one image for each run of the words",
                repeated.name
            );
        }
        let n_runs = subjects
            .iter()
            .map(|subject| subject.runs.len())
            .max()
            .unwrap_or(0);
        let of_run = |run: usize| {
            subjects
                .iter()
                .filter_map(|subject| subject.runs.get(run).cloned())
                .collect()
        };
        Ok((0..n_runs).map(of_run).collect())
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let study = args.study.open_without(args.annotation.replaced())?;
        let annotation = args.annotation.clone().source(&study, args.study.lang);
        let mut outcomes = Vec::new();
        if let Some(job) = args.of_words(&study, &annotation)? {
            let outcome = |report: &ControlReport| {
                Outcome::new(&report.output, report.up_to_date).count("words", report.n_words)
            };
            outcomes.extend(job.run(lpp_cli::software!())?.iter().map(outcome));
        }
        for job in args.of_scans(&study, &annotation)? {
            let up_to_date = job.run(lpp_cli::software!())?;
            outcomes.push(Outcome::new(&job.step.output, up_to_date).count("runs", job.step.runs.len()));
        }
        lpp_cli::print_outcomes(&args.common, &outcomes)
    })
}
