//! From the tables of a study to its figures and its page.

use std::path::{Path, PathBuf};

use lpp_study::{Language, Progress, Provenance, Software, Step, Study, write_atomically};

use crate::ReportError;
use crate::figures::{self, BrainMap, Figure};
use crate::highlights::highlights;
use crate::maps::{MapAtlas, Source, mirrors};
use crate::page::{Facts, Page, viewer_data};
use crate::report_tables::ReportTables;
use lpp_analysis::{Brain, HemisphereRule, ModelScores, Table};

/// Tables with more rows than this are left to their files: a page of 200 models must stay readable.
const MOST_ROWS: usize = 2000;

/// A report of one language of a study.
#[derive(Debug, Clone)]
pub struct ReportJob {
    /// The study.
    pub study: Study,
    /// The language.
    pub lang: Language,
    /// The page, if not the study's `report/report.html`.
    pub output: Option<PathBuf>,
    /// The folder of the figures, if not the study's own.
    pub figures: Option<PathBuf>,
    /// The mask, if not the study's own.
    pub mask: Option<PathBuf>,
    /// Make again what is up to date.
    pub force: bool,
}

/// What a report made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportFiles {
    /// The page.
    pub page: PathBuf,
    /// The figures.
    pub figures: Vec<PathBuf>,
    /// Whether the page was there already, made from the same inputs.
    pub up_to_date: bool,
}

impl ReportJob {
    /// Draws the figures and writes the page.
    ///
    /// # Errors
    /// [`ReportError::MissingResult`] naming the command to run if the tables are not there, other
    /// errors naming the file that is broken.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<ReportFiles, ReportError> {
        let tables = ReportTables::load(&self.study, self.lang)?;
        let provenance = Provenance::load(&tables.path("summary"))?;
        let page = self.output.clone().unwrap_or_else(|| self.study.report());
        let step = self.step(software, &page, &tables, &provenance)?;
        let folder = self.figures.clone().unwrap_or_else(|| self.study.figures_dir());
        if !self.force && step.is_current() {
            return Ok(ReportFiles {
                page,
                figures: Vec::new(),
                up_to_date: true,
            });
        }
        progress.start("drawing figures", 3);
        let mut figures = table_figures(&tables);
        progress.advance(1);
        figures.extend(self.brain_figures(&tables, &provenance)?);
        progress.advance(1);
        let maps = self.maps(&tables, &provenance)?;
        progress.advance(1);
        progress.finish();
        let mut files = Vec::new();
        for figure in &figures {
            let file = folder.join(format!("{}_{}.svg", figure.id, self.lang));
            write_atomically(&file, figure.svg.as_bytes())?;
            files.push(file);
        }
        let html = self
            .page(software, &tables, &figures, &provenance, maps)?
            .to_html();
        write_atomically(&page, html.as_bytes())?;
        step.finish()?;
        Ok(ReportFiles {
            page,
            figures: files,
            up_to_date: false,
        })
    }

    fn mask_path(&self) -> PathBuf {
        self.mask.clone().unwrap_or_else(|| self.study.mask(self.lang))
    }

    fn step(
        &self,
        software: Software,
        page: &Path,
        tables: &ReportTables,
        provenance: &Provenance,
    ) -> Result<Step, ReportError> {
        let mut step = Step::new(software, page).input(&self.mask_path())?;
        for path in tables.paths().into_iter().chain(self.isc_path()) {
            step = step.input(&path)?;
        }
        for model in tables.models() {
            let path = self.study.scores(&model, self.lang);
            step = step.input(&path)?;
            let hash = step.inputs().last().map(|input| &input.sha256);
            if !provenance.inputs.iter().any(|input| Some(&input.sha256) == hash) {
                let command = tables.command();
                return Err(ReportError::StaleResult { path, command });
            }
        }
        Ok(step)
    }

    fn isc_path(&self) -> Option<PathBuf> {
        Some(self.study.isc(self.lang)).filter(|path| path.exists())
    }

    /// What the viewer of the page shows: the maps of all models, and the numbers that belong to them.
    fn maps(&self, tables: &ReportTables, provenance: &Provenance) -> Result<serde_json::Value, ReportError> {
        let brain = Brain::load(&self.mask_path(), self.isc_path().as_deref(), rule_of(provenance))?;
        let sources: Vec<Source> = tables
            .models()
            .into_iter()
            .map(|model| Source {
                scores: self.study.scores(&model, self.lang),
                best_layer: tables.best_layer(&model),
                model,
            })
            .collect();
        let atlas = MapAtlas::pack(&sources, &brain)?;
        Ok(viewer_data(&atlas, &brain, tables))
    }

    /// Glass brains: reliability, and the scores of the smallest and the largest model.
    fn brain_figures(
        &self,
        tables: &ReportTables,
        provenance: &Provenance,
    ) -> Result<Vec<Figure>, ReportError> {
        let brain = Brain::load(&self.mask_path(), self.isc_path().as_deref(), rule_of(provenance))?;
        let mut maps = Vec::new();
        if let (Some(isc), Some(reliable)) = (brain.isc(), brain.reliable()) {
            maps.push(BrainMap {
                id: "isc".to_owned(),
                title: format!(
                    "Inter-subject correlation above its 75th percentile, {:.2}",
                    reliable.threshold
                ),
                value_name: "correlation".to_owned(),
                values: isc.to_vec(),
                threshold: reliable.threshold,
            });
        }
        let names = tables.get("scaling").texts("model");
        let mut chosen: Vec<&String> = names.first().into_iter().chain(names.last()).collect();
        chosen.dedup();
        for name in chosen.into_iter().rev() {
            let model = ModelScores::load(&self.study.scores(name, self.lang), &brain)?;
            maps.push(score_map(name, &model.best));
            maps.push(asymmetry_map(name, &model.best, &brain));
        }
        Ok(maps.iter().map(|map| map.figure(&brain)).collect())
    }

    fn page<'a>(
        &self,
        software: Software,
        tables: &'a ReportTables,
        figures: &'a [Figure],
        provenance: &'a Provenance,
        maps: serde_json::Value,
    ) -> Result<Page<'a>, ReportError> {
        let rois = tables.get("rois_voxel_slopes").texts("roi");
        let long = |table: &&Table| table.n_rows() > MOST_ROWS;
        Ok(Page {
            title: format!("Brain scores of language models, {}", language_name(self.lang)),
            summary: tables.get("summary"),
            highlights: highlights(tables),
            maps,
            figures,
            tables: tables.shown().filter(|table| !long(table)).collect(),
            left_out: tables
                .shown()
                .filter(long)
                .map(|table| (table.name().to_owned(), table.n_rows()))
                .collect(),
            hemisphere: rule_of(provenance),
            facts: Facts::load(&self.study, self.lang, &tables.models(), &rois)?,
            provenance,
            software,
        })
    }
}

