//! From published scans to the average subject, and the regions.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use lpp_files::{FileError, natural_order};
use lpp_fmri::{Grid, Interpolation, SphereCentre};
use lpp_steps::{
    AverageStep, ConfoundColumns, MaskStep, ResampleStep, RoisStep, Step, confounds_of, has_symmetric_masks,
};
use lpp_study::{
    Language, RunKind, Study, SubjectRuns, SubjectsError, derivative_runs, resampled_dir, resampled_name,
    resampled_runs,
};

use super::planner::Planner;
use crate::call::Call;
use crate::given::{Given, is_given};

impl Planner<'_> {
    /// The known subjects on the working grid, each with the runs that it has or will have.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let published = derivative_runs(self.study, self.lang).unwrap_or_default();
        let there = resampled_runs(self.study, self.lang).unwrap_or_default();
        let configured = self.study.config().subjects.get(&self.lang);
        let listed: Option<HashSet<String>> =
            configured.map(|list| list.iter().map(|subject| folder_of(subject)).collect());
        let wanted = |name: &str| listed.as_ref().is_none_or(|listed| listed.contains(name));
        let mut names: Vec<String> = published.iter().chain(&there).map(|s| s.name.clone()).collect();
        names.retain(|name| wanted(name));
        names.extend(configured.into_iter().flatten().map(|s| folder_of(s)));
        names.sort_by(|a, b| natural_order(a, b));
        names.dedup();
        let (published, there) = (by_name(&published), by_name(&there));
        let runs_of = |list: &HashMap<&str, &SubjectRuns>, name: &str| {
            let runs = list.get(name).map_or(&[][..], |subject| &subject.runs);
            self.paths(runs)
        };
        let listed = |name: &str| there.get(name).or_else(|| published.get(name)).copied();
        names
            .into_iter()
            .map(|name| Subject {
                published: self.grid.map_or_else(Vec::new, |_| runs_of(&published, &name)),
                resampled: runs_of(&there, &name),
                folder: self.path(&resampled_dir(self.study, self.lang).join(&name)),
                stories: listed(&name).and_then(|subject| subject.stories.clone()),
                confounds: listed(&name)
                    .and_then(|subject| confounds_of(self.study, subject).ok())
                    .unwrap_or_default(),
                name,
            })
            .collect()
    }

    /// From published scans to the average subject, if there are scans or given subjects.
    ///
    /// What is the study's own is not made again: runs on the grid, the mask, the average. An average that is given may have
    /// its correlation or not; no step could make one that belongs to it. One or two subjects have no average.
    pub(super) fn scans(&self, steps: &mut Vec<Call>, given: &mut Given) {
        let subjects = self.subjects();
        if subjects.is_empty() {
            return;
        }
        for (subject, grid) in subjects
            .iter()
            .filter(|s| s.is_resampled_here())
            .zip(self.grid.into_iter().cycle())
        {
            let runs: Vec<PathBuf> = subject.runs(self.study).collect();
            if !self.note(given, "lpp-resample", &runs) {
                steps.push(self.resample(subject, grid));
            }
        }
        if self.has_no_average() {
            return;
        }
        if !self.note(given, "lpp-mask", &[self.mask()]) {
            steps.push(self.common_mask(&subjects));
        }
        if !self.note(given, "lpp-average", &self.average_runs()) {
            steps.push(self.average(&subjects));
        }
    }

    /// Whether there are too few subjects for an average, and nobody made one: each subject is then fitted.
    pub(super) fn has_no_average(&self) -> bool {
        // Asked for each model; the scans are listed once.
        *self.no_average.get_or_init(|| {
            let n_subjects = self.subjects().len();
            (1..FEWEST_AVERAGED).contains(&n_subjects) && !self.study.average_run(self.lang, 0).exists()
        })
    }

    fn resample(&self, subject: &Subject, target: Grid) -> Call {
        let are_known = !subject.published.is_empty();
        let images = if are_known {
            let output = |run: &PathBuf| (run.clone(), subject.folder.join(resampled_name(self.study, run)));
            subject.published.iter().map(output).collect()
        } else {
            // Which runs there are shows when they have been fetched.
            let published = PathBuf::from("derivatives").join(&subject.name).join("func");
            vec![(published, subject.folder.clone())]
        };
        self.call(&ResampleStep {
            subject: Some((subject.name.clone(), self.lang)),
            images,
            are_known,
            target,
            interpolation: Interpolation::Cubic,
        })
    }

    fn common_mask(&self, subjects: &[Subject]) -> Call {
        let runs: Vec<PathBuf> = subjects
            .iter()
            .flat_map(|subject| subject.runs(self.study))
            .collect();
        self.call(&MaskStep {
            lang: self.lang,
            symmetric: has_symmetric_masks(self.study, &runs),
            runs,
            output: self.mask(),
        })
    }

    fn average(&self, subjects: &[Subject]) -> Call {
        // A correlation that is given belongs to the average; no step could make one that does.
        let given = is_given(self.study, AverageStep::PROGRAM, &self.study.isc(self.lang));
        let named = subjects
            .iter()
            .map(|subject| (subject.name.clone(), subject.runs(self.study).collect()));
        let mut step = AverageStep::of_study(self.study, self.lang, named.collect());
        step.confounds = subjects.iter().map(|subject| subject.confounds.clone()).collect();
        step.stories = subjects.first().and_then(|subject| subject.stories.clone());
        step.mask = Some(self.mask());
        step.tr_s = self.study.config().tr_s;
        step.averages = self.average_runs();
        if given {
            step.n_trials = 0;
        }
        self.call(&step)
    }

    /// The regions, unless the study provides regions or has them disabled; a region outside the mask is omitted.
    pub(super) fn rois(&self, given: &mut Given) -> Vec<Call> {
        let of = |(subject, view): (Option<String>, Study)| {
            let own = self.note(given, "lpp-rois", &masks_in(&view.roi_dir()));
            let step = RoisStep {
                subject,
                ..RoisStep::of_study(&view, self.lang)
            };
            let has_spheres = view.config().regions && view.kind() == RunKind::Volume;
            (!own && has_spheres).then(|| self.call(&step))
        };
        self.analysed().into_iter().filter_map(of).collect()
    }

    /// The average subject, or each subject in its place.
    pub(super) fn analysed(&self) -> Vec<(Option<String>, Study)> {
        if !self.has_no_average() {
            return vec![(None, self.study.clone())];
        }
        let view = |subject: Subject| {
            (
                Some(subject.name.clone()),
                self.study.clone().of_subject(&subject.name),
            )
        };
        self.subjects().into_iter().map(view).collect()
    }
}

