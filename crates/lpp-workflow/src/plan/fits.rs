//! Fits to the average subject and to individual ones.

use std::path::PathBuf;

use lpp_study::beside_scores;

use super::Planner;
use super::scans::{Subject, folder_of};
use crate::given::Given;
use crate::step::{Parameters, Step};

/// Name of the features that know only time.
pub(super) const CANARY: &str = "canary";

impl Planner<'_> {
    fn fit_parameters(&self, name: &str) -> Parameters {
        let config = self.study.config();
        self.with_tr(Parameters::default())
            .with("model", name)
            .with("lang", self.lang)
            .with("trim_scans", config.trim_scans)
            .with("alphas", self.alphas)
    }

    pub(super) fn fits(&self, steps: &mut Vec<Step>, given: &mut Given) {
        let models = self.study.config().models.get(&self.lang);
        for name in self.fitted_names() {
            // Scores of the study's own go into the tables as they are.
            if self.note(given, "lpp-fit", &[self.study.scores(name, self.lang)]) {
                continue;
            }
            let step = self.fit(name);
            let is_model = models.is_some_and(|models| models.iter().any(|model| model == name));
            steps.push(if is_model {
                self.with_extras(step, name)
            } else {
                step
            });
        }
    }

    fn fit(&self, name: &str) -> Step {
        let (n_layers, n_hidden) = self.layers(name);
        let inputs = self.fit_inputs(name);
        let scores = self.path(&self.study.scores(name, self.lang));
        let parameters = self.fit_parameters(name);
        let id = self.id(&format!("fit:{name}"));
        Step::new(id, "lpp-fit", self.estimator().fit(n_layers, n_hidden))
            .arguments(["--model", name])
            .arguments(self.place())
            .output(scores.clone(), &inputs, &parameters)
            .output(scores.with_extension("json"), &inputs, &parameters)
            .output(scores.with_extension("nii.gz"), &inputs, &parameters)
            .inputs(inputs)
    }

    /// Activations first, then words, mask and scans.
    fn fit_inputs(&self, name: &str) -> Vec<PathBuf> {
        let mut inputs = vec![
            self.path(&self.study.activations(name, self.lang)),
            self.path(&self.study.words(self.lang)),
            self.mask(),
        ];
        inputs.extend(self.average_runs());
        inputs
    }

    /// Adds what the configuration asks of the fit of a model beyond its scores.
    fn with_extras(&self, mut step: Step, name: &str) -> Step {
        let wanted = &self.study.config().fits;
        let scores = self.path(&self.study.scores(name, self.lang));
        let inputs = self.fit_inputs(name);
        let (_, n_hidden) = self.layers(name);
        let controls = self.controls();
        // Joint fits and nulls are of the layer that was chosen on inner data.
        if wanted.nested_layer || !controls.is_empty() || wanted.nulls > 0 {
            let nested = beside_scores(&scores, "nested");
            step = step
                .arguments(["--nested-layer"])
                .output(nested, &inputs, &self.fit_parameters(name));
        }
        if !controls.is_empty() {
            let parameters = self.fit_parameters(name).with("controls", &controls);
            let activations = controls
                .iter()
                .map(|control| self.study.activations(control, self.lang));
            let activations: Vec<PathBuf> = activations.map(|path| self.path(&path)).collect();
            let all = [inputs.clone(), activations.clone()].concat();
            step = step
                .arguments(["--controls".to_owned(), wanted.controls.join(",")])
                .inputs(activations)
                .output(beside_scores(&scores, "joint"), &all, &parameters);
            step.cost.seconds += self.estimator().joint_seconds(n_hidden);
        }
        if wanted.nulls > 0 {
            let parameters = self.fit_parameters(name).with("n_nulls", wanted.nulls);
            step = step
                .arguments(["--nulls".to_owned(), wanted.nulls.to_string()])
                .output(beside_scores(&scores, "nulls"), &inputs, &parameters);
            step.cost.seconds += self.estimator().null_seconds(n_hidden, wanted.nulls);
        }
        step
    }

    /// One step a model; the first one prepares the subjects' own masks and scans.
    pub(super) fn individuals(&self, steps: &mut Vec<Step>) {
        let Some(wanted) = self.study.config().individuals.get(&self.lang) else {
            return;
        };
        let known = self.subjects();
        let is_wanted = |s: &&Subject| {
            wanted.subjects.is_empty() || wanted.subjects.iter().any(|name| folder_of(name) == s.name)
        };
        let subjects: Vec<&Subject> = known.iter().filter(is_wanted).collect();
        let at_most = self.options.subjects_per_step.unwrap_or(subjects.len()).max(1);
        let n_groups = subjects.len().div_ceil(at_most);
        for (group, subjects) in subjects.chunks(at_most).enumerate() {
            let part = if n_groups > 1 {
                format!(":{}of{n_groups}", group + 1)
            } else {
                String::new()
            };
            let mut first: Option<String> = None;
            for name in &wanted.models {
                let id = self.id(&format!("fit-individuals:{name}{part}"));
                let mut step = self.individual(id, name, subjects, first.is_none());
                step.after.extend(first.clone());
                first = first.or_else(|| Some(step.id.clone()));
                steps.push(step);
            }
        }
    }

    fn individual(&self, id: String, name: &str, subjects: &[&Subject], prepares: bool) -> Step {
        let (n_layers, n_hidden) = self.layers(name);
        let cost = self
            .estimator()
            .fit_subjects(n_layers, n_hidden, subjects.len() as u64, prepares);
        let activations = self.path(&self.study.activations(name, self.lang));
        let words = self.path(&self.study.words(self.lang));
        let mut step = Step::new(id, "lpp-fit", cost)
            .arguments(["--model", name])
            .arguments(self.place())
            .inputs([activations.clone(), words.clone()]);
        for subject in subjects {
            let mask = self.path(&self.study.subject_mask(&subject.name));
            let runs = 0..self.size.n_runs();
            let cleaned = runs.map(|run| self.path(&self.study.subject_run(&subject.name, self.lang, run)));
            let cleaned: Vec<PathBuf> = cleaned.collect();
            if prepares {
                let resampled: Vec<PathBuf> = subject.runs().collect();
                step = step.output(
                    mask.clone(),
                    &resampled,
                    &Parameters::default().with("symmetric", true),
                );
                for run in &cleaned {
                    step = step.output(run.clone(), std::slice::from_ref(&mask), &Parameters::default());
                }
            }
            let mut inputs = vec![activations.clone(), words.clone(), mask];
            inputs.extend(cleaned);
            if prepares {
                let canary = self.study.subject_scores(&subject.name, CANARY, self.lang);
                let parameters = self.fit_parameters(CANARY).with("subject", &subject.name);
                step = step.output(
                    beside_scores(&self.path(&canary), "nulls"),
                    &inputs[1..],
                    &parameters,
                );
            }
            let parameters = self.fit_parameters(name).with("subject", &subject.name);
            let scores = self.path(&self.study.subject_scores(&subject.name, name, self.lang));
            step = step
                .arguments(["--subject", &subject.name])
                .inputs(subject.runs())
                .output(scores.clone(), &inputs, &parameters)
                .output(scores.with_extension("json"), &inputs, &parameters)
                .output(scores.with_extension("nii.gz"), &inputs, &parameters);
        }
        step
    }
}
