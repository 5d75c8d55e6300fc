//! `lpp-fit`: brain scores and additional files.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, right_hemisphere};
use lpp_study::{Language, Projection, RunKind, Study, beside_scores, map_of, start_times, story_names};

use super::fit_extras::{JointFit, Nulls, PartitionFit, Swaps};
use super::fit_settings::FitSettings;
use super::{place, words};
use crate::{Artefact, Choice, Cost, Estimator, Step, SubjectStep};

/// The search over penalties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AlphaSearch {
    /// Score every penalty on every voxel.
    Exhaustive,
    /// Successive halving over samples of the voxels.
    #[default]
    Screened,
}

impl Choice for AlphaSearch {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::Exhaustive,
            "exhaustive",
            "Score every penalty on every voxel",
        ),
        (
            Self::Screened,
            "screened",
            "Successive halving: all penalties are scored on a random sample of the voxels, then the best ones on larger samples",
        ),
    ];
}

/// Runs used to validate the penalty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InnerRuns {
    /// The first training run.
    #[default]
    First,
    /// Each training run in turn.
    All,
}

impl Choice for InnerRuns {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::First,
            "first",
            "Only the first training run, as in the reference study",
        ),
        (Self::All, "all", "Each training run in turn"),
    ];
}

/// Arithmetic of the products over all voxels; factorisations are always in double precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arithmetic {
    /// `f32`: scores within 1e-4 of double precision, usually 1e-6, at twice the speed.
    #[default]
    Single,
    /// `f64`, as in the reference.
    Double,
}

impl Choice for Arithmetic {
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (
            Self::Single,
            "f32",
            "Single precision: scores within 1e-4 of double, usually 1e-6",
        ),
        (Self::Double, "f64", "Double precision, as in the reference"),
    ];
}

/// The scans to predict, and the files of their scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSet {
    /// Name of the subject, or `average`.
    pub subject: String,
    /// Scans of each run, `.npy` (`n_scans`, `n_voxels`).
    pub runs: Vec<PathBuf>,
    /// The run of the words that each run heard, from 0, if it is not the run at the same place: a story may be heard
    /// several times.
    pub stories: Option<Vec<usize>>,
    /// The mask of the voxels; without it there is no map.
    pub mask: Option<PathBuf>,
    /// The scores to write.
    pub scores: PathBuf,
    /// The map of the best score over layers to write.
    pub score_map: PathBuf,
}

impl TargetSet {
    /// Name of the average subject.
    pub const AVERAGE: &'static str = "average";

    /// The average subject of a study, with the default paths.
    #[must_use]
    pub fn average(study: &Study, model: &str, lang: Language, runs: Vec<PathBuf>) -> Self {
        Self {
            subject: Self::AVERAGE.to_owned(),
            runs,
            stories: None,
            mask: Some(study.mask(lang)),
            scores: study.scores(model, lang),
            score_map: study.score_map(model, lang),
        }
    }

    /// An individual subject, with its own mask and runs.
    #[must_use]
    pub fn individual(study: &Study, model: &str, lang: Language, subject: &SubjectStep) -> Self {
        Self {
            subject: subject.name.clone(),
            runs: subject.cleaned.clone(),
            stories: subject.stories.clone(),
            mask: Some(subject.mask.clone()),
            scores: study.subject_scores(&subject.name, model, lang),
            score_map: study.subject_score_map(&subject.name, model, lang),
        }
    }

    /// The same scans for the time-only control model, whose scores are written next to those of the model.
    #[must_use]
    pub fn canary(&self) -> Self {
        let mut canary = self.clone();
        let name_of = |path: &Path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let name = name_of(&self.scores);
        // The name ends in _LANG.npy; a model's own may have underscores too.
        let ending = name.rfind('_').map_or(name.as_str(), |place| &name[place..]);
        canary
            .scores
            .set_file_name(format!("{}{ending}", CanaryFeatures::NAME));
        canary.score_map = map_of(&canary.scores, RunKind::of_map(&self.score_map));
        canary
    }

