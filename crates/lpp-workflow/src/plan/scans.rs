//! From published scans to the average subject, and the regions.

use std::path::{Path, PathBuf};

use lpp_fmri::{
    FmriError, Mask, REFERENCE_RADIUS_MM, SphereCentre, SubjectRuns, derivative_runs, resampled_dir,
    resampled_name, resampled_runs, sphere,
};
use lpp_study::Study;

use super::Planner;
use crate::step::{Check, Parameters, Step};

impl Planner<'_> {
    /// Subjects on the working grid, as far as they are known: each with the runs it has or will have.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let published = derivative_runs(self.study, self.lang).unwrap_or_default();
        let there = resampled_runs(self.study, self.lang).unwrap_or_default();
        let configured = self.study.config().subjects.get(&self.lang);
        let wanted = |name: &str| configured.is_none_or(|list| list.iter().any(|s| folder_of(s) == name));
        let mut names: Vec<String> = published.iter().chain(&there).map(|s| s.name.clone()).collect();
        names.retain(|name| wanted(name));
        names.extend(configured.into_iter().flatten().map(|s| folder_of(s)));
        names.sort();
        names.dedup();
        let runs_of = |list: &[SubjectRuns], name: &str| {
            let runs = list.iter().find(|s| s.name == name).map(|s| s.runs.clone());
            self.paths(&runs.unwrap_or_default())
        };
        names
            .into_iter()
            .map(|name| Subject {
                published: runs_of(&published, &name),
                resampled: runs_of(&there, &name),
                folder: self.path(&resampled_dir(self.study, self.lang).join(&name)),
                name,
            })
            .collect()
    }

    /// From published scans to the average subject, if there are scans or subjects are named.
    pub(super) fn scans(&self, steps: &mut Vec<Step>) {
        let subjects = self.subjects();
        if subjects.is_empty() {
            return;
        }
        steps.extend(
            subjects
                .iter()
                .filter(|s| s.is_resampled_here())
                .map(|s| self.resample(s)),
        );
        steps.push(self.common_mask(&subjects));
        steps.push(self.average(&subjects));
    }

    fn resample(&self, subject: &Subject) -> Step {
        let id = self.id(&format!("resample:{}", subject.name));
        let mut step = Step::new(id, "lpp-resample", self.estimator().resample())
            .arguments(self.place())
            .arguments(["--subject", &subject.name]);
        if subject.published.is_empty() {
            // Which runs there are shows when they have been fetched.
            let published = PathBuf::from("derivatives").join(&subject.name).join("func");
            step.check = Check::Presence;
            return step
                .input(published)
                .output(subject.folder.clone(), &[], &Parameters::default());
        }
        let cubic = Parameters::default().with("interpolation", "Cubic");
        for run in &subject.published {
            let output = subject.folder.join(resampled_name(run));
            step = step
                .input(run.clone())
                .output(output, std::slice::from_ref(run), &cubic);
        }
        step
    }

    fn common_mask(&self, subjects: &[Subject]) -> Step {
        let runs: Vec<PathBuf> = subjects.iter().flat_map(Subject::runs).collect();
        let parameters = Parameters::default().with("symmetric", true);
        let mut step = Step::new(self.id("mask"), "lpp-mask", self.estimator().mask())
            .arguments(self.place())
            .output(self.mask(), &runs, &parameters)
            .inputs(runs);
        // Regions outside of the mask are left out.
        step.brings_inputs = true;
        step
    }

    fn average(&self, subjects: &[Subject]) -> Step {
        let config = self.study.config();
        let mut step = Step::new(self.id("average"), "lpp-average", self.estimator().average())
            .arguments(self.place())
            .input(self.mask())
            .inputs(subjects.iter().flat_map(Subject::runs));
        let cleaning = Parameters::default().with("tr_s", config.tr_s);
        for (run, path) in self.average_runs().into_iter().enumerate() {
            let mut inputs: Vec<PathBuf> = subjects.iter().filter_map(|s| s.run(run)).collect();
            inputs.push(self.mask());
            step = step.output(path, &inputs, &cleaning);
        }
        let trials = Parameters::default()
            .with("subjects", subjects.iter().map(|s| &s.name).collect::<Vec<_>>())
            .with("trim_scans", config.trim_scans)
            .with("alphas", self.alphas);
        step.output(
            self.path(&self.study.isc(self.lang)),
            &self.average_runs(),
            &trials,
        )
    }

    pub(super) fn rois(&self) -> Step {
        let parameters = Parameters::default();
        let step = Step::new("rois".to_owned(), "lpp-rois", self.estimator().small(1e4))
            .arguments(self.place())
            .input(self.mask());
        region_masks(self.study, &self.mask())
            .into_iter()
            .fold(step, |step, region| {
                step.output(self.path(&region), &[self.mask()], &parameters)
            })
    }
}

/// A subject of a plan.
pub(super) struct Subject {
    /// `sub-EN057`.
    pub(super) name: String,
    /// The published runs, if they are there.
    published: Vec<PathBuf>,
    /// The runs on the working grid, if they are there.
    resampled: Vec<PathBuf>,
    /// Where the latter are or will be.
    folder: PathBuf,
}

impl Subject {
    /// Whether the runs on the working grid are made here, or given.
    fn is_resampled_here(&self) -> bool {
        !self.published.is_empty() || self.resampled.is_empty()
    }

    /// The runs on the working grid; the folder as long as they are not known.
    pub(super) fn runs(&self) -> impl Iterator<Item = PathBuf> {
        let runs: Vec<PathBuf> = if !self.published.is_empty() {
            self.published
                .iter()
                .map(|run| self.folder.join(resampled_name(run)))
                .collect()
        } else if !self.resampled.is_empty() {
            self.resampled.clone()
        } else {
            vec![self.folder.clone()]
        };
        runs.into_iter()
    }

    fn run(&self, run: usize) -> Option<PathBuf> {
        self.runs().nth(run)
    }
}

pub(super) fn folder_of(subject: &str) -> String {
    format!("sub-{}", subject.strip_prefix("sub-").unwrap_or(subject))
}

/// The masks of the regions that `lpp-rois` makes from a mask: all, or those with a voxel inside once the mask is there.
pub(super) fn region_masks(study: &Study, mask: &Path) -> Vec<PathBuf> {
    let mask = Mask::load(&study.root().join(mask)).ok();
    let is_inside = |centre: &SphereCentre| {
        let outside = |mask: &Mask| {
            let found = sphere(mask, centre.centre_mm, REFERENCE_RADIUS_MM);
            matches!(found, Err(FmriError::EmptySphere { .. }))
        };
        !mask.as_ref().is_some_and(outside)
    };
    let centres = SphereCentre::reference_set().into_iter().filter(is_inside);
    centres.map(|centre| study.roi_mask(&centre.name)).collect()
}
