//! All layers of a model for one subject: from files to files.

use std::path::PathBuf;
use std::time::Instant;

use lpp_fmri::{Image, Mask};
use lpp_ridge::{AlphaGrid, AlphaSearch, InnerValidation, RidgeCv, RidgeCvFit, RidgeError};
use lpp_study::{
    Activations, Language, ModelKind, Progress, Scores, ScoresInfo, Software, Step, Study, sha256_of_file,
};
use ndarray::{Array2, Axis};

use crate::EncodingError;
use crate::features::LayerFeatures;
use crate::targets::{self, Targets};

/// Arithmetic of the products over all voxels; factorisations are in double precision anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// `f32`: scores within 1e-4 of double precision, usually 1e-6, at twice the speed.
    Single,
    /// `f64`, as the reference.
    Double,
}

/// The fit of all layers of a model to one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct FitJob {
    /// Name of the model, for the sidecar.
    pub model: String,
    /// Language, for the sidecar.
    pub lang: Language,
    /// Subject, or `average`, for the sidecar.
    pub subject: String,
    /// Activations of the words, safetensors.
    pub activations: PathBuf,
    /// The words and their times.
    pub words: PathBuf,
    /// Scans of each run, `.npy` (`n_scans`, `n_voxels`).
    pub targets: Vec<PathBuf>,
    /// The brain mask whose voxels the columns of the targets are; without it no map is written.
    pub mask: Option<PathBuf>,
    /// Where the scores go.
    pub scores: PathBuf,
    /// Where the map of the best score over layers goes, if there is a mask.
    pub score_map: PathBuf,
    /// Repetition time, seconds.
    pub tr_s: f64,
    /// Scans cut at both ends of each run.
    pub trim_scans: usize,
    /// The penalties.
    pub alphas: AlphaGrid,
    /// How the penalties are searched.
    pub alpha_search: AlphaSearch,
    /// Runs on which penalties are validated.
    pub inner: InnerValidation,
    /// Arithmetic.
    pub precision: Precision,
    /// Fit again what is up to date.
    pub force: bool,
}

/// What a fit came to.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOutcome {
    /// The score file.
    pub scores: PathBuf,
    /// Whether it was up to date and left alone.
    pub up_to_date: bool,
    /// Number of layers.
    pub n_layers: usize,
    /// Number of voxels.
    pub n_voxels: usize,
    /// The layer with the largest mean score.
    pub best_layer: usize,
    /// Its mean score over voxels, NaN left out.
    pub best_mean_score: f64,
}

impl FitJob {
    /// The fit of `model` to the average subject of `study`, every file at its place; `activations` may lie elsewhere.
    ///
    /// # Errors
    /// [`EncodingError::Settings`] if the study's penalties are wrong, [`EncodingError::Study`] if the activations
    /// cannot be read (they tell the number of runs).
    pub fn average_subject(
        study: &Study,
        model: &str,
        lang: Language,
        precision: Precision,
        activations: Option<PathBuf>,
    ) -> Result<Self, EncodingError> {
        let activations = activations.unwrap_or_else(|| study.activations(model, lang));
        let n_runs = Activations::open(&activations)?.n_runs();
        let config = study.config();
        Ok(Self {
            model: model.to_owned(),
            lang,
            subject: "average".to_owned(),
            activations,
            words: study.words(lang),
            targets: (0..n_runs).map(|run| study.average_run(lang, run)).collect(),
            mask: Some(study.mask(lang)),
            scores: study.scores(model, lang),
            score_map: study.score_map(model, lang),
            tr_s: config.tr_s,
            trim_scans: config.trim_scans,
            alphas: config.alphas.parse().map_err(EncodingError::Settings)?,
            alpha_search: AlphaSearch::Exhaustive,
            inner: InnerValidation::First,
            precision,
            force: false,
        })
    }

