//! The same results in all languages of a study, side by side.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_files::{Progress, hash_file};
use lpp_steps::Software;
use lpp_study::{Language, Scores, Study};
use lpp_tables::{Atlas, BaselineGroups, Languages, Row, Table};

use crate::cell::Place;
use crate::saved::Origin;
use crate::{Analysis, AnalysisError, AnalysisJob, AnalysisOptions, AnalysisReport, HemisphereRule};

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
        let table = Table::of(&side_by_side(&reports));
        save(&self.study, software, files_of(&reports), table, self.force)
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

/// The files of the tables of all languages.
pub(crate) fn files_of(reports: &BTreeMap<Language, AnalysisReport>) -> impl Iterator<Item = &PathBuf> {
    reports.values().flat_map(|report| &report.files)
}

/// Writes a table over all languages to `results/`, made from some files.
pub(crate) fn save<'a>(
    study: &Study,
    software: Software,
    inputs: impl Iterator<Item = &'a PathBuf>,
    table: Table,
    force: bool,
) -> Result<AnalysisReport, AnalysisError> {
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

fn side_by_side(reports: &BTreeMap<Language, AnalysisReport>) -> Vec<Languages> {
    let number = |lang, place: &Place| {
        let cell = reports.get(&lang).and_then(|report| place.read(report).ok());
        cell.and_then(|cell| cell.number()).unwrap_or(f64::NAN)
    };
    let row = |id: &str, quantity: String, place: Place| Languages {
        id: id.to_owned(),
        quantity,
        en: number(Language::English, &place),
        cn: number(Language::Chinese, &place),
        fr: number(Language::French, &place),
    };
    let mut rows: Vec<Languages> = NUMBERS
        .iter()
        .map(|(id, quantity, table, key, column)| {
            row(id, (*quantity).to_owned(), Place::new(table, key, column))
        })
        .collect();
    for group in names(reports, BaselineGroups::NAME, "group") {
        for (id, what, column) in [
            ("B1", "score", "score_all"),
            ("B1", "score, reliable", "score_reliable"),
            ("B2", "left minus right", "l_minus_r_all"),
            ("B2", "left minus right, reliable", "l_minus_r_reliable"),
        ] {
            let place = Place::new(BaselineGroups::NAME, &format!("group={group}"), column);
            rows.push(row(id, format!("{what}, {group}"), place));
        }
    }
    for parcel in names(reports, Atlas::NAME, "parcel") {
        for (what, column) in [("ISC left minus right", "isc_l_minus_r"), ("p of it", "isc_p")] {
            let place = Place::new(Atlas::NAME, &format!("parcel={parcel}"), column);
            rows.push(row("F2", format!("{what}, {parcel}"), place));
        }
    }
    rows
}

/// The names in a column over all languages, in the order of their first appearance.
fn names(reports: &BTreeMap<Language, AnalysisReport>, table: &str, column: &str) -> Vec<String> {
    let mut names = Vec::new();
    let tables = LANGUAGES
        .iter()
        .filter_map(|lang| reports.get(lang)?.table(table));
    for name in tables.flat_map(|table| table.texts(column)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_tables::declaration;

    #[test]
    fn every_number_is_of_a_column_that_is_declared() {
        for (_, quantity, table, key, column) in NUMBERS {
            let columns = declaration(table).unwrap().columns;
            let (key, _) = key.split_once('=').unwrap();
            for name in [key, column] {
                assert!(
                    columns.iter().any(|column| column.name == name),
                    "{quantity}: {name}"
                );
            }
        }
    }
}
