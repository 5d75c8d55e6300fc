//! Weights of one study, language or story on the words and scans of another.

use std::path::{Path, PathBuf};
use std::time::Instant;

use lpp_files::{FileError, Progress, hash_file};
use lpp_fmri::{BrainMask, Hrf};
use lpp_ridge::RidgeError;
use lpp_steps::{Arithmetic, Choice, FitSettings, FitStep, Software, TargetSet};
use lpp_study::{FeatureName, KeptFile, KeptModel, Scores, Transfer};
use ndarray::{Array1, Array2, Axis};

use crate::features::{LayerFeatures, rows_are_scans};
use crate::group::metric_of;
use crate::heard::Heard;
use crate::model_job::{OF_COLUMNS, OF_CONTEXT};
use crate::pieces::Pieces;
use crate::set_fit::SetFit;
use crate::target_set::load_mask;
use crate::weights::Weights;
use crate::{EncodingError, FitJob, FitOutcome};

/// Repetition times count as the same up to this, in s, as where scans are compared with what is said of them.
const SAME_TR_S: f64 = 1e-3;

/// A step that scores the kept model described at `path` instead of fitting: features are made as in its fit, and each run
/// of the words is scored as a whole.
///
/// # Errors
/// [`EncodingError::File`] if the description cannot be read or its response is not known.
pub fn applying(step: FitStep, path: &Path) -> Result<(FitStep, KeptModel), EncodingError> {
    let kept = KeptModel::load(path)?;
    let hrf = kept.terms.hrf.as_deref().map(str::parse::<Hrf>).transpose();
    let hrf = hrf.map_err(|_| {
        let found = kept.terms.hrf.as_deref().unwrap_or_default();
        FileError::malformed(path, format!("the response {found:?}"), Hrf::EXPECTED)
    })?;
    let step = FitStep {
        settings: FitSettings {
            convolve_scans: hrf.is_some(),
            hrf: hrf.unwrap_or_default(),
            metric: kept.terms.metric,
            alpha_scope: kept.terms.alpha_scope,
            ..FitSettings::default()
        },
        alphas: Vec::new(),
        apply: Some(path.to_owned()),
        ..step
    };
    Ok((step, kept))
}

/// The voxels that a model and a set of scans have in common, by their places in each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Common {
    of_model: Vec<usize>,
    of_scans: Vec<usize>,
}

/// Scores of the weights that a step [applies](FitStep::apply), written as those of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferJob {
    /// The words and scans, with a step made by [`applying`].
    pub fit: FitJob,
}

impl TransferJob {
    /// Scores each set, unless its scores are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that differs from the model: other features, another grid, no voxel in common, another
    /// repetition time where the response counts scans.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<Vec<FitOutcome>, EncodingError> {
        let Some(path) = &self.fit.step.apply else {
            return Ok(Vec::new());
        };
        let kept = KeptModel::load(path)?;
        let applied = Applied {
            job: &self.fit,
            path,
            kept: &kept,
        };
        self.fit.write(software, |sets| {
            self.fit.check_runs(sets)?;
            progress.start(
                &format!("applying {}", kept.model),
                (kept.layers.len() * sets.len()) as u64,
            );
            let fits = sets.iter().map(|set| applied.score(set, progress)).collect();
            progress.finish();
            fits
        })
    }
}

/// A kept model on the words of a job.
struct Applied<'a> {
    job: &'a FitJob,
    path: &'a Path,
    kept: &'a KeptModel,
}

