//! Kept weights on other words and scans, next to what a fit to these reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lpp_stats::nan_mean;
use lpp_steps::{Software, TargetSet};
use lpp_study::{
    Language, ModelSource, NestedInfo, Scores, ScoresInfo, Study, SubjectsError, Transfer, beside_scores,
    load_sidecar, sorted_entries,
};
use lpp_tables::{Table, Transfers};
use ndarray::ArrayView1;

use crate::languages::save;
use crate::{AnalysisError, AnalysisReport};

/// All pairs of sources and targets in some studies.
#[derive(Debug, Clone)]
pub struct TransfersJob {
    /// The studies; the table is written to the first one.
    pub studies: Vec<Study>,
    /// Write the table even over a file that another program made.
    pub force: bool,
}

/// A fit to the scans of a study: which one among the studies, and the names of model, language and subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    model: String,
    study: usize,
    lang: Language,
    subject: String,
}

/// The fit to a target itself.
struct Own {
    path: PathBuf,
    scores: Scores,
    /// The layer chosen on inner data, if the fit chose one.
    layer: Option<usize>,
}

/// Scores of weights from elsewhere.
struct Applied {
    target: Target,
    scores: Scores,
    transfer: Transfer,
}

impl TransfersJob {
    /// Reads the transferred scores of all studies and the own scores of sources and targets, and writes
    /// `results/transfer.csv`.
    ///
    /// # Errors
    /// [`AnalysisError::Malformed`] if no study has transferred scores; [`AnalysisError::File`] naming a file that cannot be
    /// read.
    pub fn run(&self, software: Software) -> Result<AnalysisReport, AnalysisError> {
        let mut files = Vec::new();
        for (place, study) in self.studies.iter().enumerate() {
            let of_study = transferred(&study.scores_dir())?;
            files.extend(of_study.into_iter().map(|path| (place, path)));
        }
        let applied = files.iter().map(|(place, path)| Applied::load(*place, path));
        let applied: Vec<Applied> = applied.collect::<Result<_, _>>()?;
        let Some(first) = self.studies.first().filter(|_| !applied.is_empty()) else {
            return Err(AnalysisError::Malformed {
                path: self.studies.first().map_or_else(PathBuf::new, Study::scores_dir),
                found: "no scores in folders transfer-NAME".to_owned(),
                expected: "scores of kept weights (lpp-fit --apply makes them)".to_owned(),
            });
        };
        let own = self.own(&applied)?;
        let mut rows: Vec<Transfers> = own.iter().map(|(target, own)| self.within(target, own)).collect();
        rows.extend(applied.iter().map(|one| {
            let own = own.get(&one.target).map(|own| &own.scores);
            self.across(one, own)
        }));
        rows.sort_by(|a, b| key(a).cmp(&key(b)));
        let own_files = own.values().map(|own| &own.path);
        let inputs: BTreeSet<&PathBuf> = files.iter().map(|(_, path)| path).chain(own_files).collect();
        save(first, software, inputs.into_iter(), Table::of(&rows), self.force)
    }

    /// The own scores of all targets, and of the sources that are among the studies, with the nested layer if it is known.
    fn own(&self, applied: &[Applied]) -> Result<BTreeMap<Target, Own>, AnalysisError> {
        let names: Vec<String> = self.studies.iter().map(ModelSource::name_of).collect();
        let source = |one: &Applied| {
            let from = &one.transfer.source;
            let study = names.iter().position(|name| *name == from.study)?;
            Some(Target {
                model: one.target.model.clone(),
                study,
                lang: from.lang,
                subject: from.subject.clone(),
            })
        };
        let sources = applied.iter().filter_map(source);
        let all: BTreeSet<Target> = applied
            .iter()
            .map(|one| one.target.clone())
            .chain(sources)
            .collect();
        let mut own = BTreeMap::new();
        for target in all {
            let study = &self.studies[target.study];
            let path = if target.subject == TargetSet::AVERAGE {
                study.scores(&target.model, target.lang)
            } else {
                study.subject_scores(&target.subject, &target.model, target.lang)
            };
            if path.exists() {
                let nested = load_sidecar::<NestedInfo>(&beside_scores(&path, "nested"));
                let of_target = Own {
                    scores: Scores::load(&path)?,
                    layer: nested.ok().map(|info| info.layer),
                    path,
                };
                own.insert(target, of_target);
            }
        }
        Ok(own)
    }

    /// The row of a fit to the target itself.
    fn within(&self, target: &Target, own: &Own) -> Transfers {
        let (scores, layer) = (&own.scores, own.layer);
        let mean = |layer: usize| nan_mean(scores.values.row(layer).iter().map(|&r| f64::from(r)));
        let score = layer.map_or(f64::NAN, mean);
        let n_voxels = layer.map_or(0, |layer| {
            scores.values.row(layer).iter().filter(|r| !r.is_nan()).count()
        });
        let study = ModelSource::name_of(&self.studies[target.study]);
        let source = ModelSource {
            study,
            lang: target.lang,
            subject: target.subject.clone(),
            words_sha256: None,
        };
        Transfers {
            layer,
            n_voxels,
            score,
            own_score: score,
            share: layer.map_or(f64::NAN, |_| 1.0),
            ..self.row(&source, target, scores)
        }
    }

