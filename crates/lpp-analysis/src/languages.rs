//! The same results in all languages of a study, side by side.

use std::collections::BTreeMap;

use lpp_files::{Progress, hash_file};
use lpp_steps::Software;
use lpp_study::{Language, Scores, Study};

use crate::cell::{Cell, Place};
use crate::saved::Origin;
use crate::{Analysis, AnalysisError, AnalysisJob, AnalysisOptions, AnalysisReport, HemisphereRule, Table};

/// All languages in the order of the columns.
const LANGUAGES: [Language; 3] = [Language::English, Language::Chinese, Language::French];

/// The numbers that the paper gives for other languages than English: row of the list of results, what, where.
const NUMBERS: [(&str, &str, &str, &str, &str); 15] = [
    (
        "N1",
        "voxels in the mask",
        "summary",
        "quantity=n_voxels",
        "value",
    ),
    ("N2", "reliable voxels", "summary", "quantity=n_reliable", "value"),
    (
        "N2",
        "reliable voxels, left",
        "summary",
        "quantity=n_reliable_left",
        "value",
    ),
    (
        "N2",
        "reliable voxels, right",
        "summary",
        "quantity=n_reliable_right",
        "value",
    ),
    ("F1", "largest ISC", "summary", "quantity=isc_max", "value"),
    (
        "F1",
        "75th percentile of ISC",
        "summary",
        "quantity=isc_percentile_75",
        "value",
    ),
    (
        "S1",
        "models",
        "scaling_regression",
        "outcome=score_all",
        "n_models",
    ),
    (
        "S1",
        "score on ln(parameters), r",
        "scaling_regression",
        "outcome=score_all",
        "r",
    ),
    (
        "S1",
        "score on ln(parameters), p",
        "scaling_regression",
        "outcome=score_all",
        "p",
    ),
    (
        "S1",
        "score on ln(parameters), reliable, r",
        "scaling_regression",
        "outcome=score_reliable",
        "r",
    ),
    (
        "S1",
        "score on ln(parameters), reliable, p",
        "scaling_regression",
        "outcome=score_reliable",
        "p",
    ),
    (
        "A3",
        "left minus right on ln(parameters), reliable, slope",
        "lateralization_regression",
        "outcome=l_minus_r_reliable",
        "slope_per_ln_parameter",
    ),
    (
        "A3",
        "left minus right on ln(parameters), reliable, r",
        "lateralization_regression",
        "outcome=l_minus_r_reliable",
        "r",
    ),
    (
        "A3",
        "left minus right on ln(parameters), reliable, p",
        "lateralization_regression",
        "outcome=l_minus_r_reliable",
        "p",
    ),
    (
        "A1",
        "left minus right on ln(parameters), r",
        "lateralization_regression",
        "outcome=l_minus_r_all",
        "r",
    ),
];

/// The analysis of every language that a study has scores of.
#[derive(Debug, Clone)]
pub struct LanguagesJob {
    /// The study.
    pub study: Study,
    /// How left is told from right.
    pub hemisphere: HemisphereRule,
    /// Layers and seed; paths are those of the study, which has one file per language.
    pub options: AnalysisOptions,
    /// Compute again what is up to date.
    pub force: bool,
}

impl LanguagesJob {
    /// Runs all analyses of each language, then writes `results/languages.csv`: one row per number, one column
    /// per language, an empty cell where a language has no such number.
    ///
    /// # Errors
    /// As [`AnalysisJob::run`]; [`AnalysisError::File`] if there are scores of no language.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<AnalysisReport, AnalysisError> {
        let reports = self.reports(software, progress)?;
        let table = side_by_side(&reports)?;
        save(&self.study, software, &reports, table, self.force)
    }

    /// The report of each language that has scores.
    pub(crate) fn reports(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<BTreeMap<Language, AnalysisReport>, AnalysisError> {
        let folder = self.study.scores_dir();
        let found: Vec<Language> = LANGUAGES
            .into_iter()
            .filter(|&lang| Scores::list(&folder, lang).is_ok())
            .collect();
        if found.is_empty() {
            // The error for English says what is missing.
            Scores::list(&folder, Language::English)?;
        }
        found
            .into_iter()
            .map(|lang| {
                let job = AnalysisJob {
                    hemisphere: self.hemisphere,
                    options: self.options.clone(),
                    force: self.force,
                    ..AnalysisJob::new(self.study.clone(), lang, Analysis::All)
                };
                Ok((lang, job.run(software, progress)?))
            })
            .collect()
    }
}