impl Applied<'_> {
    fn score(&self, set: &TargetSet, progress: &dyn Progress) -> Result<SetFit, EncodingError> {
        let step = &self.job.step;
        self.refuse_another_source(set)?;
        let heard = Heard::of(set)?;
        let features = self.job.features(&heard.n_scans())?;
        self.check_features(&features)?;
        let common = self.common(set, heard.n_voxels)?;
        let pieces = Pieces::of(&heard, &step.settings, step.trim_scans)?;
        let names = pieces.run_names(&step.story_names);
        let mut y = pieces.targets(&heard)?;
        if let Some(common) = &common {
            y.iter_mut()
                .for_each(|run| *run = run.select(Axis(1), &common.of_scans));
        }
        let mut empty = self.job.empty_scores(set, heard.n_voxels, &names, &features)?;
        empty.info.transfer = Some(Transfer {
            source: self.kept.source.clone(),
            model_sha256: hash_file(self.path)?.sha256,
            validation_means: self
                .kept
                .layers
                .iter()
                .map(|layer| layer.validation_mean)
                .collect(),
            n_common_voxels: common
                .as_ref()
                .map_or(heard.n_voxels, |common| common.of_scans.len()),
        });
        let mut fit = SetFit::new(empty, false, step.keep_folds);
        for layer in 0..self.kept.layers.len() {
            let started = Instant::now();
            let x = features.layer(layer, &pieces)?;
            let scores = self.of_layer(layer, &x, &y, common.as_ref())?;
            let scores = common.as_ref().map_or_else(
                || scores.clone(),
                |common| common.scattered(&scores, heard.n_voxels),
            );
            self.check_scored(set, layer, &scores, &names)?;
            fit.add_scores(
                layer,
                &mean_of_runs(&scores),
                &scores,
                x[0].ncols(),
                started.elapsed().as_secs_f64(),
            );
            progress.advance(1);
        }
        // Voxels without weights were named already.
        let info = &fit.scores.info;
        let n_named = info
            .transfer
            .as_ref()
            .map_or(0, |transfer| info.n_voxels - transfer.n_common_voxels);
        if info.n_nan_voxels.iter().any(|n_nan| *n_nan > n_named) {
            fit.warn();
        }
        Ok(fit)
    }

    /// Refuses to replace scores of other weights: two studies may have one name.
    fn refuse_another_source(&self, set: &TargetSet) -> Result<(), EncodingError> {
        let Ok(there) = Scores::load_info(&set.scores) else {
            return Ok(());
        };
        let same = there
            .transfer
            .is_some_and(|transfer| transfer.source == self.kept.source);
        if same || self.job.force {
            return Ok(());
        }
        let why =
            "it has the scores of other weights; give this one a folder of its own (--variant)".to_owned();
        let path = set.scores.clone();
        Err(FileError::NotOurs { path, why }.into())
    }

    /// Scores of the common voxels in each run, (`n_runs`, `n_common`).
    fn of_layer(
        &self,
        layer: usize,
        x: &[Array2<f64>],
        y: &[Array2<f32>],
        common: Option<&Common>,
    ) -> Result<Array2<f64>, EncodingError> {
        let failed = |source: RidgeError| self.job.failed(layer, source);
        let kept = &self.kept.layers[layer];
        let file = self.unchanged(&kept.weights)?;
        let arithmetic = if self.kept.precision == Arithmetic::Double.name() {
            Arithmetic::Double
        } else {
            Arithmetic::Single
        };
        let mut weights = Weights::load(&file, arithmetic).map_err(EncodingError::Settings)?;
        if weights.shape() != (kept.n_features, self.kept.n_voxels) {
            let expected = format!(
                "{:?} as {} says",
                (kept.n_features, self.kept.n_voxels),
                self.path.display()
            );
            return Err(mismatch(
                &file,
                format!("weights of shape {:?}", weights.shape()),
                expected,
            ));
        }
        if let Some(common) = common {
            weights = weights.select(&common.of_model).map_err(failed)?;
        }
        let metric = metric_of(self.kept.terms.metric);
        let mut scores = Array2::zeros((y.len(), y.first().map_or(0, Array2::ncols)));
        for ((x, y), mut row) in x.iter().zip(y).zip(scores.rows_mut()) {
            row.assign(&weights.score(x, y, metric).map_err(failed)?);
        }
        Ok(scores)
    }

    /// The path of a file of the model, whose contents must be those that were written.
    fn unchanged(&self, file: &KeptFile) -> Result<PathBuf, EncodingError> {
        let path = self.path.with_file_name(&file.file);
        let found = hash_file(&path)?.sha256;
        if found == file.sha256 {
            return Ok(path);
        }
        let expected = format!(
            "{} as {} says (lpp-fit --keep-model --force writes the model again)",
            short(&file.sha256),
            self.path.display()
        );
        Err(mismatch(
            &path,
            format!("a file with the hash {}", short(&found)),
            expected,
        ))
    }

    /// The features must have the columns of those of the fit.
    fn check_features(&self, features: &LayerFeatures) -> Result<(), EncodingError> {
        let (kept, step) = (self.kept, &self.job.step);
        let path = &step.activations;
        let expected = |what: String| format!("{what} as in the fit of {}", self.path.display());
        let spelling = |name: &str| {
            name.parse::<FeatureName>()
                .map_or_else(|_| name.to_owned(), |n| n.to_string())
        };
        if spelling(&step.model) != spelling(&kept.model) {
            let found = format!("features of {}", step.model);
            return Err(mismatch(
                path,
                found,
                expected(format!("those of {} (--model)", kept.model)),
            ));
        }
        let said = features.activations().metadata();
        let differs = |key: &&&str| {
            let both = said.get(**key).zip(kept.features.get(**key));
            both.is_some_and(|(found, kept)| found != kept)
        };
        if let Some(key) = OF_COLUMNS.iter().find(differs) {
            return Err(mismatch(
                path,
                format!("{key} {}", said[*key]),
                expected(format!("{key} {}", kept.features[*key])),
            ));
        }
        for key in OF_CONTEXT.iter().filter(differs) {
            tracing::warn!(
                "{}: {key} is {}, and {} in the fit of {}; the features may differ",
                path.display(),
                said[*key],
                kept.features[*key],
                self.path.display()
            );
        }
        let n_layers = features.activations().n_layers();
        if n_layers != kept.layers.len() {
            return Err(mismatch(
                path,
                format!("{n_layers} layers"),
                expected(format!("{}", kept.layers.len())),
            ));
        }
        self.check_response(features)
    }

    /// Rows that are scans, and responses that count scans, need the repetition time of the fit.
    fn check_response(&self, features: &LayerFeatures) -> Result<(), EncodingError> {
        let (kept, step, tr_s) = (self.kept, &self.job.step, self.job.tr_s());
        let path = &step.activations;
        let of_scans = rows_are_scans(path, features.activations())?;
        if !of_scans && kept.terms.hrf.is_none() {
            let expected = format!("features of scans as in the fit of {}", self.path.display());
            return Err(mismatch(path, "features of words".to_owned(), expected));
        }
        if (tr_s - kept.tr_s).abs() <= SAME_TR_S {
            return Ok(());
        }
        if of_scans || matches!(step.settings.hrf, Hrf::Fir(_)) {
            let expected = format!(
                "{} s as in the fit of {}: its features count scans; keep a model with --hrf glover, or resample the scans",
                kept.tr_s,
                self.path.display()
            );
            return Err(mismatch(
                path,
                format!("scans with a repetition time of {tr_s} s"),
                expected,
            ));
        }
        tracing::info!(
            "the repetition time is {tr_s} s, and {} s in the fit of {}; the response is in seconds",
            kept.tr_s,
            self.path.display()
        );
        Ok(())
    }

    /// The voxels in common; `None` if they are the same ones.
    fn common(&self, set: &TargetSet, n_voxels: usize) -> Result<Option<Common>, EncodingError> {
        let place = set
            .mask
            .clone()
            .or_else(|| set.runs.first().cloned())
            .unwrap_or_default();
        let of_model = self
            .kept
            .mask
            .as_ref()
            .map(|mask| self.unchanged(mask))
            .transpose()?;
        let (Some(model), Some(scans)) = (&of_model, load_mask(set, n_voxels)?) else {
            return match (of_model.is_some(), set.mask.is_some(), self.kept.n_voxels) {
                (false, false, n) if n == n_voxels => Ok(None),
                (false, false, n) => Err(mismatch(
                    &place,
                    format!("{n_voxels} voxels"),
                    format!("{n} as in the fit of {}", self.path.display()),
                )),
                (true, ..) => Err(mismatch(
                    &place,
                    "scans without a mask".to_owned(),
                    format!("the mask of the voxels (--mask): {} has one", self.path.display()),
                )),
                (false, true, _) => Err(mismatch(
                    self.path,
                    "a model without a mask".to_owned(),
                    format!(
                        "one with a mask, to compare with {} (keep it with --mask)",
                        place.display()
                    ),
                )),
            };
        };
        let (of_scans, of_model) = scans.in_common(&BrainMask::load(model)?).map_err(|found| {
            let expected = format!(
                "the places of {}; bring both on one grid (lpp-resample, [grid] like) or one mesh (wb_command \
                 -cifti-resample, mri_surf2surf)",
                model.display()
            );
            mismatch(&place, found, expected)
        })?;
        let common = Common { of_model, of_scans };
        let n_common = common.of_scans.len();
        if n_common < n_voxels {
            tracing::warn!(
                "{}: {} of {n_voxels} voxels are not in the mask of {}; they have no score",
                place.display(),
                n_voxels - n_common,
                self.path.display()
            );
        }
        Ok(Some(common).filter(|common| n_common < n_voxels || common.of_model.len() < self.kept.n_voxels))
    }

    /// Every run must have a voxel with a score, as in a fit.
    fn check_scored(
        &self,
        set: &TargetSet,
        layer: usize,
        scores: &Array2<f64>,
        names: &[String],
    ) -> Result<(), EncodingError> {
        let silent = scores
            .rows()
            .into_iter()
            .position(|run| run.iter().all(|r| r.is_nan()));
        match silent {
            Some(run) => Err(mismatch(
                &self.job.step.activations,
                format!(
                    "no score of any voxel of {} in run {} with layer {layer}",
                    set.subject, names[run]
                ),
                "features and scans that vary within each run".to_owned(),
            )),
            None => Ok(()),
        }
    }
}