    /// The row of weights from elsewhere.
    fn across(&self, one: &Applied, own: Option<&Scores>) -> Transfers {
        let validated = one.transfer.validation_means.iter().enumerate();
        let known = validated.filter_map(|(layer, mean)| Some((layer, (*mean)?)));
        // The first of equals, as NumPy's argmax.
        let layer = known
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map(|(layer, _)| layer);
        let row = self.row(&one.transfer.source, &one.target, &one.scores);
        let Some(layer) = layer else { return row };
        let values = one.scores.values.row(layer);
        let own = own.filter(|own| {
            let alike = own.values.dim() == one.scores.values.dim() && own.info.terms.metric == one.scores.info.terms.metric;
            if !alike {
                tracing::warn!(
                    "{}, {}: the own scores have other layers, voxels or another metric than the transferred ones and are not compared",
                    one.target.model,
                    one.target.lang
                );
            }
            alike
        });
        let (n_voxels, score, own_score) = means(values, own.map(|own| own.values.row(layer)));
        Transfers {
            layer: Some(layer),
            n_voxels,
            score,
            own_score,
            share: score / own_score,
            ..row
        }
    }

    /// Names, and the best layer.
    fn row(&self, source: &ModelSource, target: &Target, scores: &Scores) -> Transfers {
        let means = scores
            .values
            .rows()
            .into_iter()
            .map(|row| nan_mean(row.iter().map(|&r| f64::from(r))));
        let known = means.enumerate().filter(|(_, mean)| !mean.is_nan());
        let best = known.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let metric = serde_json::to_value(scores.info.terms.metric).unwrap_or_default();
        Transfers {
            model: target.model.clone(),
            source_study: source.study.clone(),
            source_lang: source.lang.to_string(),
            source_subject: source.subject.clone(),
            target_study: ModelSource::name_of(&self.studies[target.study]),
            target_lang: target.lang.to_string(),
            target_subject: target.subject.clone(),
            metric: metric.as_str().unwrap_or_default().to_owned(),
            layer: None,
            n_voxels: 0,
            score: f64::NAN,
            own_score: f64::NAN,
            share: f64::NAN,
            best_layer: best.map(|(layer, _)| layer),
            best_layer_score: best.map_or(f64::NAN, |(_, mean)| mean),
        }
    }
}

impl Applied {
    fn load(study: usize, path: &Path) -> Result<Self, AnalysisError> {
        let scores = Scores::load(path)?;
        let ScoresInfo {
            model, lang, subject, ..
        } = &scores.info;
        let target = Target {
            model: model.clone(),
            study,
            lang: *lang,
            subject: subject.clone(),
        };
        let missing = || AnalysisError::Malformed {
            path: path.with_extension("json"),
            found: "scores of a fit".to_owned(),
            expected: "scores of kept weights in a folder transfer-NAME (lpp-fit --apply)".to_owned(),
        };
        Ok(Self {
            transfer: scores.info.transfer.clone().ok_or_else(missing)?,
            target,
            scores,
        })
    }
}

/// Rows in the order of models, targets, sources.
fn key(row: &Transfers) -> [&str; 7] {
    [
        &row.model,
        &row.target_study,
        &row.target_lang,
        &row.target_subject,
        &row.source_study,
        &row.source_lang,
        &row.source_subject,
    ]
}

/// Number of voxels that have all scores, and the means over them.
fn means(scores: ArrayView1<'_, f32>, own: Option<ArrayView1<'_, f32>>) -> (usize, f64, f64) {
    let own_of = |voxel: usize| own.map(|own| own[voxel]);
    let has_both =
        |(voxel, score): &(usize, &f32)| !score.is_nan() && own_of(*voxel).is_none_or(|own| !own.is_nan());
    let both: Vec<usize> = scores
        .iter()
        .enumerate()
        .filter(has_both)
        .map(|(voxel, _)| voxel)
        .collect();
    let mean = |of: &dyn Fn(usize) -> f32| nan_mean(both.iter().map(|&voxel| f64::from(of(voxel))));
    let own_mean = own.map_or(f64::NAN, |own| mean(&|voxel| own[voxel]));
    (both.len(), mean(&|voxel| scores[voxel]), own_mean)
}

/// The score files in folders `transfer-NAME`, and in those of subjects there.
fn transferred(scores: &Path) -> Result<Vec<PathBuf>, SubjectsError> {
    let entries = |folder: &Path| sorted_entries(folder, |_| true);
    let is_named = |path: &PathBuf, start: &str| {
        path.is_dir()
            && path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(start))
    };
    let mut folders = Vec::new();
    if scores.is_dir() {
        folders.extend(
            entries(scores)?
                .into_iter()
                .filter(|path| is_named(path, "transfer-")),
        );
    }
    for folder in folders.clone() {
        folders.extend(
            entries(&folder)?
                .into_iter()
                .filter(|path| is_named(path, "sub-")),
        );
    }
    let mut files = Vec::new();
    for folder in folders {
        // Additional files have no sidecar of scores.
        let is_score = |path: &PathBuf| {
            path.extension().is_some_and(|e| e == "npy") && path.with_extension("json").exists()
        };
        files.extend(entries(&folder)?.into_iter().filter(is_score));
    }
    Ok(files)
}
