//! The activations of models and baselines.

use std::collections::HashSet;
use std::hash::Hash;
use std::path::PathBuf;

use lpp_files::StoredAs;
use lpp_steps::{
    AnnotationSource, ControlStep, Dtype, ExtractStep, FetchModelStep, GloveStep, RandomStep,
    ScanControlStep, WordsStep,
};
use lpp_study::FeatureSource;

use super::planner::Planner;
use crate::call::Call;
use crate::given::{Given, is_given, is_own};

/// The control that needs recordings, which a configuration cannot name.
const BY_HAND: &str = "envelope";
/// Controls that are properties of scans.
const OF_SCANS: [&str; 2] = ["pictures", "dvars"];
/// The control that needs the text.
const OF_TEXT: &str = "pwr";

impl Planner<'_> {
    /// The names of all features that are fitted to the average subject, in the order of the configuration.
    pub(super) fn fitted_names(&self) -> Vec<&str> {
        let config = self.study.config();
        let groups = [
            &config.baselines,
            &config.models,
            &config.untrained,
            &config.training,
        ];
        let listed = groups.iter().filter_map(|group| group.get(&self.lang)).flatten();
        unique(listed.map(String::as_str))
    }

    /// The names of all features: those, the ones for individual subjects, the controls of joint fits, and the other spaces of
    /// partitions.
    fn names(&self) -> Vec<String> {
        let config = self.study.config();
        let individuals = config.individuals.get(&self.lang);
        let individuals = individuals.into_iter().flat_map(|i| &i.models).cloned();
        let fitted = self.fitted_names().into_iter().map(str::to_owned);
        let spaces = config.fit.partition.iter().map(|space| space.name.to_string());
        let spaces = spaces.filter(|_| self.has_models());
        unique(fitted.chain(individuals).chain(self.controls()).chain(spaces))
    }

    /// Names of the controls that are fitted jointly with models.
    pub(super) fn controls(&self) -> Vec<String> {
        let controls = self.study.config().fit.controls.iter();
        let controls = controls.filter(|_| self.has_models());
        controls.map(|name| format!("control_{name}")).collect()
    }

    fn has_models(&self) -> bool {
        let models = self.study.config().models.get(&self.lang);
        models.is_some_and(|models| !models.is_empty())
    }

    pub(super) fn features(&self, steps: &mut Vec<Call>, given: &mut Given) {
        let mut first: Option<String> = None;
        let words = self.study.words(self.lang);
        let own_words = is_own(self.study, &words) || self.annotation().is_table(&words);
        for name in self.names() {
            let source = FeatureSource::of_name(&name);
            let own = self.is_scored_already(&name)
                || self.note(
                    given,
                    source.program(),
                    &[self.study.activations(&name, self.lang)],
                );
            // Each of them writes the words if they do not exist; the first one does.
            let words = (first.is_none() && !own_words).then(|| self.words());
            let makes_words = words.is_some();
            let Some(mut step) = self.activations(&name, &source, words).filter(|_| !own) else {
                continue;
            };
            step.after.extend(first.clone());
            if makes_words {
                first = Some(step.id.clone());
            }
            steps.push(step);
        }
    }

    /// Whether the study provides the scores of the average subject, and nobody else needs the features.
    fn is_scored_already(&self, name: &str) -> bool {
        let individuals = self.study.config().individuals.get(&self.lang);
        let is_needed = individuals.is_some_and(|i| i.models.iter().any(|model| model == name));
        !is_needed
            && !self.has_no_average()
            && is_given(self.study, "lpp-fit", &self.study.scores(name, self.lang))
    }

    pub(super) fn annotation(&self) -> AnnotationSource {
        let asked = self.study.config().annotation_corrections;
        AnnotationSource::of_study(self.study, self.lang, asked)
    }

    fn words(&self) -> WordsStep {
        WordsStep {
            annotation: self.annotation(),
            output: self.study.words(self.lang),
        }
    }

    /// The step that makes the features `name`; none if they need files that cannot be given in a configuration.
    fn activations(&self, name: &str, source: &FeatureSource, words: Option<WordsStep>) -> Option<Call> {
        let (annotation, output) = (self.annotation(), self.study.activations(name, self.lang));
        Some(match source {
            // The recordings of an envelope are given to lpp-controls by hand.
            FeatureSource::Control { name } if name == BY_HAND => return None,
            // One or two subjects have no average whose scans they could be.
            FeatureSource::Control { name } if OF_SCANS.contains(&name.as_str()) => {
                if self.has_no_average() {
                    return None;
                }
                self.call(&self.control_of_scans(name, output))
            }
            // So is surprisal, by lpp-extract --surprisal.
            FeatureSource::Control { .. } if source.model_of_control().is_some() => return None,
            FeatureSource::Control { name } => self.call(&ControlStep {
                annotation: annotation.clone(),
                control: name.clone(),
                counts: None,
                text: annotation.text(self.study).filter(|_| name == OF_TEXT),
                texts: Vec::new(),
                recordings: None,
                output,
                words,
            }),
            FeatureSource::Glove => self.call(&GloveStep {
                annotation,
                vectors: self.path(&self.study.glove()),
                output,
                words,
            }),
            FeatureSource::Random { kind, n_dims, seed } => self.call(&RandomStep {
                annotation,
                kind,
                n_dims: *n_dims,
                seed: *seed,
                output,
                words,
            }),
            FeatureSource::Model { model, seed } => Call {
                needs_model: Some(FetchModelStep {
                    model: model.clone(),
                    weights: seed.is_none(),
                }),
                ..self.call(&self.model(name, model, *seed, words))
            },
        })
    }

    /// When pictures were shown during the scans of the average subject, or how much the images of all subjects differ from
    /// those before.
    fn control_of_scans(&self, control: &str, output: PathBuf) -> ScanControlStep {
        let is_dvars = control == "dvars";
        let runs = if is_dvars {
            let subjects: Vec<Vec<PathBuf>> = self
                .subjects()
                .iter()
                .map(|subject| subject.runs(self.study).collect())
                .collect();
            let n_runs = subjects.iter().map(Vec::len).max().unwrap_or(0);
            let of_run = |run: usize| {
                subjects
                    .iter()
                    .filter_map(|runs| runs.get(run).cloned())
                    .collect()
            };
            (0..n_runs).map(of_run).collect()
        } else {
            self.average_runs().into_iter().map(|run| vec![run]).collect()
        };
        let config = self.study.config();
        let table = config.fit.pictures.as_ref().filter(|_| !is_dvars);
        ScanControlStep {
            lang: self.lang,
            control: control.to_owned(),
            pictures: table.map(|table| self.path(&self.study.root().join(table))),
            runs,
            mask: is_dvars.then(|| self.mask()),
            tr_s: config.tr_s,
            hrf: (!is_dvars).then(|| self.settings.hrf.to_string()),
            output,
        }
    }

    /// Whether the model must be streamed.
    pub(super) fn is_larger_than_memory(&self, model: &str) -> bool {
        let estimator = self.estimator();
        let size = estimator.model_size(model);
        let whole = size.map(|size| estimator.extract(&size, false));
        whole.is_some_and(|cost| cost.memory_bytes > self.options.memory_bytes)
    }

    fn model(&self, name: &str, model: &str, seed: Option<u64>, words: Option<WordsStep>) -> ExtractStep {
        // A model that is not in the study is in the cache of the hub, or will be.
        let configuration = self.study.model_dir(model).join("config.json");
        let annotation = self.annotation();
        ExtractStep {
            text: annotation.text(self.study),
            annotation,
            model: model.to_owned(),
            name: name.to_owned(),
            seed: seed.unwrap_or(0),
            dropout: seed.map(|_| true),
            dtype: Dtype::default(),
            stored_as: StoredAs::default(),
            window: None,
            context: None,
            files: configuration
                .exists()
                .then_some(configuration)
                .into_iter()
                .collect(),
            stream_layers: self.is_larger_than_memory(model),
            equal_bits: false,
            output: self.study.activations(name, self.lang),
            words,
        }
    }
}

/// Each of `names` once, where it comes first.
pub(super) fn unique<T: Clone + Eq + Hash>(names: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}