    /// The same scores in a folder of the scores, such as `scores/variant-NAME`; those of a subject in its folder there.
    #[must_use]
    pub fn inside(mut self, study: &Study, folder: &str) -> Self {
        let scores = study.scores_dir();
        for path in [&mut self.scores, &mut self.score_map] {
            if let Ok(place) = path.strip_prefix(&scores) {
                *path = scores.join(folder).join(place);
            }
        }
        self
    }

    /// Whether this is the average subject.
    #[must_use]
    pub fn is_average(&self) -> bool {
        self.subject == Self::AVERAGE
    }
}

/// The activations of the time-only control model.
#[derive(Debug, Clone, PartialEq)]
pub struct CanaryFeatures {
    /// Number of scans of each run.
    pub n_scans: Vec<usize>,
    /// Repetition time, seconds.
    pub tr_s: f64,
    /// The activations.
    pub output: PathBuf,
}

impl CanaryFeatures {
    /// Its name in a study.
    pub const NAME: &'static str = "canary";
    /// Number of waves in the first layer.
    pub const N_WAVES: usize = 16;
    /// Number of columns of the second layer.
    pub const N_NOISE: usize = 32;
    /// Seed of the noise.
    pub const SEED: u64 = 0;
    /// Number of nulls of its test.
    pub const N_NULLS: usize = 199;

    /// The activations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .with("n_scans", &self.n_scans)
            .with("tr_s", self.tr_s)
            .with("n_waves", Self::N_WAVES)
            .with("n_noise", Self::N_NOISE)
            .with("seed", Self::SEED)
    }
}

/// The fit of all layers of a model to one or several sets of scans, with optional additional results.
#[derive(Debug, Clone, PartialEq)]
pub struct FitStep {
    /// Name of the model, that of its scores.
    pub model: String,
    /// Language.
    pub lang: Language,
    /// Activations.
    pub activations: PathBuf,
    /// The random projection of the features, which is part of the name.
    pub projection: Option<Projection>,
    /// The words and their times; not needed for features of scans.
    pub words: Option<PathBuf>,
    /// The scans to predict.
    pub targets: Vec<TargetSet>,
    /// Subjects whose masks and runs are made first.
    pub subjects: Vec<SubjectStep>,
    /// The part of a plan's subjects in this step, and the number of parts.
    pub part: Option<(usize, usize)>,
    /// Whether this step of a plan is the one that makes them.
    pub prepares: bool,
    /// Repetition time in seconds, once known.
    pub tr_s: Option<f64>,
    /// Scans trimmed at both ends of each run.
    pub trim_scans: usize,
    /// The penalties.
    pub alphas: Vec<f64>,
    /// The search over penalties.
    pub alpha_search: AlphaSearch,
    /// Runs used to validate the penalties; `None` for the first in the array of scores, as in the reference study, and for
    /// all in the choice of nested layers, joint fits and partitions.
    pub inner: Option<InnerRuns>,
    /// Arithmetic.
    pub arithmetic: Arithmetic,
    /// Response, metric, scope of penalties and folds.
    pub settings: FitSettings,
    /// Time of the first scan of each run on the clock of the words, s; empty if all are at half a repetition time.
    pub start_s: Vec<Option<f64>>,
    /// Names of the stories of the words, in order; without them a story is called by its number.
    pub story_names: Vec<String>,
    /// Whether the scores of each fold and layer are kept too.
    pub keep_folds: bool,
    /// Whether layers are also chosen by nested cross-validation.
    pub nested_layer: bool,
    /// Layer of joint fits, nulls and exchanges; `None` for the layer chosen on inner data.
    pub layer: Option<usize>,
    /// The joint fit with controls.
    pub joint: Option<JointFit>,
    /// The division of explained variance among feature spaces.
    pub partition: Option<PartitionFit>,
    /// The test against nulls.
    pub nulls: Option<Nulls>,
    /// The name of the study, if the weights of each layer are kept too.
    pub keep_model: Option<String>,
    /// The description of a kept model whose weights are scored; nothing is fitted then.
    pub apply: Option<PathBuf>,
    /// The exchanges of sides.
    pub swaps: Option<Swaps>,
    /// Largest number of words of whose activations the dimension of each layer is computed, if it is wanted.
    pub dimensions: Option<usize>,
}

