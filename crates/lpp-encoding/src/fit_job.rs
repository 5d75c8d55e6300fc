//! All layers of a model for one subject or many: from files to files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lpp_files::{Activations, Progress, check_distinct_contents, check_outputs, sha256_of_file};
use lpp_fmri::{Image, Mask, RepetitionTime};
use lpp_ridge::{
    AlphaGrid, AlphaSearch, Engine, GridEdge, InnerValidation, NestedChooser, NullOrders, PreparedFeatures,
    RidgeCv, RidgeCvFit, RidgeCvParams, RidgeError,
};
use lpp_study::{
    FeatureName, Language, ModelKind, NestedInfo, Scores, ScoresInfo, Software, Step, Study, beside_scores,
    load_sidecar,
};
use ndarray::{Array2, Axis};

use crate::EncodingError;
use crate::features::{LayerFeatures, rows_are_scans};
use crate::nested;
use crate::target_set::{TargetSet, wrong_runs};
use crate::targets::{self, Targets};

/// Arithmetic of the products over all voxels; factorisations are in double precision anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// `f32`: scores within 1e-4 of double precision, usually 1e-6, at twice the speed.
    Single,
    /// `f64`, as the reference.
    Double,
}

/// The fit of all layers of a model to one subject, or to several that share the factorisations of each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct FitJob {
    /// Name of the model, for the sidecar.
    pub model: String,
    /// Language, for the sidecar.
    pub lang: Language,
    /// Activations of the words, safetensors.
    pub activations: PathBuf,
    /// The words and their times.
    pub words: PathBuf,
    /// What is predicted.
    pub targets: Vec<TargetSet>,
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
    /// Whether layers are also chosen on inner data and scored on outer data; the result goes beside the scores.
    pub nested_layer: bool,
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
    /// The fit of `model` in `study` to nobody yet, every input at its place; `activations` may lie elsewhere.
    ///
    /// # Errors
    /// [`EncodingError::Settings`] if the study's penalties are wrong.
    pub fn new(
        study: &Study,
        model: &str,
        lang: Language,
        precision: Precision,
        activations: Option<PathBuf>,
    ) -> Result<Self, EncodingError> {
        let config = study.config();
        Ok(Self {
            model: model.to_owned(),
            lang,
            activations: activations.unwrap_or_else(|| study.activations(model, lang)),
            words: study.words(lang),
            targets: Vec::new(),
            tr_s: config.tr_or_reference_s(),
            trim_scans: config.trim_scans,
            alphas: alphas_of(study)?,
            alpha_search: AlphaSearch::default(),
            inner: InnerValidation::First,
            precision,
            nested_layer: false,
            force: false,
        })
    }

    /// Number of runs of the activations.
    ///
    /// # Errors
    /// [`EncodingError::File`] if they cannot be read.
    pub fn n_runs(&self) -> Result<usize, EncodingError> {
        Ok(Activations::open(&self.activations)?.n_runs())
    }

    /// Takes the repetition time that was given or that the records of the scans say.
    ///
    /// # Errors
    /// As [`RepetitionTime::of_runs`].
    pub fn take_tr(&mut self, said: RepetitionTime) -> Result<(), EncodingError> {
        let runs: Vec<PathBuf> = self.targets.iter().flat_map(|set| set.runs.clone()).collect();
        self.tr_s = said.of_runs(&runs)?;
        Ok(())
    }

    /// The same for the average subject.
    ///
    /// # Errors
    /// As [`new`](Self::new), [`n_runs`](Self::n_runs), [`TargetSet::average`] and [`take_tr`](Self::take_tr).
    pub fn average_subject(
        study: &Study,
        model: &str,
        lang: Language,
        precision: Precision,
        activations: Option<PathBuf>,
    ) -> Result<Self, EncodingError> {
        let mut job = Self::new(study, model, lang, precision, activations)?;
        job.targets = vec![TargetSet::average(study, model, lang, job.n_runs()?)?];
        job.take_tr(RepetitionTime::of_study(study))?;
        Ok(job)
    }

    /// Fits every layer and writes scores, sidecar, map and provenance of each target set, unless they are up to date.
    ///
    /// Several sets are read anew for each layer, one at a time: memory holds one of them, however many there are, and
    /// the scores. Voxels without a score (constant or NaN in some run) are NaN in the result and counted in a warning.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others, or the layer that cannot be
    /// fitted.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<Vec<FitOutcome>, EncodingError> {
        self.check_places()?;
        let mut outcomes = BTreeMap::new();
        let mut open = Vec::new();
        for (place, set) in self.targets.iter().enumerate() {
            let steps = self.steps(software, set)?;
            if let Some(step) = steps.first() {
                check_distinct_contents(step.inputs())?;
            }
            if !self.force && steps.iter().all(Step::is_current) {
                outcomes.insert(place, outcome(&set.scores, &Scores::load(&set.scores)?, true));
            } else {
                steps.iter().try_for_each(|step| step.claim(self.force))?;
                open.push((place, set, steps));
            }
        }
        let sets: Vec<&TargetSet> = open.iter().map(|(_, set, _)| *set).collect();
        for ((scores, chooser), (place, set, steps)) in self.fit(&sets, progress)?.into_iter().zip(open) {
            let mask = set.load_mask(scores.info.n_voxels)?;
            scores.save(&set.scores)?;
            if self.nested_layer {
                nested::save(chooser, &scores, &beside_scores(&set.scores, "nested"))?;
            }
            if let Some(mask) = mask {
                save_map(&scores, &mask, &set.score_map)?;
            }
            for step in steps {
                step.finish()?;
            }
            outcomes.insert(place, outcome(&set.scores, &scores, false));
        }
        Ok(outcomes.into_values().collect())
    }

    /// The steps that make the scores of a set, their sidecar, the nested ones if asked for and, if it has a mask, their
    /// map. Each has its record, so that a run that ended between two of them is not taken for a whole one.
    fn steps(&self, software: Software, set: &TargetSet) -> Result<Vec<Step>, EncodingError> {
        let map = set.mask.as_ref().map(|_| set.score_map.clone());
        let sidecar = set.scores.with_extension("json");
        let nested = self.nested_layer.then(|| beside_scores(&set.scores, "nested"));
        [Some(set.scores.clone()), Some(sidecar), nested, map]
            .into_iter()
            .flatten()
            .map(|output| self.step(software, set, &output))
            .collect()
    }

    /// The step that makes a file of a set.
    pub(crate) fn step(
        &self,
        software: Software,
        set: &TargetSet,
        output: &Path,
    ) -> Result<Step, EncodingError> {
        let mut step = Step::new(software, output).input(&self.activations)?;
        // Features of scans need no words.
        if self.words.exists() || !rows_are_scans(&self.activations, &Activations::open(&self.activations)?)?
        {
            step = step.input(&self.words)?;
        }
        for path in set.runs.iter().chain(&set.mask) {
            step = step.input(path)?;
        }
        Ok(step
            .parameter("model", &self.model)
            .parameter("lang", self.lang)
            .parameter("subject", &set.subject)
            .parameter("tr_s", self.tr_s)
            .parameter("trim_scans", self.trim_scans)
            .parameter("alphas", self.alphas.values())
            .parameter("alpha_search", format!("{:?}", self.alpha_search))
            .parameter("inner", format!("{:?}", self.inner))
            .parameter("precision", format!("{:?}", self.precision)))
    }

    /// Scores of each set, in their order.
    fn fit(
        &self,
        sets: &[&TargetSet],
        progress: &dyn Progress,
    ) -> Result<Vec<(Scores, NestedChooser)>, EncodingError> {
        let Some((first, others)) = sets.split_first() else {
            return Ok(Vec::new());
        };
        let model = self.ridge().validation_scores(self.nested_layer).check();
        let model = model.map_err(EncodingError::Settings)?;
        self.check_runs(sets)?;
        let Targets { runs, n_scans } = targets::read(&first.runs, self.trim_scans)?;
        let features = LayerFeatures::open(
            &self.activations,
            &self.words,
            &n_scans,
            self.tr_s,
            self.trim_scans,
        )?;
        for warning in features.warnings() {
            tracing::warn!("{warning}");
        }
        self.compare_metadata(features.activations());
        let n_voxels = runs.first().map_or(0, Array2::ncols);
        let mut results = vec![self.empty_scores(first, n_voxels, features.activations())?];
        // A set that does not fit the others should show before hours of work, not after the first layer.
        for set in others {
            results.push(self.empty_scores(set, set.check(&n_scans)?, features.activations())?);
        }
        let only = others.is_empty().then_some(runs);
        let mut choosers = vec![NestedChooser::default(); sets.len()];
        let n_layers = features.activations().n_layers();
        let mut constant = Vec::with_capacity(n_layers);
        progress.start(&format!("fitting {}", self.model), (n_layers * sets.len()) as u64);
        for layer in 0..n_layers {
            let failed = |source| self.failed(layer, source);
            let started = Instant::now();
            let of_layer = features.layer(layer)?;
            constant.push((of_layer.n_constant, layer));
            let prepared = Prepared::new(&model, &of_layer.runs, self.precision).map_err(failed)?;
            let shared_s = started.elapsed().as_secs_f64() / sets.len() as f64;
            for ((set, result), chooser) in sets.iter().zip(&mut results).zip(&mut choosers) {
                let started = Instant::now();
                let fit = match &only {
                    Some(runs) => prepared.score(runs),
                    None => prepared.score(&set.load(self.trim_scans, &n_scans)?),
                };
                let fit = fit.map_err(failed)?;
                if self.nested_layer {
                    chooser.add(&fit).map_err(failed)?;
                }
                result.values.row_mut(layer).assign(&fit.scores.mapv(to_f32));
                let wall_s = shared_s + started.elapsed().as_secs_f64();
                record(&mut result.info, &fit, prepared.n_features(), wall_s);
                progress.advance(1);
            }
        }
        progress.finish();
        self.warn_of_constant(&constant);
        for scores in &results {
            warn_of_nan(&scores.info);
            warn_of_edges(&scores.info);
        }
        Ok(results.into_iter().zip(choosers).collect())
    }

    /// Says how many features are constant in some run, and in which layers.
    fn warn_of_constant(&self, constant: &[(usize, usize)]) {
        let mut found: Vec<_> = constant.iter().filter(|(n, _)| *n > 0).collect();
        found.sort_by_key(|(n, layer)| (std::cmp::Reverse(*n), *layer));
        if let Some((n, layer)) = found.first() {
            tracing::warn!(
                "{}: features that are constant in a run after convolution are 0 there: {n} in layer {layer}{}",
                self.activations.display(),
                match found.len() {
                    1 => String::new(),
                    layers => format!(", the most of {layers} layers that have some"),
                }
            );
        }
    }

    /// No output may be an input, or that of another set.
    fn check_places(&self) -> Result<(), EncodingError> {
        let shared = [self.activations.clone(), self.words.clone()];
        let of_sets = self
            .targets
            .iter()
            .flat_map(|set| set.runs.iter().chain(&set.mask).cloned());
        let inputs: Vec<PathBuf> = shared.into_iter().chain(of_sets).collect();
        let outputs: Vec<PathBuf> = self.targets.iter().map(|set| set.scores.clone()).collect();
        Ok(check_outputs(&inputs, &outputs)?)
    }

    /// The settings of the ridge regression.
    pub(crate) fn ridge(&self) -> RidgeCvParams {
        RidgeCv::params()
            .alpha_grid(&self.alphas)
            .alpha_search(self.alpha_search)
            .engine(ENGINE)
            .inner(self.inner)
    }

    /// As many runs of scans as of activations, before anything is read.
    fn check_runs(&self, sets: &[&TargetSet]) -> Result<(), EncodingError> {
        sets.iter()
            .try_for_each(|set| self.check_runs_of(&set.subject, &set.runs))
    }

    /// Checks that a subject has as many runs of scans as the activations have.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`] naming both numbers, [`EncodingError::File`] if the activations cannot be read.
    pub fn check_runs_of(&self, subject: &str, runs: &[PathBuf]) -> Result<(), EncodingError> {
        let n_runs = self.n_runs()?;
        if runs.len() == n_runs {
            return Ok(());
        }
        Err(wrong_runs(subject, runs, n_runs, &self.activations))
    }

    pub(crate) fn failed(&self, layer: usize, source: RidgeError) -> EncodingError {
        EncodingError::Layer {
            path: self.activations.clone(),
            layer,
            source,
        }
    }

    /// The layer that `set` chose by validation in a fit with [`nested_layer`](Self::nested_layer).
    pub(crate) fn chosen_layer(set: &TargetSet) -> Result<usize, EncodingError> {
        let info: NestedInfo = load_sidecar(&beside_scores(&set.scores, "nested"))?;
        Ok(info.layer)
    }

    /// The scores and the sidecar of a set before the first layer.
    /// Warns of activations that say of themselves that they are of another model or language: a copied or renamed file.
    fn compare_metadata(&self, activations: &Activations) {
        let of = |key: &str| activations.metadata().get(key);
        let spelling = |name: &str| {
            name.parse::<FeatureName>()
                .map_or_else(|_| name.to_owned(), |n| n.to_string())
        };
        if let Some(model) = of("model").filter(|model| spelling(model) != spelling(&self.model)) {
            tracing::warn!(
                "{}: these are activations of the model {model}, by their metadata, and are fitted as {}",
                self.activations.display(),
                self.model
            );
        }
        if let Some(lang) = of("lang").filter(|lang| **lang != self.lang.to_string()) {
            tracing::warn!(
                "{}: these are activations of words in the language {lang}, by their metadata, not {}",
                self.activations.display(),
                self.lang
            );
        }
    }

    fn empty_scores(
        &self,
        set: &TargetSet,
        n_voxels: usize,
        activations: &Activations,
    ) -> Result<Scores, EncodingError> {
        set.load_mask(n_voxels)?;
        let metadata = activations.metadata();
        let family = metadata.get("family").cloned();
        // Seed 0 stands for trained weights, as in the original scripts.
        let trained = metadata.get("seed").is_none_or(|seed| seed == "0");
        let kind = match (&family, trained) {
            _ if metadata.get("kind").is_some_and(|kind| kind == "control") => ModelKind::Control,
            _ if metadata.get("kind").is_some_and(|kind| kind == "canary") => ModelKind::Canary,
            (None, _) => ModelKind::Baseline,
            (Some(_), true) => ModelKind::Model,
            (Some(_), false) => ModelKind::Untrained,
        };
        let info = ScoresInfo {
            model: self.model.clone(),
            lang: self.lang,
            subject: set.subject.clone(),
            kind,
            family,
            n_parameters: metadata.get("n_parameters").and_then(|n| n.parse().ok()),
            n_hidden: Vec::new(),
            n_runs: set.runs.len(),
            n_voxels,
            mask_sha256: set.mask.as_deref().map(sha256_of_file).transpose()?,
            alphas: self.alphas.values().to_vec(),
            alpha_index: Vec::new(),
            fold_means: Vec::new(),
            n_nan_voxels: Vec::new(),
            wall_s: Vec::new(),
        };
        let values = Array2::zeros((activations.n_layers(), n_voxels));
        Ok(Scores { values, info })
    }
}

