//! Fits to the average subject and to individual ones.

use lpp_steps::{FitStep, JointFit, Nulls, PartitionFit, SubjectStep, Swaps, TargetSet};
use lpp_study::{Projection, Space};

use super::features::unique;
use super::planner::Planner;
use super::scans::{Subject, folder_of};
use crate::call::Call;
use crate::given::Given;

impl Planner<'_> {
    pub(super) fn fits(&self, steps: &mut Vec<Call>, given: &mut Given) {
        if self.has_no_average() {
            return;
        }
        for name in self.fitted_names() {
            // Scores of the study's own go into the tables as they are.
            if self.note(given, "lpp-fit", &[self.study.scores(name, self.lang)]) {
                continue;
            }
            let mut step = self.fit(name);
            if self.is_model(name) {
                self.add_extras(&mut step);
            }
            step.keep_model = self.kept_as(name);
            steps.push(self.call(&step));
            for projection in self.projections(name) {
                steps.push(self.call(&self.projected(name, projection)));
            }
        }
    }

    /// The projections of a model or an untrained twin.
    fn projections(&self, name: &str) -> impl Iterator<Item = Projection> {
        let config = self.study.config();
        let twins = config.untrained.get(&self.lang).into_iter().flatten();
        let is_projected = self.is_model(name) || twins.into_iter().any(|twin| twin == name);
        config.fit.projections().filter(move |_| is_projected)
    }

    fn is_model(&self, name: &str) -> bool {
        let models = self.study.config().models.get(&self.lang);
        models.is_some_and(|models| models.iter().any(|model| model == name))
    }

    /// A fit to the average subject.
    pub(super) fn fit(&self, name: &str) -> FitStep {
        self.of_average(self.configured(name))
    }

    /// A fit of projected features to the average subject.
    fn projected(&self, name: &str, projection: Projection) -> FitStep {
        FitStep {
            nested_layer: self.study.config().fit.nested_layer,
            ..self.of_average(self.configured(name).projected(projection))
        }
    }

    fn of_average(&self, step: FitStep) -> FitStep {
        let runs = (0..self.size.n_runs()).map(|run| self.study.average_run(self.lang, run));
        let average = TargetSet::average(self.study, &step.model, self.lang, runs.collect());
        FitStep {
            targets: vec![average],
            ..step
        }
    }

    /// A fit with the settings of the study, without targets.
    fn configured(&self, name: &str) -> FitStep {
        FitStep {
            settings: self.settings.clone(),
            start_s: self.start_s.clone(),
            story_names: self.story_names.clone(),
            keep_folds: self.study.config().fit.keep_folds,
            ..FitStep::of_study(self.study, name, self.lang)
        }
    }

    /// Adds what the configuration asks of the fit of a model beyond its scores. Joint fits and nulls use the layer
    /// that is chosen on inner data.
    fn add_extras(&self, step: &mut FitStep) {
        let wanted = &self.study.config().fit;
        step.nested_layer = wanted.nested_layer;
        let controls = self.controls();
        let of_name = |name: String| (name.clone(), self.study.activations(&name, self.lang));
        step.joint = (!controls.is_empty()).then(|| {
            JointFit::with(
                wanted.controls.clone(),
                controls.into_iter().map(of_name).collect(),
            )
        });
        let of_space = |space: &Space| {
            let activations = self.study.activations(space.name.as_str(), self.lang);
            (space.clone(), activations)
        };
        step.partition = (!wanted.partition.is_empty())
            .then(|| PartitionFit::with(wanted.partition.iter().map(of_space).collect()));
        step.nulls = (wanted.nulls > 0).then(|| Nulls {
            refit: !self.settings.has_fast_nulls(),
            ..Nulls::circular(wanted.nulls as usize)
        });
        step.swaps = wanted.swaps.then(|| Swaps {
            seed: 0,
            isc: Some(self.study.isc(self.lang)),
        });
    }

    /// One step a model; the first one prepares the subjects' own masks and scans.
    pub(super) fn individuals(&self, steps: &mut Vec<Call>) {
        let configured = self.study.config().individuals.get(&self.lang);
        let (listed, mut models) =
            configured.map_or_else(Default::default, |i| (i.subjects.clone(), i.models.clone()));
        let is_average = !self.has_no_average();
        if !is_average {
            models = unique(self.fitted_names().into_iter().map(str::to_owned).chain(models));
        }
        let known = self.subjects();
        let is_wanted = |s: &&Subject| {
            listed.is_empty() || !is_average || listed.iter().any(|name| folder_of(name) == s.name)
        };
        let subjects: Vec<&Subject> = known.iter().filter(is_wanted).collect();
        let at_most = self.options.subjects_per_step.unwrap_or(subjects.len()).max(1);
        let n_groups = subjects.len().div_ceil(at_most);
        for (group, subjects) in subjects.chunks(at_most).enumerate() {
            let part = (n_groups > 1).then_some((group + 1, n_groups));
            let mut first: Option<String> = None;
            for name in &models {
                let mut step = self.individual(name, subjects, part, first.is_none());
                if !is_average && self.is_model(name) {
                    self.add_extras(&mut step);
                    step.keep_model = self.kept_as(name);
                }
                let mut call = self.call(&step);
                call.after.extend(first.clone());
                first = first.or_else(|| Some(call.id.clone()));
                steps.push(call);
            }
        }
    }

    pub(super) fn individual(
        &self,
        name: &str,
        subjects: &[&Subject],
        part: Option<(usize, usize)>,
        prepares: bool,
    ) -> FitStep {
        let subject = |subject: &&Subject| {
            let n_runs = subject.n_runs().unwrap_or(self.size.n_runs());
            let runs = subject.runs(self.study).collect();
            SubjectStep {
                stories: subject.stories.clone(),
                confounds: subject.confounds.clone(),
                ..SubjectStep::of_study(self.study, self.lang, &subject.name, runs, n_runs)
            }
        };
        let subjects: Vec<SubjectStep> = subjects.iter().map(subject).collect();
        let target = |subject| TargetSet::individual(self.study, name, self.lang, subject);
        FitStep {
            targets: subjects.iter().map(target).collect(),
            subjects,
            part,
            prepares,
            ..self.configured(name)
        }
    }
}
