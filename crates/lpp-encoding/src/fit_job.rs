//! All layers of a model for one subject or many: from files to files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use lpp_files::{Activations, Progress, check_distinct_contents, check_outputs, sha256_of_file};
use lpp_preparation::RepetitionTime;
use lpp_ridge::RidgeError;
use lpp_stats::nan_mean;
use lpp_steps::{FitStep, Making, Software, TargetSet};
use lpp_study::{
    FeatureName, FitTerms, ModelKind, NestedInfo, Scores, ScoresInfo, Study, StudyConfig, beside_scores,
    load_sidecar,
};
use ndarray::Array2;

use crate::EncodingError;
use crate::explainable;
use crate::features::{Design, LayerFeatures, rows_are_scans};
use crate::group::{groups, members, ridge_params};
use crate::prepared::Prepared;
use crate::projector::Projector;
use crate::set_fit::SetFit;
use crate::target_set::{average_targets, load_mask, wrong_runs};

/// The fit of all layers of a model to one subject, or to several that share the factorisations of each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct FitJob {
    /// Inputs, outputs and parameters.
    pub step: FitStep,
    /// Recompute even if the scores are up to date.
    pub force: bool,
}

/// What a fit came to.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOutcome {
    /// The score file.
    pub scores: PathBuf,
    /// Whether it was already up to date.
    pub up_to_date: bool,
    /// Number of layers.
    pub n_layers: usize,
    /// Number of voxels.
    pub n_voxels: usize,
    /// The layer with the largest mean score.
    pub best_layer: usize,
    /// Its mean score over voxels without NaN.
    pub best_mean_score: f64,
}

impl FitJob {
    /// A fit without targets; inputs default to the study's paths.
    ///
    /// Features of scans need no words; the step then has words only if the file exists.
    ///
    /// # Errors
    /// [`EncodingError::File`] if the activations cannot be read.
    pub fn new(mut step: FitStep, force: bool) -> Result<Self, EncodingError> {
        let activations = &step.activations;
        let words_are_there = step.words.as_ref().is_some_and(|words| words.exists());
        if !words_are_there && rows_are_scans(activations, &Activations::open(activations)?)? {
            step.words = None;
        }
        Ok(Self { step, force })
    }

    /// Number of runs of the activations.
    ///
    /// # Errors
    /// [`EncodingError::File`] if they cannot be read.
    pub fn n_runs(&self) -> Result<usize, EncodingError> {
        Ok(Activations::open(&self.step.activations)?.n_runs())
    }

    /// Uses the given repetition time or that of the records of the scans.
    ///
    /// # Errors
    /// As [`RepetitionTime::of_runs`].
    pub fn take_tr(&mut self, said: RepetitionTime) -> Result<(), EncodingError> {
        let targets = self.step.targets.iter();
        let runs: Vec<PathBuf> = targets.flat_map(|set| set.runs.clone()).collect();
        self.step.tr_s = Some(said.of_runs(&runs)?);
        Ok(())
    }

    /// A fit to the average subject of a study.
    ///
    /// # Errors
    /// As [`new`](Self::new), [`n_runs`](Self::n_runs), [`average_targets`] and [`take_tr`](Self::take_tr).
    pub fn average_subject(study: &Study, step: FitStep, force: bool) -> Result<Self, EncodingError> {
        let mut job = Self::new(step, force)?;
        let (model, lang) = (job.step.model.clone(), job.step.lang);
        job.step.targets = vec![average_targets(study, &model, lang, job.n_runs()?)?];
        job.take_tr(RepetitionTime::of_study(study))?;
        Ok(job)
    }

