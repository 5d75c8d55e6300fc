//! Single subjects, each with a mask of its own.

use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_stats::{MeanScore, VoxelSet};
use lpp_study::{Language, Scores, Study};
use rayon::prelude::*;

use crate::lateralization::{sides_of, upper_decile};
use crate::regression::{SimpleRegression, log_parameters, with_regressions};
use crate::{AnalysisError, Brain, HemisphereRule, LayerRule, ModelInfoTable, ModelScores, Table};

/// Names of the tables made here.
pub(crate) const TABLES: [&str; 2] = ["individuals", "individuals_regression"];

/// A way to sum up one subject's scores of one model.
const MEASURES: [&str; 8] = [
    "score_all",
    "score_percentile_90",
    "left_all",
    "right_all",
    "l_minus_r_all",
    "left_percentile_90",
    "right_percentile_90",
    "l_minus_r_percentile_90",
];

/// The files of one subject.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Name, as of its folder: `sub-EN057`.
    pub(crate) name: String,
    /// Its mask.
    pub(crate) mask: PathBuf,
    /// Its score files.
    pub(crate) scores: Vec<PathBuf>,
}

impl Subject {
    /// The subjects that have scores in a language, by name; none if there is no folder of scores.
    pub(crate) fn all(study: &Study, lang: Language) -> Result<Vec<Self>, AnalysisError> {
        let folder = study.scores_dir();
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut subjects = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(read_error(&folder))? {
            let path = entry.map_err(read_error(&folder))?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if !(path.is_dir() && name.starts_with("sub-")) {
                continue;
            }
            // A folder may hold another language only.
            if let Ok(scores) = Scores::list(&path, lang) {
                subjects.push(Self {
                    name: name.to_owned(),
                    mask: study.subject_mask(name),
                    scores,
                });
            }
        }
        subjects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(subjects)
    }

    /// Reads the scores of the trained models, by size, and reduces them.
    fn rows(
        &self,
        rule: HemisphereRule,
        layers: LayerRule,
        info: &ModelInfoTable,
    ) -> Result<Vec<Row>, AnalysisError> {
        let brain = Brain::of_subject(&self.mask, rule)?;
        let mut models = self
            .scores
            .par_iter()
            .map(|path| ModelScores::of_layers(path, &brain, layers))
            .collect::<Result<Vec<_>, _>>()?;
        models.retain(ModelScores::is_trained);
        info.apply(&mut models);
        models.sort_by(|a, b| (a.info.n_parameters, a.name()).cmp(&(b.info.n_parameters, b.name())));
        let models: Vec<&ModelScores> = models.iter().collect();
        let size = log_parameters(&models);
        let all = sides_of("all", &brain, &models)?;
        let decile = sides_of("percentile_90", &brain, &models)?;
        let everything = VoxelSet::all(brain.n_voxels());
        models
            .iter()
            .enumerate()
            .map(|(i, model)| {
                Ok(Row {
                    subject: self.name.clone(),
                    model: model.name().to_owned(),
                    family: model.family(),
                    n_parameters: model.info.n_parameters,
                    ln_parameters: size[i],
                    n_voxels: brain.n_voxels(),
                    values: [
                        MeanScore::of(&model.best).mean,
                        upper_decile(&model.best, &everything)?,
                        all[i].0,
                        all[i].1,
                        all[i].0 - all[i].1,
                        decile[i].0,
                        decile[i].1,
                        decile[i].0 - decile[i].1,
                    ],
                })
            })
            .collect()
    }
}

/// One model in one subject.
struct Row {
    subject: String,
    model: String,
    family: String,
    n_parameters: Option<u64>,
    ln_parameters: f64,
    n_voxels: usize,
    values: [f64; 8],
}

/// One row per subject and trained model; per subject the growth of each measure with size.
pub(crate) fn tables(
    subjects: &[Subject],
    rule: HemisphereRule,
    layers: LayerRule,
    info: &ModelInfoTable,
) -> Result<Vec<Table>, AnalysisError> {
    let mut rows = Vec::new();
    for subject in subjects {
        rows.extend(subject.rows(rule, layers, info)?);
    }
    Ok(vec![score_table(&rows)?, regression_table(&rows)?])
}

fn score_table(rows: &[Row]) -> Result<Table, AnalysisError> {
    let table = Table::new("individuals")
        .text("subject", rows.iter().map(|row| row.subject.as_str()))?
        .text("model", rows.iter().map(|row| row.model.as_str()))?
        .text("family", rows.iter().map(|row| row.family.as_str()))?
        .count(
            "n_parameters",
            rows.iter()
                .map(|row| row.n_parameters.and_then(|n| i64::try_from(n).ok())),
        )?
        .count(
            "n_voxels",
            rows.iter().map(|row| i64::try_from(row.n_voxels).ok()),
        )?;
    MEASURES.iter().enumerate().try_fold(table, |table, (i, name)| {
        table.number(name, rows.iter().map(|row| row.values[i]))
    })
}

fn regression_table(rows: &[Row]) -> Result<Table, AnalysisError> {
    let (mut keys, mut fits) = (Vec::new(), Vec::new());
    for own in rows.chunk_by(|a, b| a.subject == b.subject) {
        let size: Vec<f64> = own.iter().map(|row| row.ln_parameters).collect();
        for (i, measure) in MEASURES.iter().enumerate() {
            let values: Vec<f64> = own.iter().map(|row| row.values[i]).collect();
            keys.push((own[0].subject.as_str(), *measure));
            fits.push(SimpleRegression::of(&size, &values));
        }
    }
    let table = Table::new("individuals_regression")
        .text("subject", keys.iter().map(|key| key.0))?
        .text("outcome", keys.iter().map(|key| key.1))?;
    with_regressions(table, "n_models", "slope_per_ln_parameter", &fits)
}

fn read_error(folder: &Path) -> impl Fn(std::io::Error) -> FileError {
    let path = folder.to_owned();
    move |source| FileError::Read {
        path: path.clone(),
        source,
    }
}