impl Common {
    /// Scores of all voxels, NaN where there is no weight.
    fn scattered(&self, scores: &Array2<f64>, n_voxels: usize) -> Array2<f64> {
        let mut all = Array2::from_elem((scores.nrows(), n_voxels), f64::NAN);
        for (column, &voxel) in scores.columns().into_iter().zip(&self.of_scans) {
            all.column_mut(voxel).assign(&column);
        }
        all
    }
}

/// The mean of each voxel over runs; NaN if it has no score in one, as in a fit.
fn mean_of_runs(scores: &Array2<f64>) -> Array1<f64> {
    scores.sum_axis(Axis(0)) / scores.nrows() as f64
}

/// The first digits of a hash.
fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}

fn mismatch(path: &Path, found: String, expected: String) -> EncodingError {
    EncodingError::Mismatch {
        path: path.to_owned(),
        found,
        expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn voxels_without_weights_have_no_score() {
        let common = Common {
            of_model: vec![1, 2],
            of_scans: vec![1, 2],
        };
        let all = common.scattered(&array![[0.5, 0.25]], 4);
        assert!(all[[0, 0]].is_nan() && all[[0, 3]].is_nan());
        assert_eq!((all[[0, 1]], all[[0, 2]]), (0.5, 0.25));
    }
}
