//! `lpp-import features`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use lpp_cli::{CommonArgs, Outcome};
use lpp_files::WordTable;
use lpp_import::{FeaturesJob, RowsAre};
use lpp_study::{Language, RunsTable, Study};

use crate::place::{Place, SOFTWARE, listed_stories};

/// Writes features of words or scans as activations of the study
///
/// Reads NumPy arrays (.npy, .npz), tables (.csv, .tsv, .parquet), HDF5 and safetensors. Each array and each table is a run.
/// An .npz or HDF5 file holds arrays run-R or run-R/layer-L, counted from 0; HDF5 may also have a dataset per story, or
/// X_train, X_test and run_onsets. lpp-fit --model NAME fits them.
#[expect(
    clippy::doc_markdown,
    reason = "these comments are the help text, where backticks would show"
)]
#[derive(Debug, Args)]
pub(crate) struct FeaturesArgs {
    /// Files of features
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Name of the features, as that of a model
    #[arg(long, value_name = "NAME", value_parser = lpp_cli::model)]
    name: String,
    /// What the rows are
    #[arg(long, value_name = "ROWS", value_parser = lpp_cli::choice::<RowsAre>())]
    rows: RowsAre,
    /// Language of the words: a tag such as en, de or pt-BR
    #[arg(long, value_name = "TAG", value_parser = lpp_cli::language(), hide_possible_values = true)]
    lang: Language,
    /// Axis of the layers in arrays of three axes, from 0; the others are rows and features
    #[arg(long, value_name = "AXIS", value_parser = clap::value_parser!(u8).range(0..3))]
    layer_axis: Option<u8>,
}

impl FeaturesArgs {
    pub(crate) fn run(self, place: &Place, common: &CommonArgs) -> anyhow::Result<()> {
        let study = place.open()?;
        ensure!(
            !self.name.contains('/'),
            "found the name {:?}, expected one without a slash (--name)",
            self.name
        );
        let words = (self.rows == RowsAre::Words)
            .then(|| WordTable::load(&study.words(self.lang)))
            .transpose()?;
        let job = FeaturesJob {
            n_rows: match &words {
                Some(table) => Some((words_of_runs(table), study.words(self.lang))),
                None => known_scans(&study, self.lang)?,
            },
            words_sha256: words.as_ref().map(WordTable::sha256),
            stories: listed_stories(&study, self.lang)?,
            output: study.activations(&self.name, self.lang),
            files: self.files,
            name: self.name,
            lang: self.lang.to_string(),
            rows: self.rows,
            layer_axis: self.layer_axis.map(usize::from),
            force: place.force,
        };
        let report = job.run(SOFTWARE)?;
        let outcome = Outcome::new(&job.output, report.up_to_date)
            .count("runs", report.n_rows.len())
            .count("layers", report.n_features.len())
            .count("rows", report.n_rows.iter().sum())
            .fact("n_features", &report.n_features, &widths(&report.n_features));
        lpp_cli::print_outcomes(common, &[outcome])
    }
}

/// The number of features, which is usually that of every layer.
fn widths(n_features: &[usize]) -> String {
    match (n_features.iter().min(), n_features.iter().max()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most} features"),
        (Some(n), _) => format!("{n} features"),
        _ => String::new(),
    }
}

fn words_of_runs(table: &WordTable) -> Vec<usize> {
    (0..table.n_runs()).map(|run| table.run(run).len()).collect()
}

/// Scans of each run if all subjects have the same number, and the file that says so.
fn known_scans(study: &Study, lang: Language) -> anyhow::Result<Option<(Vec<usize>, PathBuf)>> {
    let path = study.runs_table();
    if !path.exists() {
        return Ok(None);
    }
    let runs = RunsTable::load(&path)?.of_language(lang.code());
    let of_story = |story: &String| {
        let mut found = runs
            .runs()
            .iter()
            .filter(|run| runs.story_of(run) == *story)
            .map(|run| run.n_scans);
        let first = found.next().flatten();
        first.filter(|_| found.all(|n_scans| n_scans == first))
    };
    let n_scans: Option<Vec<usize>> = runs.stories().iter().map(of_story).collect();
    Ok(n_scans
        .filter(|n_scans| !n_scans.is_empty())
        .map(|n_scans| (n_scans, path)))
}