    /// Fits every layer and writes scores, sidecar, map and provenance of each target set, unless they are up to date.
    ///
    /// If there are several sets, they are read again for each layer, one at a time, so that only one of them and the
    /// scores are in memory. Voxels without a score (constant or NaN in some run) are NaN in the result and counted in
    /// a warning.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others, or the layer that cannot be
    /// fitted.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<Vec<FitOutcome>, EncodingError> {
        self.write(software, |sets| self.fit(sets, progress))
    }

    /// Writes what `scores` gives for the sets that are not up to date.
    pub(crate) fn write(
        &self,
        software: Software,
        scores: impl FnOnce(&[&TargetSet]) -> Result<Vec<SetFit>, EncodingError>,
    ) -> Result<Vec<FitOutcome>, EncodingError> {
        self.check_places()?;
        let mut outcomes = BTreeMap::new();
        let mut open = Vec::new();
        for (place, set) in self.step.targets.iter().enumerate() {
            explainable::write(&self.step, set, software, self.force)?;
            let making = self.making(software, set)?;
            if let Some(making) = making.first() {
                check_distinct_contents(making.inputs())?;
            }
            if !self.force && making.iter().all(Making::is_current) {
                self.mention_older(set);
                outcomes.insert(place, outcome(&set.scores, &Scores::load(&set.scores)?, true));
            } else {
                making.iter().try_for_each(|making| making.claim(self.force))?;
                open.push((place, set, making));
            }
        }
        let sets: Vec<&TargetSet> = open.iter().map(|(_, set, _)| *set).collect();
        for (fit, (place, set, making)) in scores(&sets)?.into_iter().zip(open) {
            let mask = load_mask(set, fit.scores.info.n_voxels)?;
            let scores = fit.save(set, mask)?;
            for making in making {
                making.finish()?;
            }
            outcomes.insert(place, outcome(&set.scores, &scores, false));
        }
        Ok(outcomes.into_values().collect())
    }

    /// Says which files an older version did not write.
    fn mention_older(&self, set: &TargetSet) {
        for artefact in self.step.score_artefacts(set) {
            if artefact.was_never_written(&artefact.path) {
                tracing::info!(
                    "{}: not written by the version that made the scores; add --force to fit again and write it",
                    artefact.path.display()
                );
            }
        }
    }

    /// The files of a set in the making.
    fn making(&self, software: Software, set: &TargetSet) -> Result<Vec<Making>, EncodingError> {
        let artefacts = self.step.score_artefacts(set).into_iter();
        let making = artefacts.map(|artefact| Making::of(software, artefact));
        Ok(making.collect::<Result<_, _>>()?)
    }

    /// Opens the features of the fit for scans of these lengths.
    pub(crate) fn features(&self, n_scans: &[usize]) -> Result<LayerFeatures, EncodingError> {
        let features = self.features_of(&self.step.activations, n_scans)?;
        let projector = self.step.projection.map(|projection| Projector {
            model: self.step.features_name().to_owned(),
            projection,
        });
        Ok(features.projected(projector))
    }

    /// The same of other activations for the same words.
    pub(crate) fn features_of(
        &self,
        activations: &Path,
        n_scans: &[usize],
    ) -> Result<LayerFeatures, EncodingError> {
        let settings = &self.step.settings;
        let design = Design {
            start_s: &self.step.start_s,
            words: self.step.words.as_deref(),
            stories: &self.step.story_names,
            n_scans,
            tr_s: self.tr_s(),
            hrf: &settings.hrf,
            convolve_scans: settings.convolve_scans,
            filter_features: settings.filter_features,
        };
        LayerFeatures::open(activations, design)
    }

    /// Repetition time, seconds.
    pub(crate) fn tr_s(&self) -> f64 {
        self.step.tr_s.unwrap_or(StudyConfig::REFERENCE_TR_S)
    }

    /// Scores of each set, in their order.
    fn fit(&self, sets: &[&TargetSet], progress: &dyn Progress) -> Result<Vec<SetFit>, EncodingError> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        // Wrong settings should show before scans are read.
        ridge_params(&self.step)
            .check()
            .map_err(EncodingError::Settings)?;
        self.check_runs(sets)?;
        let groups = groups(&self.step, sets)?;
        let features = self.features(&groups[0].n_scans())?;
        for warning in features.warnings() {
            tracing::warn!("{warning}");
        }
        self.compare_metadata(features.activations());
        let mut results: Vec<Option<SetFit>> = sets.iter().map(|_| None).collect();
        // A set that does not fit the others should show before hours of work, not after the first layer.
        for (group, place, heard) in members(&groups) {
            let names = &group.folds.names;
            let empty = self.empty_scores(sets[place], heard.n_voxels, names, &features)?;
            let fit = SetFit::new(empty, self.step.chooses_layers(), self.step.keep_folds);
            results[place] = Some(fit);
        }
        let mut results: Vec<SetFit> = results.into_iter().flatten().collect();
        let only = match groups.as_slice() {
            [group] => group.only_targets()?,
            _ => None,
        };
        let n_layers = features.activations().n_layers();
        let mut constant = Vec::with_capacity(n_layers);
        progress.start(
            &format!("fitting {}", self.step.model),
            (n_layers * sets.len()) as u64,
        );
        for layer in 0..n_layers {
            let failed = |source| self.failed(layer, source);
            let started = Instant::now();
            let scans = features.scans(layer)?;
            let scans_s = started.elapsed().as_secs_f64() / sets.len() as f64;
            for group in &groups {
                let started = Instant::now();
                let of_layer = features.cut(&scans, &group.pieces)?;
                constant.push((of_layer.n_constant, layer));
                let prepare = |model| Prepared::new(model, &of_layer.pieces, self.step.arithmetic);
                let prepared = prepare(&group.model).map_err(failed)?;
                let of_layers = group
                    .of_layers
                    .as_ref()
                    .map(prepare)
                    .transpose()
                    .map_err(failed)?;
                let shared_s = started.elapsed().as_secs_f64() / group.members.len() as f64;
                for (place, heard) in &group.members {
                    let started = Instant::now();
                    let own;
                    let targets = if let Some(targets) = &only {
                        targets
                    } else {
                        own = group.pieces.targets(heard)?;
                        &own
                    };
                    let fit = prepared.score(targets).map_err(failed)?;
                    let choosing = of_layers.as_ref().map(|prepared| prepared.score(targets));
                    let choosing = choosing.transpose().map_err(failed)?;
                    let wall_s = scans_s + shared_s + started.elapsed().as_secs_f64();
                    let result = &mut results[*place];
                    result
                        .add(layer, &fit, choosing.as_ref(), prepared.n_features(), wall_s)
                        .map_err(failed)?;
                    progress.advance(1);
                }
            }
        }
        progress.finish();
        self.warn_of_constant(&constant);
        results.iter().for_each(SetFit::warn);
        Ok(results)
    }

    /// Says how many features are constant in some run, and in which layers.
    fn warn_of_constant(&self, constant: &[(usize, usize)]) {
        let mut found: Vec<_> = constant.iter().filter(|(n, _)| *n > 0).collect();
        found.sort_by_key(|(n, layer)| (std::cmp::Reverse(*n), *layer));
        if let Some((n, layer)) = found.first() {
            tracing::warn!(
                "{}: features that are constant in a run after convolution are set to 0 there: {n} in layer {layer}{}",
                self.step.activations.display(),
                match found.len() {
                    1 => String::new(),
                    layers => format!(", the most of {layers} layers with such features"),
                }
            );
        }
    }

    /// No output may be an input, or that of another set.
    fn check_places(&self) -> Result<(), EncodingError> {
        let FitStep {
            activations,
            words,
            targets,
            ..
        } = &self.step;
        let of_sets = targets.iter().flat_map(|set| set.runs.iter().chain(&set.mask));
        let inputs = [activations].into_iter().chain(words).chain(of_sets);
        let inputs: Vec<PathBuf> = inputs.cloned().collect();
        let outputs: Vec<PathBuf> = targets.iter().map(|set| set.scores.clone()).collect();
        Ok(check_outputs(&inputs, &outputs)?)
    }

    /// As many runs of scans as of activations, before anything is read.
    pub(crate) fn check_runs(&self, sets: &[&TargetSet]) -> Result<(), EncodingError> {
        sets.iter()
            .try_for_each(|set| self.check_runs_of(&set.subject, &set.runs, set.stories.as_deref()))
    }

    /// Checks that a subject has as many runs of scans as the activations have.
    ///
    /// # Errors
    /// [`EncodingError::Mismatch`] naming both numbers, [`EncodingError::File`] if the activations cannot be read.
    pub fn check_runs_of(
        &self,
        subject: &str,
        runs: &[PathBuf],
        stories: Option<&[usize]>,
    ) -> Result<(), EncodingError> {
        let n_runs = self.n_runs()?;
        let n_heard = stories
            .and_then(|stories| stories.iter().max())
            .map_or(runs.len(), |last| last + 1);
        if n_heard == n_runs {
            return Ok(());
        }
        Err(wrong_runs(subject, runs, n_runs, &self.step.activations))
    }

    pub(crate) fn failed(&self, layer: usize, source: RidgeError) -> EncodingError {
        EncodingError::Layer {
            path: self.step.activations.clone(),
            layer,
            source,
        }
    }

    /// The layer that `set` chose by validation in a fit with [`nested_layer`](Self::nested_layer).
    pub(crate) fn chosen_layer(set: &TargetSet) -> Result<usize, EncodingError> {
        let info: NestedInfo = load_sidecar(&beside_scores(&set.scores, "nested"))?;
        Ok(info.layer)
    }

    /// The scores and the sidecar of a set before the first layer. Warns if the metadata of the activations name
    /// another model or language, as in a copied or renamed file.
    fn compare_metadata(&self, activations: &Activations) {
        let of = |key: &str| activations.metadata().get(key);
        let spelling = |name: &str| {
            name.parse::<FeatureName>()
                .map_or_else(|_| name.to_owned(), |n| n.to_string())
        };
        if let Some(model) =
            of("model").filter(|model| spelling(model) != spelling(self.step.features_name()))
        {
            tracing::warn!(
                "{}: according to the metadata these are activations of the model {model}; they are fitted as {}",
                self.step.activations.display(),
                self.step.features_name()
            );
        }
        if let Some(lang) = of("lang").filter(|lang| **lang != self.step.lang.to_string()) {
            tracing::warn!(
                "{}: according to the metadata these are activations for the language {lang}, not {}",
                self.step.activations.display(),
                self.step.lang
            );
        }
    }

    /// Metric, response and folds of the fit.
    pub(crate) fn terms(&self, features: &LayerFeatures) -> FitTerms {
        let settings = &self.step.settings;
        FitTerms {
            metric: settings.metric,
            hrf: features.are_convolved().then(|| settings.hrf.to_string()),
            alpha_scope: settings.alpha_scope,
            folds: settings.folds.clone(),
            gap_scans: settings.gap_scans,
            filter_features: settings.filter_features,
            projection: self.step.projection,
        }
    }

    pub(crate) fn empty_scores(
        &self,
        set: &TargetSet,
        n_voxels: usize,
        test_folds: &[String],
        features: &LayerFeatures,
    ) -> Result<Scores, EncodingError> {
        load_mask(set, n_voxels)?;
        let activations = features.activations();
        let metadata = activations.metadata();
        let family = metadata.get("family").cloned();
        // Seed 0 means trained weights, as in the original scripts.
        let trained = metadata.get("seed").is_none_or(|seed| seed == "0");
        let kind = match (&family, trained) {
            _ if metadata.get("kind").is_some_and(|kind| kind == "control") => ModelKind::Control,
            _ if metadata.get("kind").is_some_and(|kind| kind == "canary") => ModelKind::Canary,
            (None, _) => ModelKind::Baseline,
            (Some(_), true) => ModelKind::Model,
            (Some(_), false) => ModelKind::Untrained,
        };
        let info = ScoresInfo {
            model: self.step.model.clone(),
            lang: self.step.lang,
            subject: set.subject.clone(),
            kind,
            family,
            n_parameters: metadata.get("n_parameters").and_then(|n| n.parse().ok()),
            n_hidden: Vec::new(),
            terms: self.terms(features),
            n_runs: set.runs.len(),
            n_voxels,
            mask_sha256: set.mask.as_deref().map(sha256_of_file).transpose()?,
            words_sha256: features.words_sha256().map(str::to_owned),
            transfer: None,
            alphas: self.step.alphas.clone(),
            alpha_index: Vec::new(),
            alpha_counts: Vec::new(),
            test_folds: test_folds.to_vec(),
            fold_means: Vec::new(),
            n_nan_voxels: Vec::new(),
            wall_s: Vec::new(),
        };
        let values = Array2::zeros((activations.n_layers(), n_voxels));
        Ok(Scores { values, info })
    }
}

fn outcome(path: &Path, scores: &Scores, up_to_date: bool) -> FitOutcome {
    let rows = scores.values.rows().into_iter();
    let means = rows.map(|layer| nan_mean(layer.iter().map(|&r| f64::from(r))));
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