impl FitStep {
    /// Largest number of words of whose activations dimensions are computed.
    pub const MOST_WORDS: usize = 2000;

    /// The same with the settings of a study, and the names of its stories.
    ///
    /// # Errors
    /// As [`FitSettings::of_study`], [`story_names`] and [`start_times`].
    pub fn as_configured(mut self, study: &Study) -> Result<Self, FileError> {
        self.settings = FitSettings::of_study(study)?;
        self.story_names = story_names(study, self.lang)?;
        self.start_s = start_times(study, self.lang)?;
        self.keep_folds = study.config().fit.keep_folds;
        Ok(self)
    }

    /// A fit without targets; inputs default to the study's paths, and settings to those of the study.
    #[must_use]
    pub fn of_study(study: &Study, model: &str, lang: Language) -> Self {
        let config = study.config();
        Self {
            model: model.to_owned(),
            lang,
            activations: study.activations(model, lang),
            projection: None,
            words: Some(study.words(lang)),
            targets: Vec::new(),
            subjects: Vec::new(),
            part: None,
            prepares: false,
            tr_s: config.tr_s,
            trim_scans: config.trim_scans,
            alphas: config.alphas.values().to_vec(),
            alpha_search: AlphaSearch::default(),
            inner: None,
            arithmetic: Arithmetic::default(),
            settings: FitSettings::default(),
            start_s: Vec::new(),
            story_names: Vec::new(),
            keep_folds: false,
            nested_layer: false,
            layer: None,
            joint: None,
            partition: None,
            nulls: None,
            keep_model: None,
            apply: None,
            swaps: None,
            dimensions: None,
        }
    }

    /// Runs that validate the penalties of the array of scores.
    #[must_use]
    pub fn inner_of_scores(&self) -> InnerRuns {
        self.inner.unwrap_or_default()
    }

    /// Runs that validate penalties, layers and the weights of feature spaces where these are chosen.
    #[must_use]
    pub fn inner_of_layers(&self) -> InnerRuns {
        self.inner.unwrap_or(InnerRuns::All)
    }

    /// The same fit of projected features, whose scores have a name of their own.
    #[must_use]
    pub fn projected(self, projection: Projection) -> Self {
        Self {
            model: projection.name_of(&self.model),
            projection: Some(projection),
            ..self
        }
    }

    /// The name of the model that has the features.
    #[must_use]
    pub fn features_name(&self) -> &str {
        let split = self.projection.and_then(|_| Projection::split(&self.model));
        split.map_or(&self.model, |(model, _)| model)
    }

    /// The same fit of the time-only control model.
    #[must_use]
    pub fn canary(&self, study: &Study) -> Self {
        Self {
            model: CanaryFeatures::NAME.to_owned(),
            activations: study.activations(CanaryFeatures::NAME, self.lang),
            projection: None,
            targets: self.targets.iter().map(TargetSet::canary).collect(),
            settings: FitSettings {
                convolve_scans: false,
                filter_features: false,
                ..self.settings.clone()
            },
            keep_folds: false,
            nested_layer: false,
            joint: None,
            partition: None,
            nulls: None,
            keep_model: None,
            swaps: None,
            dimensions: None,
            ..self.clone()
        }
    }

    /// Whether the layer of joint fits and nulls is chosen by the fit, or was requested explicitly.
    #[must_use]
    pub fn chooses_layers(&self) -> bool {
        let of_spaces = self.joint.is_some() || self.partition.is_some();
        let further = of_spaces || self.nulls.is_some() || self.swaps.is_some();
        let needed = self.layer.is_none() && further;
        self.nested_layer || needed
    }

    /// `transfer-My-story-en:gpt2:fr`, by the folder of the scores.
    fn id_of_transfer(&self) -> String {
        let parts = self.targets.iter().flat_map(|set| set.scores.iter());
        let mut names = parts.map(|part| part.to_string_lossy().into_owned());
        let folder = names.find(|name| name.starts_with("transfer-"));
        let subject = self.subjects.iter().map(|subject| format!(":{}", subject.name));
        let subject: String = subject.collect();
        format!(
            "{}:{}{subject}:{}",
            folder.unwrap_or_default(),
            self.model,
            self.lang
        )
    }

