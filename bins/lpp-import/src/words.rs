//! `lpp-import words`.

use std::path::PathBuf;

use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_import::{RunOf, RunOfWords, Unit, WordFormat, WordsJob, WordsReport};

use lpp_steps::Choice;
use lpp_study::Language;

use crate::place::{Place, SOFTWARE, listed_stories};

/// Writes words_LANG.csv from words with times
///
/// Reads tables (CSV, TSV), events of BIDS, TextGrid files of Praat, JSON of speech-to-text programs and aligners, and
/// subtitles (SRT, VTT). Each file is a run, or a column tells the run. If the study has a runs.csv, files or values are
/// matched with its stories by name.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct WordsArgs {
    /// Files of words
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Language of the words: a tag such as en, de or pt-BR
    #[arg(long, value_name = "TAG", value_parser = lpp_cli::language(), hide_possible_values = true)]
    lang: Language,
    /// Format of the files
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = lpp_cli::choice::<WordFormat>())]
    format: WordFormat,
    /// Unit of times: auto (from the format, the names of columns or the pace of the words), s or ms
    #[arg(long, value_name = "UNIT", default_value = "auto", value_parser = unit)]
    unit: Asked,
    /// Tier of a TextGrid, or column of a table, with the words
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// What tells the run: name (the entity run or the last number of the file's name), or a column of the table
    #[arg(long, value_name = "name|COLUMN", default_value = "name")]
    run_of: RunOf,
    /// Give each word of a segment a row, with a share of the segment's time, and words without times a share of the time
    /// between their neighbours
    #[arg(long)]
    spread: bool,
}

/// The unit that is asked for; `None` to find it.
type Asked = Option<Unit>;

fn unit(name: &str) -> Result<Asked, String> {
    let unit = Unit::of_name(name).map(Some);
    unit.or((name == "auto").then_some(None))
        .ok_or_else(|| "expected auto, s or ms".to_owned())
}

impl WordsArgs {
    pub(crate) fn run(self, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
        let study = place.open()?;
        let job = WordsJob {
            stories: listed_stories(&study, self.lang)?,
            output: study.words(self.lang),
            files: self.files,
            lang: self.lang.to_string(),
            format: self.format,
            unit: self.unit,
            tier: self.tier,
            run_of: self.run_of,
            spread: self.spread,
            in_order: false,
            force: place.force,
        };
        let report = job.run(SOFTWARE)?;
        print_runs(common, &report)?;
        lpp_cli::print_outcomes(common, &[outcome(&job, &report)])
    }
}

/// A line for each run, unless the output is JSON.
pub(crate) fn print_runs(common: &CommonArgs, report: &WordsReport) -> anyhow::Result<()> {
    let runs = report.runs.iter().filter(|_| !common.json());
    runs.map(line).try_for_each(lpp_cli::print_line)
}

fn line(run: &RunOfWords) -> String {
    let short = |seconds: f64| (seconds * 1e3).round() / 1e3;
    format!(
        "run {} ({}): {} words from {} s to {} s, longest gap {} s at {} s",
        run.run,
        run.source,
        run.n_words,
        short(run.first_s),
        short(run.last_s),
        short(run.longest_gap_s),
        short(run.gap_at_s)
    )
}

/// What was written, in words and as facts.
pub(crate) fn outcome(job: &WordsJob, report: &WordsReport) -> Outcome {
    let n_words: usize = report.runs.iter().map(|run| run.n_words).sum();
    let n_left_out: usize = report.left_out.values().sum();
    let named = |text: &String| {
        if text.is_empty() {
            "empty".to_owned()
        } else {
            text.clone()
        }
    };
    let kinds: Vec<String> = report.left_out.keys().take(5).map(named).collect();
    let left_out = match n_left_out {
        0 => String::new(),
        n => format!("{n} rows without a word left out ({})", kinds.join(", ")),
    };
    let unit = format!("times in {} ({})", report.unit.name(), report.unit_reason);
    Outcome::new(&job.output, report.up_to_date)
        .count("words", n_words)
        .count("runs", report.runs.len())
        .fact("unit", report.unit, &unit)
        .fact("unit_reason", &report.unit_reason, "")
        .fact("left_out", &report.left_out, &left_out)
        .fact("runs", &report.runs, "")
}
