//! Ours beside what the notebooks of the paper printed.

use std::collections::BTreeMap;

use lpp_files::Progress;
use lpp_steps::Software;
use lpp_study::Language;

use crate::cell::Cell;
use crate::languages::{LanguagesJob, save};
use crate::{AnalysisError, AnalysisReport, Published, Table, published_numbers};

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
        let table = beside(&published_numbers()?, &reports)?;
        save(
            &self.languages.study,
            software,
            &reports,
            table,
            self.languages.force,
        )
    }
}

fn beside(
    numbers: &[Published],
    reports: &BTreeMap<Language, AnalysisReport>,
) -> Result<Table, AnalysisError> {
    let ours: Vec<Result<Cell, String>> = numbers
        .iter()
        .map(|number| match reports.get(&number.lang) {
            Some(report) => number.place.read(report),
            None => Err(format!("the study has no scores of {}", number.lang)),
        })
        .collect();
    let rows = || numbers.iter().zip(&ours);
    let text = |number: &Published, ours: &Result<Cell, String>| match ours {
        Ok(Cell::Text(ours)) => ours.clone(),
        // As many digits as were printed, and three more.
        Ok(Cell::Number(ours)) if number.published.contains('e') => format!("{ours:.4e}"),
        Ok(Cell::Number(ours)) => {
            let digits = number
                .published
                .split_once('.')
                .map_or(0, |(_, digits)| digits.len() + 3);
            format!("{ours:.digits$}")
        }
        Err(_) => String::new(),
    };
    let difference =
        |number: &Published, ours: &Result<Cell, String>| match (number.published.parse::<f64>(), ours) {
            (Ok(printed), Ok(Cell::Number(ours))) => ours - printed,
            (..) => f64::NAN,
        };
    Table::new("compare")
        .text("id", numbers.iter().map(|n| n.id.as_str()))?
        .text("language", numbers.iter().map(|n| n.lang.code()))?
        .text("voxels", numbers.iter().map(|n| n.voxels.as_str()))?
        .text("quantity", numbers.iter().map(|n| n.quantity.as_str()))?
        .text("published", numbers.iter().map(|n| n.published.as_str()))?
        .text("ours", rows().map(|(number, ours)| text(number, ours)))?
        .number(
            "difference",
            rows().map(|(number, ours)| difference(number, ours)),
        )?
        .text(
            "agrees",
            rows().map(|(number, ours)| match ours {
                Ok(ours) if number.agrees_with(ours) => "yes",
                Ok(_) => "no",
                Err(_) => "",
            }),
        )?
        .text(
            "note",
            ours.iter()
                .map(|ours| ours.as_ref().err().map_or("", String::as_str)),
        )
}