    /// Fits every layer and writes scores, sidecar, map and provenance, unless they are up to date.
    ///
    /// Voxels without a score (constant or NaN in some run) are NaN in the result and counted in a warning.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others, or the layer that cannot be
    /// fitted.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<FitOutcome, EncodingError> {
        let step = self.step(software, self.scores.clone())?;
        let map_step = self.step(software, self.score_map.clone())?;
        let current = step.is_current() && (self.mask.is_none() || map_step.is_current());
        if !self.force && current {
            return Ok(outcome(&self.scores, &Scores::load(&self.scores)?, true));
        }
        let mask = self.mask.as_deref().map(Mask::load).transpose()?;
        let targets = targets::read(&self.targets, self.trim_scans)?;
        self.check_mask(mask.as_ref(), &targets)?;
        let features = LayerFeatures::open(
            &self.activations,
            &self.words,
            &targets.n_scans,
            self.tr_s,
            self.trim_scans,
        )?;
        let scores = self.fit_layers(&features, &targets, progress)?;
        scores.save(&self.scores)?;
        step.finish()?;
        if let Some(mask) = &mask {
            save_map(&scores, mask, &self.score_map)?;
            map_step.finish()?;
        }
        Ok(outcome(&self.scores, &scores, false))
    }

    fn step(&self, software: Software, output: PathBuf) -> Result<Step, EncodingError> {
        let mut step = Step::new(software, output)
            .input(&self.activations)?
            .input(&self.words)?;
        for path in self.targets.iter().chain(&self.mask) {
            step = step.input(path)?;
        }
        Ok(step
            .parameter("model", &self.model)
            .parameter("lang", self.lang)
            .parameter("subject", &self.subject)
            .parameter("tr_s", self.tr_s)
            .parameter("trim_scans", self.trim_scans)
            .parameter("alphas", self.alphas.values())
            .parameter("alpha_search", format!("{:?}", self.alpha_search))
            .parameter("inner", format!("{:?}", self.inner))
            .parameter("precision", format!("{:?}", self.precision)))
    }

    fn check_mask(&self, mask: Option<&Mask>, targets: &Targets) -> Result<(), EncodingError> {
        match (mask, &self.mask) {
            (Some(mask), Some(path)) if mask.n_voxels() != targets.n_voxels() => {
                Err(EncodingError::Mismatch {
                    path: self.targets.first().cloned().unwrap_or_default(),
                    found: format!("{} voxels", targets.n_voxels()),
                    expected: format!("{} as in {}", mask.n_voxels(), path.display()),
                })
            }
            _ => Ok(()),
        }
    }

    fn fit_layers(
        &self,
        features: &LayerFeatures,
        targets: &Targets,
        progress: &dyn Progress,
    ) -> Result<Scores, EncodingError> {
        let model = RidgeCv::params()
            .alpha_grid(&self.alphas)
            .alpha_search(self.alpha_search)
            .inner(self.inner)
            .check()
            .map_err(EncodingError::Settings)?;
        let n_layers = features.activations().n_layers();
        let mut info = self.empty_info(features.activations(), targets)?;
        let mut values = Array2::zeros((n_layers, targets.n_voxels()));
        let targets = TypedTargets::new(&targets.runs, self.precision);
        progress.start(&format!("fitting {}", self.model), n_layers as u64);
        for layer in 0..n_layers {
            let started = Instant::now();
            let x = features.layer(layer)?;
            info.n_hidden.push(x.first().map_or(0, Array2::ncols));
            let fit = targets.fit(&model, &x).map_err(|source| EncodingError::Layer {
                path: self.activations.clone(),
                layer,
                source,
            })?;
            values.row_mut(layer).assign(&fit.scores.mapv(to_f32));
            record(&mut info, &fit, started);
            progress.advance(1);
        }
        progress.finish();
        warn_of_nan(&info);
        Ok(Scores { values, info })
    }

    /// The sidecar before the first layer.
    fn empty_info(&self, activations: &Activations, targets: &Targets) -> Result<ScoresInfo, EncodingError> {
        let metadata = activations.metadata();
        let family = metadata.get("family").cloned();
        // Seed 0 stands for trained weights, as in the original scripts.
        let trained = metadata.get("seed").is_none_or(|seed| seed == "0");
        let kind = match (&family, trained) {
            (None, _) => ModelKind::Baseline,
            (Some(_), true) => ModelKind::Model,
            (Some(_), false) => ModelKind::Untrained,
        };
        Ok(ScoresInfo {
            model: self.model.clone(),
            lang: self.lang,
            subject: self.subject.clone(),
            kind,
            family,
            n_parameters: metadata.get("n_parameters").and_then(|n| n.parse().ok()),
            n_hidden: Vec::new(),
            n_runs: targets.runs.len(),
            n_voxels: targets.n_voxels(),
            mask_sha256: self.mask.as_deref().map(sha256_of_file).transpose()?,
            alphas: self.alphas.values().to_vec(),
            alpha_index: Vec::new(),
            fold_means: Vec::new(),
            n_nan_voxels: Vec::new(),
            wall_s: Vec::new(),
        })
    }
}

