//! From published scans to the average subject, and the regions.

use std::path::{Path, PathBuf};

use lpp_files::{FileError, natural_order};
use lpp_fmri::{
    FmriError, SphereCentre, SubjectRuns, derivative_runs, resampled_dir, resampled_name, resampled_runs,
};
use lpp_study::{Language, Study};

use super::Planner;
use crate::given::{Given, is_given};
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
        names.sort_by(|a, b| natural_order(a, b));
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
    ///
    /// What is the study's own is not made again: runs on the grid, the mask, the average. An average that is given may have
    /// its correlation or not; no step could make one that belongs to it.
    pub(super) fn scans(&self, steps: &mut Vec<Step>, given: &mut Given) {
        let subjects = self.subjects();
        if subjects.is_empty() {
            return;
        }
        for subject in subjects.iter().filter(|s| s.is_resampled_here()) {
            let runs: Vec<PathBuf> = subject.runs().collect();
            if !self.note(given, "lpp-resample", &runs) {
                steps.push(self.resample(subject));
            }
        }
        if !self.note(given, "lpp-mask", &[self.mask()]) {
            steps.push(self.common_mask(&subjects));
        }
        if !self.note(given, "lpp-average", &self.average_runs()) {
            steps.push(self.average(&subjects));
        }
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
        Step::new(self.id("mask"), "lpp-mask", self.estimator().mask())
            .arguments(self.place())
            .output(self.mask(), &runs, &parameters)
            .inputs(runs)
    }

    fn average(&self, subjects: &[Subject]) -> Step {
        let config = self.study.config();
        let mut step = Step::new(self.id("average"), "lpp-average", self.estimator().average())
            .arguments(self.place())
            .input(self.mask())
            .inputs(subjects.iter().flat_map(Subject::runs));
        let cleaning = self.with_tr(Parameters::default());
        for (run, path) in self.average_runs().into_iter().enumerate() {
            let mut inputs: Vec<PathBuf> = subjects.iter().filter_map(|s| s.run(run)).collect();
            inputs.push(self.mask());
            step = step.output(path, &inputs, &cleaning);
        }
        if is_given(self.study, "lpp-average", &self.study.isc(self.lang)) {
            return step.arguments(["--isc-trials", "0"]);
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

    /// The regions, unless the study has some of its own or wants none; one outside of the mask is left out.
    pub(super) fn rois(&self, given: &mut Given) -> Option<Step> {
        let own = self.note(given, "lpp-rois", &masks_in(&self.study.roi_dir()));
        if own || !self.study.config().regions {
            return None;
        }
        let parameters = Parameters::default();
        let mut step = Step::new("rois".to_owned(), "lpp-rois", self.estimator().small(1e4))
            .arguments(self.place())
            .input(self.mask());
        step.may_leave_out = true;
        Some(region_masks(self.study).into_iter().fold(step, |step, region| {
            step.output(self.path(&region), &[self.mask()], &parameters)
        }))
    }
}

/// Scans that are there must be runs of one kind; that there are none, or none yet, is no error.
pub(super) fn check(study: &Study, lang: Language) -> Result<(), FmriError> {
    for found in [derivative_runs(study, lang), resampled_runs(study, lang)] {
        match found {
            Ok(_)
            | Err(
                FmriError::File(FileError::Read { .. })
                | FmriError::NoScans { .. }
                | FmriError::NoSubjects { .. },
            ) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
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

/// Images of regions that are there.
pub(super) fn masks_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut masks: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    masks.retain(|path| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        !name.starts_with(b".") && (name.ends_with(b".nii.gz") || name.ends_with(b".nii"))
    });
    masks.sort();
    masks
}

pub(super) fn region_masks(study: &Study) -> Vec<PathBuf> {
    let centres = SphereCentre::reference_set();
    centres
        .iter()
        .map(|centre| study.roi_mask(&centre.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn scans_of_several_kinds_are_no_study_without_scans() {
        let dir = tempfile::tempdir().unwrap();
        let checked =
            || check(&Study::open(dir.path()).unwrap(), Language::English).map_err(|e| e.to_string());
        assert!(checked().is_ok(), "no scans yet");
        let func = dir.path().join("derivatives/sub-EN01/func");
        fs::create_dir_all(&func).unwrap();
        assert!(checked().is_ok(), "a download has begun");
        let add = |name: &str| fs::write(func.join(format!("sub-EN01_{name}.nii.gz")), "").unwrap();
        add("run-1_space-A_bold");
        add("run-2_space-A_bold");
        add("run-1_space-A_boldref");
        assert!(checked().is_ok());
        for (name, part) in [
            ("run-1_space-B_bold", "space-B"),
            ("run-01_space-A_bold", "a second run 1"),
            ("run-3_space-A_echo-2_bold", "echo-2"),
        ] {
            add(name);
            let error = checked().unwrap_err();
            assert!(error.contains("sub-EN01") && error.contains(part), "{error}");
            fs::remove_file(func.join(format!("sub-EN01_{name}.nii.gz"))).unwrap();
        }
        add("run-1_space-B_bold");
        fs::write(dir.path().join("lpp.toml"), "[corpus]\nonly = [\"space-B\"]\n").unwrap();
        assert!(checked().is_ok());
    }
}