fn table_figures(tables: &ReportTables) -> Vec<Figure> {
    let scaling = tables.get("scaling");
    [
        figures::scaling(scaling),
        figures::lateralization(tables.get("lateralization")),
        figures::layers(tables.get("layers")),
        figures::baselines(tables.get("baseline_groups"), scaling),
        figures::rois(tables.get("rois_voxel_slopes")),
    ]
    .concat()
}

fn score_map(model: &str, best: &[f64]) -> BrainMap {
    BrainMap {
        id: format!("map_{}", file_stem(model)),
        title: format!("Brain score of {model}"),
        value_name: "correlation".to_owned(),
        values: best.to_vec(),
        threshold: 0.0,
    }
}

/// Left minus right at mirrored voxels, on the left; what is negative is not drawn.
fn asymmetry_map(model: &str, best: &[f64], brain: &Brain) -> BrainMap {
    let places = brain.mask().world_coordinates();
    let x_mm: Vec<f64> = places.iter().map(|place| place[0]).collect();
    BrainMap {
        id: format!("map_l_minus_r_{}", file_stem(model)),
        title: format!("Left above right: brain score of {model} minus that of the mirrored voxel"),
        value_name: "difference".to_owned(),
        values: figures::mirror_difference(best, &x_mm, &mirrors(&places)),
        threshold: 0.0,
    }
}

/// A model's name as part of a file name.
fn file_stem(model: &str) -> String {
    model
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

/// How the tables' left was told from right; an unknown rule is the paper's.
fn rule_of(provenance: &Provenance) -> HemisphereRule {
    provenance
        .parameters
        .get("hemisphere")
        .and_then(|rule| rule.as_str()?.parse().ok())
        .unwrap_or_default()
}

fn language_name(lang: Language) -> &'static str {
    match lang {
        Language::English => "English",
        Language::French => "French",
        Language::Chinese => "Chinese",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stay_in_their_folder() {
        assert_eq!(file_stem("org/../model 7b"), "org_.._model_7b");
    }
}