/// Targets in the element type of the fit, converted once for all layers.
enum TypedTargets<'a> {
    Single(&'a [Array2<f32>]),
    Double(Vec<Array2<f64>>),
}

impl<'a> TypedTargets<'a> {
    fn new(runs: &'a [Array2<f32>], precision: Precision) -> Self {
        match precision {
            Precision::Single => Self::Single(runs),
            Precision::Double => Self::Double(runs.iter().map(|run| run.mapv(f64::from)).collect()),
        }
    }

    fn fit(&self, model: &RidgeCv, x: &[Array2<f64>]) -> Result<RidgeCvFit, RidgeError> {
        match self {
            Self::Single(y) => {
                let x: Vec<Array2<f32>> = x.iter().map(|run| run.mapv(to_f32)).collect();
                model.fit(&x, y)
            }
            Self::Double(y) => model.fit(x, y),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "scores and single-precision features are stored as f32"
)]
fn to_f32(value: f64) -> f32 {
    value as f32
}

fn record(info: &mut ScoresInfo, fit: &RidgeCvFit, started: Instant) {
    info.alpha_index
        .push(fit.alpha_index().unwrap_or_default().to_vec());
    info.fold_means.push(fit.fold_means().to_vec());
    info.n_nan_voxels.push(fit.n_nan());
    info.wall_s.push(started.elapsed().as_secs_f64());
}

fn warn_of_nan(info: &ScoresInfo) {
    let most = info.n_nan_voxels.iter().max().copied().unwrap_or(0);
    if most > 0 {
        tracing::warn!(
            "{}: {most} of {} voxels have no score in some layer (constant or NaN in a run); they stay NaN",
            info.model,
            info.n_voxels
        );
    }
}

/// Writes the best score over layers of each voxel on the grid of the mask, 0 outside.
fn save_map(scores: &Scores, mask: &Mask, path: &std::path::Path) -> Result<(), EncodingError> {
    let best = scores
        .values
        .fold_axis(Axis(0), f32::NAN, |best, &score| best.max(score));
    let volume = mask.unmask(&best, 0.0)?;
    Ok(Image::new(*mask.grid(), volume.into_dyn())?.save(path)?)
}

fn outcome(path: &std::path::Path, scores: &Scores, up_to_date: bool) -> FitOutcome {
    let means = scores.values.rows().into_iter().map(|layer| {
        let (sum, n) = layer
            .iter()
            .filter(|s| !s.is_nan())
            .fold((0.0, 0_u32), |(sum, n), s| (sum + f64::from(*s), n + 1));
        sum / f64::from(n)
    });
    let best = means
        .enumerate()
        .filter(|(_, mean)| !mean.is_nan())
        .max_by(|a, b| a.1.total_cmp(&b.1));
    let (best_layer, best_mean_score) = best.unwrap_or((0, f64::NAN));
    FitOutcome {
        scores: path.to_owned(),
        up_to_date,
        n_layers: scores.values.nrows(),
        n_voxels: scores.values.ncols(),
        best_layer,
        best_mean_score,
    }
}