/// The penalties of a study, as its configuration has them.
pub(crate) fn alphas_of(study: &Study) -> Result<AlphaGrid, EncodingError> {
    let text = &study.config().alphas;
    let grid = text.parse();
    grid.map_err(|e: RidgeError| study.bad_setting("alphas", text, &e.to_string()).into())
}

/// LAPACK where the program links it, since it factors faster.
#[cfg(feature = "openblas-system")]
const ENGINE: Engine = Engine::Blas;
#[cfg(not(feature = "openblas-system"))]
const ENGINE: Engine = Engine::Pure;

/// A layer, factored in the arithmetic of the fit.
pub(crate) enum Prepared {
    Single(PreparedFeatures<f32>),
    Double(PreparedFeatures<f64>),
}

impl Prepared {
    pub(crate) fn new(model: &RidgeCv, x: &[Array2<f64>], precision: Precision) -> Result<Self, RidgeError> {
        Ok(match precision {
            Precision::Single => {
                let x: Vec<Array2<f32>> = x.iter().map(|run| run.mapv(to_f32)).collect();
                Self::Single(model.prepare(&x)?)
            }
            Precision::Double => Self::Double(model.prepare(x)?),
        })
    }

    fn n_features(&self) -> usize {
        match self {
            Self::Single(prepared) => prepared.n_features(),
            Self::Double(prepared) => prepared.n_features(),
        }
    }

