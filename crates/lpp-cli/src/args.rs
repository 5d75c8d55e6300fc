//! Flags that all programs have.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::Context;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, Command};
use lpp_files::EntityChoice;
use lpp_steps::AnnotationSource;
use lpp_study::{AnnotationCorrections, FeatureName, Language, Study};

/// Threads and verbosity.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct CommonArgs {
    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N", global = true, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Print more messages; give it twice to print everything
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print one JSON object instead of lines
    #[arg(long, global = true)]
    json: bool,
}

impl CommonArgs {
    /// Number of threads to use: the flag, or the number of cores.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        )
    }

    /// Whether only errors should be shown.
    #[must_use]
    pub fn quiet(&self) -> bool {
        self.quiet
    }

    /// Whether results are printed as one JSON object.
    #[must_use]
    pub fn json(&self) -> bool {
        self.json
    }

    pub(crate) fn level(&self) -> tracing::Level {
        match (self.quiet, self.verbose) {
            (true, _) => tracing::Level::ERROR,
            (false, 0) => tracing::Level::INFO,
            (false, 1) => tracing::Level::DEBUG,
            (false, _) => tracing::Level::TRACE,
        }
    }
}

/// Any language; shells offer those of the published study.
#[must_use]
pub fn language() -> impl TypedValueParser<Value = Language> {
    LanguageParser
}

#[derive(Debug, Clone, Copy)]
struct LanguageParser;

impl TypedValueParser for LanguageParser {
    type Value = Language;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Language, clap::Error> {
        let parse = |tag: &str| tag.parse::<Language>();
        TypedValueParser::parse_ref(&parse, command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(PUBLISHED.into_iter().map(PossibleValue::new)))
    }
}

/// The languages of the published study.
const PUBLISHED: [&str; 3] = ["en", "fr", "cn"];

/// A language of the published study, of which alone there are files to download.
#[must_use]
pub fn published_language() -> impl TypedValueParser<Value = Language> {
    PossibleValuesParser::new(PUBLISHED).try_map(|tag| tag.parse::<Language>())
}

/// Reads the name of a subject, with or without `sub-`.
///
/// # Errors
/// [`lpp_study::NameError::BadName`] if it could lead out of the study.
pub fn subject(name: &str) -> Result<String, lpp_study::NameError> {
    lpp_study::check_subject(name).map(|()| name.to_owned())
}

/// Reads the name of a model as it is typed: with or without its organisation.
///
/// # Errors
/// [`lpp_study::NameError::BadName`] if it could lead out of the study.
pub fn model(name: &str) -> Result<String, lpp_study::NameError> {
    name.parse::<FeatureName>().map(|_| name.to_owned())
}

/// The study folder and its language.
#[derive(Debug, Clone, Args)]
pub struct StudyArgs {
    /// Study folder, with lpp.toml and all files of the study
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub study: PathBuf,
    /// Language of the story: a BCP-47 tag such as en, de or pt-BR; en, fr and cn are those of the published study
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = crate::language(), hide_possible_values = true)]
    pub lang: Language,
    /// Recompute even if the output is up to date
    #[arg(long)]
    pub force: bool,
}

impl StudyArgs {
    /// Opens the study folder.
    ///
    /// # Errors
    /// If there is no such folder or its configuration is wrong.
    pub fn open(&self) -> anyhow::Result<Study> {
        self.open_without(&[])
    }

    /// Opens the study folder for a program whose flags take the place of the settings `replaced` (`tr_s` for `--tr`): these are
    /// not read from its configuration.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_without(&self, replaced: &[&str]) -> anyhow::Result<Study> {
        Study::open_without(&self.study, replaced).context("cannot open the study (--study)")
    }
}

/// One subject in place of the average subject.
#[derive(Debug, Clone, Args)]
pub struct SubjectArgs {
    /// Use this subject in place of the average subject, for example EN057
    #[arg(long, value_name = "SUBJECT", value_parser = subject)]
    pub subject: Option<String>,
}

impl SubjectArgs {
    /// The study of the subject, if one is given.
    #[must_use]
    pub fn choose(&self, study: Study) -> Study {
        match &self.subject {
            Some(subject) => study.of_subject(subject),
            None => study,
        }
    }
}

/// Which scans are meant where there are several kinds.
#[derive(Debug, Clone, Args)]
pub struct ScanArgs {
    /// Use only scans whose names have this entity, for example space-T1w; may be repeated [default: the study's]
    #[arg(long, value_name = "ENTITY-LABEL")]
    pub only: Vec<EntityChoice>,
}

impl ScanArgs {
    /// The study with these choices in place of its own.
    #[must_use]
    pub fn choose(&self, study: Study) -> Study {
        study.choosing(self.only.clone())
    }
}

/// The annotation of the words.
#[derive(Debug, Clone, Args)]
pub struct AnnotationArgs {
    /// Word annotation [default: the study's]
    #[arg(long, value_name = "CSV")]
    pub annotation: Option<PathBuf>,
    /// Corrections of the annotation: auto (published corrections for the published files only), published or none
    /// [default: the study's]
    #[arg(long, value_name = "WHICH")]
    pub corrections: Option<AnnotationCorrections>,
}

impl AnnotationArgs {
    /// The settings of a study that these flags take the place of.
    #[must_use]
    pub fn replaced(&self) -> &'static [&'static str] {
        match self.corrections {
            Some(_) => &["annotation_corrections"],
            None => &[],
        }
    }

    /// The annotation and its corrections: the flags, or what `study` has.
    #[must_use]
    pub fn source(self, study: &Study, lang: Language) -> AnnotationSource {
        let asked = self.corrections.unwrap_or(study.config().annotation_corrections);
        match self.annotation {
            Some(path) => AnnotationSource::new(path, lang, asked),
            None => AnnotationSource::of_study(study, lang, asked),
        }
    }
}