    /// How the layer of joint fits and nulls comes about, as in sidecars.
    #[must_use]
    pub fn layer_choice(&self) -> &'static str {
        match self.layer {
            Some(_) => "given",
            None => "in each null",
        }
    }

    /// A file made from the model, the words and the scans of a set.
    pub(super) fn artefact(&self, set: &TargetSet, path: &Path) -> Artefact {
        let artefact = Artefact::new(path)
            .input(&self.activations)
            .inputs(&self.words)
            .inputs(&set.runs)
            .inputs(&set.mask)
            .with("model", &self.model)
            .with("lang", self.lang)
            .with("subject", &set.subject)
            .if_known(
                "projection",
                self.projection.map(|projection| projection.to_string()),
            )
            .if_known("tr_s", self.tr_s)
            .with("trim_scans", self.trim_scans)
            .if_known("stories", set.stories.as_ref())
            .if_known("start_s", (!self.start_s.is_empty()).then_some(&self.start_s));
        if let Some(model) = &self.apply {
            // Its description has the settings of its fit.
            return artefact.input(model);
        }
        let artefact = artefact
            .with("alphas", &self.alphas)
            .with("alpha_search", self.alpha_search.name())
            .with("inner", self.inner_of_scores().name())
            .with("precision", self.arithmetic.name());
        self.settings.add_to(artefact)
    }

    /// The scores of a set, their sidecar, those of nested layers, the map, and the scores of each fold. Each has its own
    /// record, so that a run killed between two of them does not count as complete.
    #[must_use]
    pub fn score_artefacts(&self, set: &TargetSet) -> Vec<Artefact> {
        let nested = self.chooses_layers();
        let beside = |wanted: bool, what| wanted.then(|| beside_scores(&set.scores, what));
        let files = [
            Some(set.scores.clone()),
            Some(set.scores.with_extension("json")),
            beside(nested, "nested"),
            set.mask.as_ref().map(|_| set.score_map.clone()),
            right_hemisphere(&set.score_map).filter(|_| set.mask.is_some()),
            beside(self.keep_folds, "folds"),
        ];
        let later = [beside(true, "runs"), beside(nested, "nested_runs")];
        let of_layers = [beside(nested, "nested"), beside(nested, "nested_runs")];
        let artefact = |path: PathBuf| {
            let inner = if of_layers.contains(&Some(path.clone())) {
                self.inner_of_layers()
            } else {
                self.inner_of_scores()
            };
            self.artefact(set, &path).with("inner", inner.name())
        };
        let files = files.into_iter().flatten().map(artefact);
        let later = later.into_iter().flatten().map(artefact);
        files.chain(later.map(Artefact::added_later)).collect()
    }

    /// The explainable variance of the stories that a subject heard several times, if there are any.
    #[must_use]
    pub fn explainable_artefact(&self, set: &TargetSet) -> Option<Artefact> {
        let stories = set.stories.as_ref()?;
        let is_again = |(place, story)| stories[..place].contains(story);
        let path = set
            .scores
            .with_file_name(format!("explainable_{}.npy", self.lang));
        let artefact = Artefact::new(path)
            .inputs(&set.runs)
            .with("subject", &set.subject)
            .with("trim_scans", self.trim_scans)
            .with("stories", stories);
        stories.iter().enumerate().any(is_again).then_some(artefact)
    }

    /// The test of the time-only control model, for a step made by [`canary`](Self::canary).
    #[must_use]
    pub fn canary_artefact(&self, set: &TargetSet) -> Artefact {
        self.artefact(set, &beside_scores(&set.scores, "nulls"))
            .with("n_nulls", CanaryFeatures::N_NULLS)
    }
}

impl Step for FitStep {
    const PROGRAM: &'static str = "lpp-fit";

