//! Ours beside what the notebooks of the paper printed.

use std::collections::BTreeMap;

use lpp_files::Progress;
use lpp_steps::Software;
use lpp_study::Language;
use lpp_tables::{Cell, Compare, Table};

use crate::languages::{LanguagesJob, files_of, save};
use crate::{AnalysisError, AnalysisReport, Published, published_numbers};

/// The comparison of a study with the paper.
#[derive(Debug, Clone)]
pub struct CompareJob {
    /// The analyses that it is made of.
    pub languages: LanguagesJob,
}

impl CompareJob {
    /// Runs all analyses of each language, then writes `results/compare.csv`: one row per printed number.
    ///
    /// `difference` is ours minus the printed one; `agrees` is `yes` if ours rounds to the printed digits, `no` if not;
    /// where the study has no such number the cells are empty and `note` says why.
    ///
    /// # Errors
    /// As [`LanguagesJob::run`].
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<AnalysisReport, AnalysisError> {
        let reports = self.languages.reports(software, progress)?;
        let rows: Vec<Compare> = published_numbers()?
            .iter()
            .map(|number| beside(number, &reports))
            .collect();
        let table = Table::of(&rows);
        let LanguagesJob { study, force, .. } = &self.languages;
        save(study, software, files_of(&reports), table, *force)
    }
}

/// A printed number and ours.
fn beside(number: &Published, reports: &BTreeMap<Language, AnalysisReport>) -> Compare {
    let ours = match reports.get(&number.lang) {
        Some(report) => number.place.read(report),
        None => Err(format!("the study has no scores of {}", number.lang)),
    };
    let difference = match (number.published.parse::<f64>(), &ours) {
        (Ok(printed), Ok(ours)) => ours.number().map_or(f64::NAN, |ours| ours - printed),
        (..) => f64::NAN,
    };
    let agrees = match &ours {
        Ok(ours) if number.agrees_with(ours) => "yes",
        Ok(_) => "no",
        Err(_) => "",
    };
    Compare {
        id: number.id.clone(),
        language: number.lang.code().to_owned(),
        voxels: number.voxels.clone(),
        quantity: number.quantity.clone(),
        published: number.published.clone(),
        ours: ours
            .as_ref()
            .map_or(String::new(), |ours| as_printed(ours, &number.published)),
        difference,
        agrees: agrees.to_owned(),
        note: ours.err().unwrap_or_default(),
    }
}

/// As many digits as were printed, and three more.
fn as_printed(ours: &Cell, published: &str) -> String {
    match ours.number() {
        None => ours.plain(),
        Some(ours) if published.contains('e') => format!("{ours:.4e}"),
        Some(ours) => {
            let digits = published
                .split_once('.')
                .map_or(0, |(_, digits)| digits.len() + 3);
            format!("{ours:.digits$}")
        }
    }
}
