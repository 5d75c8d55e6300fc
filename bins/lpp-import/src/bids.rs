//! `lpp-import bids`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lpp_cli::{CommonArgs, Outcome, ScanArgs};
use lpp_files::EntityChoice;
use lpp_import::{BidsChoice, BidsJob, BidsReport, EventsSource, WordFormat, WordsJob};
use lpp_study::{Language, RunKind, Study, TableRun};

use crate::place::{Place, SOFTWARE};
use crate::words;

/// Writes runs.csv from a folder of preprocessed scans in BIDS form
///
/// Finds the runs of all subjects by the entities of their names, with their tables of confounds and masks. Nothing is
/// copied. If there are several spaces, tasks, resolutions or descriptions, the choices are listed. Sessions are kept apart.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct BidsArgs {
    /// Folder of derivatives, with one folder per subject
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Use only these subjects, without sub- [default: all]
    #[arg(long, value_name = "LABEL", num_args = 1.., value_parser = lpp_cli::subject)]
    subject: Vec<String>,
    /// Use only this task
    #[arg(long, value_name = "LABEL")]
    task: Option<String>,
    /// Use only this space
    #[arg(long, value_name = "LABEL")]
    space: Option<String>,
    /// Use only this session
    #[arg(long, value_name = "LABEL")]
    session: Option<String>,
    /// Use only this description [default: preproc; surfaces and grayordinates may have none]
    #[arg(long, value_name = "LABEL")]
    desc: Option<String>,
    /// Use only this kind of scans [default: the only one that there is]
    #[arg(long, value_name = "KIND", value_parser = kind())]
    kind: Option<RunKind>,
    #[command(flatten)]
    scans: ScanArgs,
    /// Language of the stories, for studies with several languages
    #[arg(long, value_name = "TAG", value_parser = lpp_cli::language(), hide_possible_values = true)]
    lang: Option<Language>,
    /// Leave stories that a subject lacks out for all subjects
    #[arg(long)]
    allow_missing: bool,
    /// Write words_LANG.csv from the events.tsv of the runs too (needs --lang)
    #[arg(long, value_name = "SOURCE", value_parser = ["events"], requires = "lang")]
    words: Option<String>,
    /// Column of the events with the words [default: word, text and the like, or the only column of text]
    #[arg(long, value_name = "NAME", requires = "words")]
    tier: Option<String>,
    /// Raw data set with the events [default: the one that dataset_description.json names]
    #[arg(long, value_name = "DIR", requires = "words")]
    raw: Option<PathBuf>,
    /// Print the runs or the choice to make, without opening images or writing anything
    #[arg(long)]
    dry_run: bool,
}

fn kind() -> impl TypedValueParser<Value = RunKind> {
    const KINDS: [RunKind; 3] = [RunKind::Volume, RunKind::Surface, RunKind::Cifti];
    let named = |name: String| {
        KINDS
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or("no such kind")
    };
    PossibleValuesParser::new(KINDS.map(RunKind::name)).try_map(named)
}

impl BidsArgs {
    pub(crate) fn run(self, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
        let study = place.open()?;
        let job = self.job(&study, place.force)?;
        let report = if self.dry_run {
            job.list()?
        } else {
            job.run(SOFTWARE)?
        };
        if !report.left_out.is_empty() {
            let named = report.left_out.join(", ");
            lpp_cli::print_line(format!("left out, because a subject lacks them: {named}"))?;
        }
        let words = self.words(&study, &report, place.force)?;
        if self.dry_run && common.json() {
            return lpp_cli::print_json(&serde_json::json!({ "runs": report.runs.runs() }));
        }
        if !common.json() {
            for run in report.runs.runs() {
                lpp_cli::print_line(line(run))?;
            }
        }
        let mut outcomes: Vec<Outcome> = Self::outcome(&job, &report).into_iter().collect();
        if let Some(words) = words {
            let written = words.run(SOFTWARE)?;
            words::print_runs(common, &written)?;
            outcomes.push(words::outcome(&words, &written));
        }
        if self.dry_run {
            Ok(())
        } else {
            lpp_cli::print_outcomes(common, &outcomes)
        }
    }

    fn job(&self, study: &Study, force: bool) -> anyhow::Result<BidsJob> {
        let mut only = self.scans.only.clone();
        for (key, label) in [
            ("task", &self.task),
            ("space", &self.space),
            ("ses", &self.session),
        ] {
            if let Some(label) = label {
                only.push(format!("{key}-{label}").parse::<EntityChoice>()?);
            }
        }
        let only = if only.is_empty() {
            study.config().corpus.only.clone()
        } else {
            only
        };
        let root = std::path::absolute(study.root()).context("cannot find the study (--study)")?;
        Ok(BidsJob {
            folder: self.folder.clone(),
            subjects: self
                .subject
                .iter()
                .map(|label| label.replacen("sub-", "", 1))
                .collect(),
            choice: BidsChoice {
                only,
                desc: self.desc.clone(),
                kind: self.kind,
            },
            lang: self.lang.map(|lang| lang.to_string()).unwrap_or_default(),
            pair_runs: study.config().corpus.pair_runs,
            allow_missing: self.allow_missing,
            output: root.join("runs.csv"),
            force,
        })
    }

    /// The words of the stories, if they are asked for.
    fn words(&self, study: &Study, report: &BidsReport, force: bool) -> anyhow::Result<Option<WordsJob>> {
        let (Some(_), Some(lang)) = (&self.words, self.lang) else {
            return Ok(None);
        };
        let source = EventsSource {
            folder: self.folder.clone(),
            raw: self.raw.clone(),
            column: self.tier.clone(),
        };
        let files = source.files(&report.runs)?;
        Ok((!self.dry_run).then(|| WordsJob {
            files,
            lang: lang.to_string(),
            format: WordFormat::Events,
            tier: self.tier.clone(),
            in_order: true,
            stories: Some(report.runs.stories()),
            output: study.words(lang),
            force,
            ..WordsJob::default()
        }))
    }

    fn outcome(job: &BidsJob, report: &BidsReport) -> Option<Outcome> {
        let runs = report.runs.runs();
        let with = |has: fn(&TableRun) -> bool| runs.iter().filter(|run| has(run)).count();
        let outcome = Outcome::new(&job.output, report.up_to_date?)
            .count("runs", runs.len())
            .count("subjects", report.runs.subjects().len())
            .count("stories", report.runs.stories().len())
            .count("with confounds", with(|run| run.confounds.is_some()))
            .count("with masks", with(|run| run.mask.is_some()))
            .fact("runs", runs, "");
        Some(outcome)
    }
}

/// A run in a line.
fn line(run: &TableRun) -> String {
    let known = |value: Option<String>| value.unwrap_or_default();
    let parts = [
        run.labels(),
        run.kind.name().to_owned(),
        if run.space.is_empty() {
            "no space".to_owned()
        } else {
            format!("space-{}", run.space)
        },
        known(run.n_scans.map(|n| format!("{n} scans"))),
        known(run.tr_s.map(|tr_s| format!("TR {tr_s} s"))),
        known(run.start_s.map(|start_s| format!("from {start_s} s"))),
        if run.confounds.is_some() {
            "confounds"
        } else {
            "no confounds"
        }
        .to_owned(),
        known(run.mask.as_ref().map(|_| "mask".to_owned())),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("{}: {}", parts.join(", "), run.path.display())
}