    fn id(&self) -> String {
        if self.apply.is_some() {
            return self.id_of_transfer();
        }
        let kind = if self.subjects.is_empty() {
            "fit"
        } else {
            "fit-individuals"
        };
        let part = self
            .part
            .map_or_else(String::new, |(part, n)| format!(":{part}of{n}"));
        format!("{kind}:{}{part}:{}", self.model, self.lang)
    }

    fn arguments(&self) -> Vec<String> {
        let mut arguments = [words(["--model", self.features_name()]), place(self.lang)].concat();
        if let Some(Projection { dims, seed }) = self.projection {
            let (dims, seed) = (dims.to_string(), seed.to_string());
            arguments.extend(words(["--project", &dims, "--project-seed", &seed]));
        }
        if self.chooses_layers() {
            arguments.extend(words(["--nested-layer"]));
        }
        if let Some(joint) = &self.joint {
            arguments.extend(words(["--controls", &joint.asked.join(",")]));
        }
        if let Some(partition) = &self.partition {
            arguments.extend(words(["--partition", &partition.asked.join(",")]));
        }
        if let Some(nulls) = &self.nulls {
            arguments.extend(words(["--nulls", &nulls.n.to_string()]));
            if nulls.refit {
                arguments.extend(words(["--null-refit"]));
            }
        }
        if self.keep_model.is_some() {
            arguments.extend(words(["--keep-model"]));
        }
        if let Some(model) = &self.apply {
            arguments.extend(words(["--apply", &model.to_string_lossy()]));
        }
        if self.swaps.is_some() {
            arguments.extend(words(["--swaps"]));
        }
        if self.dimensions.is_some() {
            arguments.extend(words(["--dimensions"]));
        }
        for subject in &self.subjects {
            arguments.extend(words(["--subject", &subject.name]));
        }
        arguments
    }

    fn artefacts(&self) -> Vec<Artefact> {
        let mut artefacts = Vec::new();
        for (place, set) in self.targets.iter().enumerate() {
            if let Some(subject) = self.subjects.get(place).filter(|_| self.prepares) {
                artefacts.extend(subject.artefacts());
                let canary = Self {
                    model: CanaryFeatures::NAME.to_owned(),
                    ..self.clone()
                };
                // Its activations are made by this very step.
                let mut test = canary.canary_artefact(&set.canary());
                test.inputs.remove(0);
                artefacts.push(test);
            }
            artefacts.extend(self.score_artefacts(set));
            artefacts.extend(self.explainable_artefact(set));
            artefacts.extend(self.joint_artefacts(set));
            artefacts.extend(self.partition_artefacts(set));
            artefacts.extend(self.nulls_artefact(set));
            artefacts.extend(self.swaps_artefact(set));
            artefacts.extend(self.dimensions_artefact(set));
            artefacts.extend(self.model_artefact(set));
        }
        artefacts
    }

    fn further_inputs(&self) -> Vec<PathBuf> {
        self.subjects
            .iter()
            .flat_map(|subject| subject.runs.clone())
            .collect()
    }

    fn cost(&self, estimator: &Estimator) -> Cost {
        let (n_layers, n_hidden) = estimator.layers(&self.model);
        let n_sets = self.targets.len() as u64;
        let mut cost = estimator.fit_subjects(n_layers, n_hidden, n_sets, self.prepares);
        if self.apply.is_some() {
            // Each run is predicted once; the search over penalties of each fold falls away.
            cost.seconds /= estimator.size.n_runs().max(1) as f64;
        }
        if self.joint.is_some() {
            let n_nulls = self.unique_nulls().map_or(0, |nulls| nulls.n);
            cost.seconds += estimator.joint_seconds(n_hidden, n_nulls);
        }
        if self.partition.is_some() {
            let n_nulls = self.part_nulls().map_or(0, |nulls| nulls.n);
            cost.seconds += estimator.partition_seconds(n_hidden, n_nulls);
        }
        if let Some(nulls) = &self.nulls {
            let tested = self.layer.map_or(n_layers, |_| 1);
            cost.seconds += estimator.null_seconds(tested, n_hidden, nulls.n);
        }
        cost
    }
}
