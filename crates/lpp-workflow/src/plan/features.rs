//! The activations of models and baselines.

use lpp_files::StoredAs;
use lpp_steps::{
    AnnotationSource, ControlStep, Dtype, ExtractStep, FetchModelStep, GloveStep, RandomStep, WordsStep,
};
use lpp_study::FeatureSource;

use super::planner::Planner;
use crate::call::Call;
use crate::given::{Given, is_given, is_own};

/// Controls that need files which a configuration cannot name.
const BY_HAND: [&str; 4] = ["envelope", "pwr", "pictures", "dvars"];

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

    /// The names of all features: those, the ones for individual subjects, and the controls of joint fits.
    fn names(&self) -> Vec<String> {
        let config = self.study.config();
        let individuals = config.individuals.get(&self.lang);
        let individuals = individuals.into_iter().flat_map(|i| &i.models).cloned();
        let fitted = self.fitted_names().into_iter().map(str::to_owned);
        unique(fitted.chain(individuals).chain(self.controls()))
    }

    /// Names of the controls that are fitted jointly with models.
    pub(super) fn controls(&self) -> Vec<String> {
        let config = self.study.config();
        if config.models.get(&self.lang).is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let controls = config.fit.controls.iter();
        controls.map(|name| format!("control_{name}")).collect()
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
            // The recordings of an envelope, texts, pictures and scans are given to lpp-controls by hand.
            FeatureSource::Control { name } if BY_HAND.contains(&name.as_str()) => return None,
            // So is surprisal, by lpp-extract --surprisal.
            FeatureSource::Control { .. } if source.model_of_control().is_some() => return None,
            FeatureSource::Control { name } => self.call(&ControlStep {
                annotation,
                control: name.clone(),
                counts: None,
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
pub(super) fn unique<T: PartialEq>(names: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}
