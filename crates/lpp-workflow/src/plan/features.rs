//! The activations of models and baselines.

use std::path::Path;

use lpp_study::{AnnotationCorrections, FeatureSource};

use super::Planner;
use crate::given::{Given, is_own};
use crate::size::model_size;
use crate::step::{Parameters, Step};

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

    /// The names of all features: those, what individual subjects are fitted with, and controls that go beside models.
    fn names(&self) -> Vec<String> {
        let config = self.study.config();
        let individuals = config.individuals.get(&self.lang);
        let individuals = individuals.into_iter().flat_map(|i| &i.models).cloned();
        let fitted = self.fitted_names().into_iter().map(str::to_owned);
        unique(fitted.chain(individuals).chain(self.controls()))
    }

    /// Names of the controls beside which models are fitted too.
    pub(super) fn controls(&self) -> Vec<String> {
        let config = self.study.config();
        if config.models.get(&self.lang).is_none_or(Vec::is_empty) {
            return Vec::new();
        }
        let controls = config.fits.controls.iter();
        controls.map(|name| format!("control_{name}")).collect()
    }

    pub(super) fn features(&self, steps: &mut Vec<Step>, given: &mut Given) {
        let mut first: Option<String> = None;
        let own_words = is_own(self.study, &self.study.words(self.lang));
        for name in self.names() {
            let program = FeatureSource::of_name(&name).program();
            let own = self.note(given, program, &[self.study.activations(&name, self.lang)]);
            let Some(mut step) = self.activations(&name).filter(|_| !own) else {
                continue;
            };
            // All of them write the words if these are not there; the first one does.
            if let Some(first) = &first {
                step.after.push(first.clone());
            } else if !own_words {
                let parameters = Parameters::default().with("lang", self.lang);
                let annotation = self.path(&self.study.annotation(self.lang));
                step = step.output(
                    self.path(&self.study.words(self.lang)),
                    &[annotation],
                    &parameters,
                );
                first = Some(step.id.clone());
            }
            steps.push(step);
        }
    }

    /// The corrections that the annotation gets; a file that cannot be read is for the program to name.
    fn corrections(&self) -> AnnotationCorrections {
        let asked = self.study.config().annotation_corrections;
        asked
            .resolve(&self.study.annotation(self.lang), self.lang)
            .unwrap_or(asked)
    }

    /// What makes the features `name`; nothing does if they need files that a configuration cannot name.
    fn activations(&self, name: &str) -> Option<Step> {
        let features = FeatureSource::of_name(name);
        let annotation = self.path(&self.study.annotation(self.lang));
        let output = self.path(&self.study.activations(name, self.lang));
        let parameters = Parameters::default()
            .with("lang", self.lang)
            .with("corrections", self.corrections());
        Some(match &features {
            // The recordings of an envelope are given to lpp-controls by hand.
            FeatureSource::Control { name } if name == "envelope" => return None,
            FeatureSource::Control { name } => {
                let parameters = parameters.with("control", name);
                let cost = self.estimator().vectors(1);
                Step::new(self.id(&format!("controls:{name}")), "lpp-controls", cost)
                    .arguments(["--controls", name])
                    .arguments(self.place())
                    .input(annotation.clone())
                    .output(output, &[annotation], &parameters)
            }
            FeatureSource::Glove => {
                let file = self.path(&self.study.glove());
                let cost = self.estimator().vectors(300);
                Step::new(self.id("glove"), "lpp-glove", cost)
                    .arguments(["--glove".to_owned(), file.display().to_string()])
                    .arguments(self.place())
                    .inputs([annotation.clone(), file.clone()])
                    .output(output, &[annotation, file], &parameters)
            }
            FeatureSource::Random { kind, n_dims, seed } => {
                let parameters = parameters
                    .with("type", kind)
                    .with("dims", n_dims)
                    .with("seed", seed);
                let (dims, seed) = (n_dims.to_string(), seed.to_string());
                let id = self.id(&format!("random:{kind}_{n_dims}d_seed{seed}"));
                Step::new(id, "lpp-random", self.estimator().vectors(*n_dims))
                    .arguments(["--type", kind, "--dims", &dims, "--seed", &seed])
                    .arguments(self.place())
                    .input(annotation.clone())
                    .output(output, &[annotation], &parameters)
            }
            FeatureSource::Model { model, seed } => {
                let parameters = parameters.with("model", name).with("seed", seed.unwrap_or(0));
                self.model(name, model, *seed, &output, &annotation, &parameters)
            }
        })
    }

    fn model(
        &self,
        name: &str,
        model: &str,
        seed: Option<u64>,
        output: &Path,
        annotation: &Path,
        parameters: &Parameters,
    ) -> Step {
        let size = model_size(self.study, model);
        let whole = size.map(|size| self.estimator().extract(&size, false));
        let stream = whole.is_some_and(|cost| cost.memory_bytes > self.options.memory_bytes);
        let cost = size.map(|size| self.estimator().extract(&size, stream));
        let mut inputs = vec![annotation.to_owned()];
        // A model that is not in the study is in the cache of the hub, or will be.
        let configuration = self.study.model_dir(model).join("config.json");
        inputs.extend(configuration.exists().then(|| self.path(&configuration)));
        let mut step = Step::new(
            self.id(&format!("extract:{name}")),
            "lpp-extract",
            cost.unwrap_or_default(),
        )
        .arguments(["--model", model])
        .arguments(self.place())
        .output(output.to_owned(), &inputs, parameters)
        .inputs(inputs)
        .input(self.path(&self.study.text(self.lang)));
        if let Some(seed) = seed {
            step = step.arguments(["--seed".to_owned(), seed.to_string()]);
        }
        if stream {
            step = step.arguments(["--stream-layers"]);
        }
        step
    }

    /// Layers and width of features.
    pub(super) fn layers(&self, name: &str) -> (u64, u64) {
        match FeatureSource::of_name(name) {
            FeatureSource::Control { .. } => (1, 1),
            FeatureSource::Glove => (1, 300),
            FeatureSource::Random { n_dims, .. } => (1, n_dims),
            FeatureSource::Model { model, .. } => {
                model_size(self.study, &model).map_or((1, 1024), |size| (size.n_blocks + 1, size.n_hidden))
            }
        }
    }
}

/// Each of `names` once, where it comes first.
fn unique<T: PartialEq>(names: impl Iterator<Item = T>) -> Vec<T> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}
