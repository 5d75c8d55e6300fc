//! The analyses of a study, from its scores to the tables on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_files::{Progress, both_hemispheres};
use lpp_steps::Software;
use lpp_study::{Language, Study};
use lpp_tables::{Row, Table, TableError};

use crate::analyses::Analysis;
use crate::inputs::{Files, Inputs, Source};
use crate::need::Need;
use crate::part::Part;
use crate::saved::Origin;
use crate::{AnalysisError, AnalysisOptions, Brain, HemisphereRule};

/// An analysis of one language of a study.
#[derive(Debug, Clone)]
pub struct AnalysisJob {
    /// The study.
    pub study: Study,
    /// The language.
    pub lang: Language,
    /// Which tables.
    pub analysis: Analysis,
    /// How left is told from right, where the mask allows it: [`Brain::rule`] is what holds, and what the provenance of the
    /// tables names.
    pub hemisphere: HemisphereRule,
    /// The inter-subject correlation, if not the study's own.
    pub isc: Option<PathBuf>,
    /// The mask, if not the study's own.
    pub mask: Option<PathBuf>,
    /// Compute again what is up to date.
    pub force: bool,
    /// What else there is.
    pub options: AnalysisOptions,
}

/// What an analysis made.
#[derive(Debug, Clone, Default)]
pub struct AnalysisReport {
    /// The tables.
    pub tables: Vec<Table>,
    /// The CSV file of each; the Parquet file lies beside it.
    pub files: Vec<PathBuf>,
    /// The maps, as images on the grid of the mask.
    pub maps: Vec<PathBuf>,
    /// Whether they were there already.
    pub up_to_date: bool,
}

impl AnalysisReport {
    /// All tables as one JSON object, rows by table name.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let rows = self
            .tables
            .iter()
            .map(|table| (table.name().to_owned(), table.json_rows()));
        serde_json::Value::Object(rows.collect())
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name() == name)
    }

    /// The rows of a table that the analysis has made.
    ///
    /// # Errors
    /// [`AnalysisError::Table`] if it has not.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, AnalysisError> {
        let missing = || TableError::new(format!("no table {}", R::NAME), "an analysis that makes it");
        Ok(self.table(R::NAME).ok_or_else(missing)?.rows()?)
    }
}

impl AnalysisJob {
    /// The analysis with the paper's hemispheres and the study's own files.
    #[must_use]
    pub fn new(study: Study, lang: Language, analysis: Analysis) -> Self {
        Self {
            study,
            lang,
            analysis,
            hemisphere: HemisphereRule::default(),
            isc: None,
            mask: None,
            force: false,
            options: AnalysisOptions::default(),
        }
    }

    /// Reads the scores, makes the tables and maps, writes them to `results/` with their provenance.
    ///
    /// Tables that were made by this version from the same files are read back instead, unless
    /// `force` is set. A study without inter-subject correlation, baselines, regions, atlas, untrained models or
    /// subjects is analysed as far as it goes: what is not known is an empty cell or a table without rows. Only
    /// the analysis of single subjects does without scores of the average subject.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file that is missing, broken or does not fit the mask.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<AnalysisReport, AnalysisError> {
        let mut parts = self.analysis.parts();
        let needs: Vec<Need> = parts.iter().flat_map(|part| part.needs()).copied().collect();
        let files = Files::of(&self.source(), &needs)?;
        parts.retain(|part| files.isc.is_some() || !part.needs().contains(&Need::Isc));
        let origin = Origin::new(software, self.parameters(&files)?, files.hashes()?);
        if let Some(report) = self.finished(&parts, &origin) {
            return Ok(report);
        }
        for name in names_of(&parts) {
            origin.claim_table(&self.study.table(name, self.lang), self.force)?;
        }
        let inputs = Inputs::new(self.source(), &files, progress)?;
        let mut report = AnalysisReport::default();
        for part in parts {
            let made = part.compute(&inputs)?;
            for map in made.maps {
                let path = self.study.result_map(&map.name, self.lang);
                let files = both_hemispheres(&path);
                files.iter().try_for_each(|file| origin.claim(file, self.force))?;
                map.save(&inputs.average()?.brain, &path)?;
                files.iter().try_for_each(|file| origin.stamp(file))?;
                report.maps.extend(files);
            }
            report.tables.extend(made.tables);
        }
        for table in &report.tables {
            let stem = self.study.table(table.name(), self.lang);
            report.files.push(origin.save_table(table, &stem)?);
        }
        Ok(report)
    }

    fn source(&self) -> Source<'_> {
        Source {
            study: &self.study,
            lang: self.lang,
            hemisphere: self.hemisphere,
            isc: self.isc.as_ref(),
            mask: self.mask.as_ref(),
            options: &self.options,
        }
    }

    /// The results on the disk, if all of them were made by this version from these inputs.
    fn finished(&self, parts: &[&'static dyn Part], origin: &Origin) -> Option<AnalysisReport> {
        if self.force {
            return None;
        }
        let mut report = AnalysisReport {
            up_to_date: true,
            ..AnalysisReport::default()
        };
        for name in names_of(parts) {
            let (table, csv) = origin.load_table(name, &self.study.table(name, self.lang))?;
            if name.ends_with("_maps") {
                let maps: Vec<PathBuf> = table
                    .texts("map")
                    .iter()
                    .flat_map(|name| both_hemispheres(&self.study.result_map(name, self.lang)))
                    .collect();
                maps.iter().all(|map| origin.made(map)).then_some(())?;
                report.maps.extend(maps);
            }
            report.tables.push(table);
            report.files.push(csv);
        }
        Some(report)
    }

    fn parameters(&self, files: &Files) -> Result<BTreeMap<String, serde_json::Value>, AnalysisError> {
        let mut parameters: BTreeMap<String, serde_json::Value> = [
            ("hemisphere".to_owned(), self.rule(files)?.to_string().into()),
            ("layers".to_owned(), self.options.layers.to_string().into()),
            ("seed".to_owned(), self.options.seed.into()),
            // How the best layers and models are chosen: tables of another rule are made again.
            ("best_by".to_owned(), "reliable voxels".into()),
            ("sidecars_sha256".to_owned(), files.sidecar_facts()?.into()),
        ]
        .into();
        for subject in &files.subjects {
            let rule = Brain::of_subject(&subject.mask, self.hemisphere)?.rule();
            if rule != self.hemisphere {
                parameters.insert(format!("hemisphere_{}", subject.name), rule.to_string().into());
            }
        }
        Ok(parameters)
    }

    /// How left is told from right in the mask of the average subject.
    fn rule(&self, files: &Files) -> Result<HemisphereRule, AnalysisError> {
        if files.scores.is_empty() {
            return Ok(self.hemisphere);
        }
        Ok(Brain::load(&files.mask, None, self.hemisphere)?.rule())
    }
}

/// Names of the tables that parts make, in order.
fn names_of<'a>(parts: &'a [&'static dyn Part]) -> impl Iterator<Item = &'static str> + 'a {
    parts.iter().flat_map(|part| part.tables()).copied()
}