fn by_name(subjects: &[SubjectRuns]) -> HashMap<&str, &SubjectRuns> {
    subjects
        .iter()
        .map(|subject| (subject.name.as_str(), subject))
        .collect()
}

/// Existing scans must be runs of one kind; missing scans are not an error.
pub(super) fn check(study: &Study, lang: Language) -> Result<(), SubjectsError> {
    for found in [derivative_runs(study, lang), resampled_runs(study, lang)] {
        match found {
            Ok(subjects) => {
                for subject in &subjects {
                    confounds_of(study, subject)?;
                }
            }
            Err(
                SubjectsError::File(FileError::Read { .. })
                | SubjectsError::NoScans { .. }
                | SubjectsError::NoSubjects { .. },
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
    /// The published runs, if they exist.
    published: Vec<PathBuf>,
    /// The runs on the working grid, if they exist.
    resampled: Vec<PathBuf>,
    /// Where the latter are or will be.
    folder: PathBuf,
    /// The run of the words that each run heard, if it is not the run at the same place.
    pub(super) stories: Option<Vec<usize>>,
    /// The confounds that are removed from each run; empty for none.
    pub(super) confounds: Vec<ConfoundColumns>,
}

/// Fewer subjects are not averaged.
const FEWEST_AVERAGED: usize = 3;

impl Subject {
    /// Number of runs, if they are known.
    pub(super) fn n_runs(&self) -> Option<usize> {
        [self.published.len(), self.resampled.len()]
            .into_iter()
            .find(|n| *n > 0)
    }

    /// Whether the runs on the working grid are made here, or given.
    fn is_resampled_here(&self) -> bool {
        !self.published.is_empty() || self.resampled.is_empty()
    }

    /// The runs on the working grid, or the folder if they are not known yet.
    pub(super) fn runs(&self, study: &Study) -> impl Iterator<Item = PathBuf> {
        let runs: Vec<PathBuf> = if !self.published.is_empty() {
            self.published
                .iter()
                .map(|run| self.folder.join(resampled_name(study, run)))
                .collect()
        } else if !self.resampled.is_empty() {
            self.resampled.clone()
        } else {
            vec![self.folder.clone()]
        };
        runs.into_iter()
    }
}

pub(super) fn folder_of(subject: &str) -> String {
    format!("sub-{}", subject.strip_prefix("sub-").unwrap_or(subject))
}

/// Existing images of regions.
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