    pub(crate) fn score(&self, y: &[Array2<f32>]) -> Result<RidgeCvFit, RidgeError> {
        match self {
            Self::Single(prepared) => prepared.score(y),
            Self::Double(prepared) => {
                let y: Vec<Array2<f64>> = y.iter().map(|run| run.mapv(f64::from)).collect();
                prepared.score(&y)
            }
        }
    }

    /// Scores of reordered targets, (`n_voxels`, `n_nulls`).
    pub(crate) fn null_scores(
        &self,
        fit: &RidgeCvFit,
        y: &[Array2<f32>],
        nulls: &NullOrders,
    ) -> Result<Array2<f32>, RidgeError> {
        match self {
            Self::Single(prepared) => prepared.null_scores(fit, y, nulls),
            Self::Double(prepared) => {
                let y: Vec<Array2<f64>> = y.iter().map(|run| run.mapv(f64::from)).collect();
                prepared.null_scores(fit, &y, nulls)
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "scores and single-precision features are stored as f32"
)]
pub(crate) fn to_f32(value: f64) -> f32 {
    value as f32
}

fn record(info: &mut ScoresInfo, fit: &RidgeCvFit, n_features: usize, wall_s: f64) {
    info.n_hidden.push(n_features);
    info.alpha_index
        .push(fit.alpha_index().unwrap_or_default().to_vec());
    info.fold_means.push(fit.fold_means().to_vec());
    info.n_nan_voxels.push(fit.n_nan());
    info.wall_s.push(wall_s);
}

fn warn_of_nan(info: &ScoresInfo) {
    let most = info.n_nan_voxels.iter().max().copied().unwrap_or(0);
    if most > 0 {
        tracing::warn!(
            "{}, {}: {most} of {} voxels have no score in some layer (constant or NaN in a run); they stay NaN",
            info.model,
            info.subject,
            info.n_voxels
        );
    }
}

/// Says where a wider grid of penalties may score better.
fn warn_of_edges(info: &ScoresInfo) {
    for edge in [GridEdge::Smallest, GridEdge::Largest] {
        let lies_there = |&&index: &&usize| GridEdge::of(&info.alphas, index) == Some(edge);
        let folds = || info.alpha_index.iter().flatten();
        let n_there = folds().filter(lies_there).count();
        if let Some(&index) = folds().find(lies_there) {
            tracing::warn!(
                "{}, {}: {n_there} of {} folds (of all layers) chose the {edge} penalty of the grid ({:e}); a wider grid may score better",
                info.model,
                info.subject,
                folds().count(),
                info.alphas[index]
            );
        }
    }
}

/// Writes the best score over layers of each voxel on the grid of the mask, 0 outside.
fn save_map(scores: &Scores, mask: &Mask, path: &Path) -> Result<(), EncodingError> {
    let best = scores
        .values
        .fold_axis(Axis(0), f32::NAN, |best, &score| best.max(score));
    let volume = mask.unmask(&best, 0.0)?;
    Ok(Image::new(*mask.grid(), volume.into_dyn())?.save(path)?)
}

fn outcome(path: &Path, scores: &Scores, up_to_date: bool) -> FitOutcome {
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