/// Writes a table over all languages to `results/`, made from the tables of the reports.
pub(crate) fn save(
    study: &Study,
    software: Software,
    reports: &BTreeMap<Language, AnalysisReport>,
    table: Table,
    force: bool,
) -> Result<AnalysisReport, AnalysisError> {
    let inputs = reports.values().flat_map(|report| &report.files);
    let inputs = inputs.map(|file| hash_file(file)).collect::<Result<_, _>>()?;
    let stem = study
        .table(table.name(), Language::English)
        .with_file_name(table.name());
    let origin = Origin::new(software, BTreeMap::new(), inputs);
    origin.claim_table(&stem, force)?;
    let file = origin.save_table(&table, &stem)?;
    Ok(AnalysisReport {
        tables: vec![table],
        files: vec![file],
        maps: Vec::new(),
        up_to_date: false,
    })
}

/// One number in each language.
struct Row {
    id: String,
    quantity: String,
    values: [f64; LANGUAGES.len()],
}

fn side_by_side(reports: &BTreeMap<Language, AnalysisReport>) -> Result<Table, AnalysisError> {
    let row = |id: &str, quantity: &str, place: &Place| Row {
        id: id.to_owned(),
        quantity: quantity.to_owned(),
        values: LANGUAGES.map(|lang| number(reports.get(&lang), place)),
    };
    let mut rows: Vec<Row> = NUMBERS
        .iter()
        .map(|(id, quantity, table, key, column)| row(id, quantity, &Place::new(table, key, column)))
        .collect();
    for group in names(reports, "baseline_groups", "group") {
        for (id, what, column) in [
            ("B1", "score", "score_all"),
            ("B1", "score, reliable", "score_reliable"),
            ("B2", "left minus right", "l_minus_r_all"),
            ("B2", "left minus right, reliable", "l_minus_r_reliable"),
        ] {
            let place = Place::new("baseline_groups", &format!("group={group}"), column);
            rows.push(row(id, &format!("{what}, {group}"), &place));
        }
    }
    for parcel in names(reports, "atlas", "parcel") {
        for (what, column) in [("ISC left minus right", "isc_l_minus_r"), ("p of it", "isc_p")] {
            let place = Place::new("atlas", &format!("parcel={parcel}"), column);
            rows.push(row("F2", &format!("{what}, {parcel}"), &place));
        }
    }
    let table = Table::new("languages")
        .text("id", rows.iter().map(|row| row.id.as_str()))?
        .text("quantity", rows.iter().map(|row| row.quantity.as_str()))?;
    LANGUAGES.iter().enumerate().try_fold(table, |table, (i, lang)| {
        table.number(lang.code(), rows.iter().map(|row| row.values[i]))
    })
}

fn number(report: Option<&AnalysisReport>, place: &Place) -> f64 {
    match report.map(|report| place.read(report)) {
        Some(Ok(Cell::Number(value))) => value,
        _ => f64::NAN,
    }
}

/// The names in a column over all languages, in the order of their first appearance.
fn names(reports: &BTreeMap<Language, AnalysisReport>, table: &str, column: &str) -> Vec<String> {
    let mut names = Vec::new();
    for lang in LANGUAGES {
        let found = reports.get(&lang).and_then(|report| report.table(table));
        for name in found.map(|table| table.plain_texts(column)).unwrap_or_default() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}
