//! The average subject and the inter-subject correlation, from files to files.

use std::path::{Path, PathBuf};

use lpp_files::{Progress, check_distinct_contents, check_outputs, npy};
use lpp_fmri::{BrainMask, CleaningParams};
use lpp_preparation::RepetitionTime;
use lpp_ridge::{RidgeCv, RidgeError};
use lpp_stats::nan_mean;
use lpp_steps::{Artefact, AverageStep, ConfoundColumns, Making, Software, confounds_of};
use lpp_study::{Language, PairRuns, Study, SubjectRuns, averaged_runs, check_pairs};
use ndarray::Array2;
use rayon::prelude::*;

use crate::EncodingError;
use crate::group_means::GroupMeans;
use crate::prepared::search_of;
use crate::scratch::{Scratch, Waiting};
use crate::split_half::{SplitHalf, SplitHalfScores, split_half_scores};
use crate::subject_signals::SignalSource;
use crate::voxel_halves::VoxelHalves;

/// Runs of many subjects in, the average subject and the inter-subject correlation out.
///
/// The subjects of each run are read one after the other, with one in memory per thread, so memory does not grow with
/// their number. The means of the split halves are stored in a hidden folder next to the correlations until their trial
/// is fitted: 5.5 GB of disk space for ten trials at the size of the study. The signals of one run of all subjects are
/// stored there too: 30 MB per subject.
///
/// ```no_run
/// use lpp_encoding::AverageJob;
/// use lpp_files::Silent;
/// use lpp_steps::Software;
/// use lpp_study::{Language, Study};
///
/// # fn main() -> Result<(), lpp_encoding::EncodingError> {
/// let job = AverageJob::of_study(&Study::open("study")?, Language::English)?;
/// let software = Software { program: "my-program", version: "0.1.0", commit: None };
/// let report = job.run(software, &Silent)?;
/// println!("{} subjects, {} voxels", report.n_subjects, report.n_voxels);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AverageJob {
    /// Inputs, outputs and parameters. The inputs are the runs of many subjects. The outputs are a folder of averages,
    /// `f32`, (`n_scans`, `n_voxels`), not trimmed; the correlation, `f32`, (`n_trials`, `n_voxels`); and beside it the
    /// correlations of halves in each voxel, (`n_trials`, `n_runs`, `n_voxels`), and without each subject,
    /// (`n_subjects`, `n_runs`, `n_voxels`).
    pub step: AverageStep,
    /// The subjects; all have the same runs.
    pub subjects: Vec<SubjectRuns>,
    /// How runs are paired between subjects. `None`: by position for files of ds003643, by label for all others.
    pub pair_runs: Option<PairRuns>,
    /// What is said of the repetition time, besides the runs.
    pub tr: RepetitionTime,
    /// Recompute even if the averages are up to date.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone)]
pub struct AverageReport {
    /// Number of subjects.
    pub n_subjects: usize,
    /// Number of voxels.
    pub n_voxels: usize,
    /// The average subject's runs.
    pub averages: Vec<PathBuf>,
    /// The divisions, if they were computed.
    pub halves: Vec<SplitHalf>,
    /// Position of the penalty of each fold, for each trial.
    pub alpha_index: Vec<Vec<usize>>,
    /// Mean correlation over the voxels that have one, for each trial.
    pub mean_isc: Vec<f64>,
    /// Whether everything was already up to date.
    pub up_to_date: bool,
}

impl AverageJob {
    /// The job of a study: its resampled runs, its mask, its outputs, the settings of the reference.
    ///
    /// # Errors
    /// [`EncodingError`] if there are no resampled runs.
    pub fn of_study(study: &Study, lang: Language) -> Result<Self, EncodingError> {
        let first = study.average_run(lang, 0);
        let folder = first.parent().unwrap_or(study.root());
        let subjects = averaged_runs(study, lang)?;
        let confounds = subjects.iter().map(|subject| confounds_of(study, subject));
        let confounds = confounds.collect::<Result<_, _>>()?;
        let mut job = Self::new(subjects, lang, folder, study);
        job.step.confounds = confounds;
        job.step.mask = Some(study.mask(lang));
        job.step.isc = study.isc(lang);
        Ok(job)
    }

    /// The job for any subjects, writing `run-0.npy` … and `isc.npy` to `output`, with the settings of `study`. There is no mask.
    #[must_use]
    pub fn new(subjects: Vec<SubjectRuns>, lang: Language, output: &Path, study: &Study) -> Self {
        let stories = subjects.first().and_then(|subject| subject.stories.clone());
        let n_runs = match &stories {
            Some(stories) => stories.iter().max().map_or(0, |last| last + 1),
            None => subjects.first().map_or(0, |subject| subject.runs.len()),
        };
        let named = subjects.iter().map(|s| (s.name.clone(), s.runs.clone()));
        let step = AverageStep {
            stories,
            averages: (0..n_runs)
                .map(|run| output.join(format!("run-{run}.npy")))
                .collect(),
            isc: output.join("isc.npy"),
            ..AverageStep::of_study(study, lang, named.collect())
        };
        Self {
            step,
            subjects,
            pair_runs: study.config().corpus.pair_runs,
            tr: RepetitionTime::of_study(study),
            force: false,
        }
    }

    /// Averages, correlates, and writes the results with their provenance, unless all of them are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file if a run cannot be read, is too short, or differs from the first subject's in
    /// scans or voxels, or repetition times contradict each other; the subject, if it is given twice, lacks a run of
    /// the first subject or has an extra one; the trial, if it cannot be fitted.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<AverageReport, EncodingError> {
        check_pairs(&self.subjects, self.pair_runs)?;
        self.check_trials()?;
        let cleaning = self.cleaning_of_runs()?;
        let step = AverageStep {
            tr_s: Some(cleaning.tr_s),
            ..self.step.clone()
        };
        self.check_places()?;
        let averages = making(software, step.average_artefacts())?;
        check_distinct_contents(averages.iter().flat_map(Making::inputs))?;
        if !self.force && averages.iter().all(Making::is_current) && isc_is_current(software, &step)? {
            return self.found();
        }
        averages.iter().try_for_each(|making| making.claim(self.force))?;
        for artefact in step.isc_artefact().into_iter().chain(step.voxelwise_artefacts()) {
            Making::unread(software, artefact).claim(self.force)?;
        }
        let halves = SplitHalf::draw(self.subjects.len(), step.n_trials, step.seed);
        let model = RidgeCv::params()
            .alphas(step.alphas.clone())
            .alpha_search(search_of(step.alpha_search));
        let model = model.check().map_err(EncodingError::Settings)?;
        let scratch = Scratch::inside(step.isc.parent().unwrap_or(Path::new(".")))?;
        let source = self.source(cleaning)?;
        let (means, voxels) = self.average(averages, &source, &halves, &scratch, progress)?;
        let mut report = AverageReport {
            n_subjects: self.subjects.len(),
            n_voxels: means.n_voxels,
            averages: step.averages.clone(),
            halves,
            alpha_index: Vec::new(),
            mean_isc: Vec::new(),
            up_to_date: false,
        };
        if let Some(artefact) = step.isc_artefact() {
            let isc = correlate(&model, means, &mut report, progress)?;
            npy::save(&step.isc, &isc)?;
            Making::of(software, artefact)?.finish()?;
            let arrays = [&voxels.of_all, &voxels.without];
            for (artefact, array) in step.voxelwise_artefacts().into_iter().zip(arrays) {
                npy::save(&artefact.path, array)?;
                Making::of(software, artefact)?.finish()?;
            }
        }
        Ok(report)
    }

    /// The cleaning with the repetition time that all runs of all subjects have.
    fn cleaning_of_runs(&self) -> Result<CleaningParams, EncodingError> {
        let runs: Vec<PathBuf> = self.subjects.iter().flat_map(|s| s.runs.clone()).collect();
        Ok(CleaningParams {
            tr_s: self.tr.of_runs(&runs)?,
            ..self.step.cleaning
        })
    }

    /// No output may be a run or the mask.
    fn check_places(&self) -> Result<(), EncodingError> {
        let runs = self.subjects.iter().flat_map(|s| s.runs.iter());
        let inputs: Vec<PathBuf> = runs.chain(&self.step.mask).cloned().collect();
        let outputs: Vec<PathBuf> = self
            .step
            .averages
            .iter()
            .chain([&self.step.isc])
            .cloned()
            .chain(
                self.step
                    .voxelwise_artefacts()
                    .into_iter()
                    .map(|artefact| artefact.path),
            )
            .collect();
        Ok(check_outputs(&inputs, &outputs)?)
    }

    fn source(&self, cleaning: CleaningParams) -> Result<SignalSource<'_>, EncodingError> {
        let mask = self
            .step
            .mask
            .as_deref()
            .map(|path| Ok::<_, EncodingError>((path, BrainMask::load(path)?)));
        Ok(SignalSource {
            mask: mask.transpose()?,
            smoothing_fwhm_mm: self.step.smoothing_fwhm_mm,
            cleaner: cleaning.check()?,
        })
    }

    fn check_trials(&self) -> Result<(), EncodingError> {
        if self.step.n_trials > 0 && self.subjects.len() < 2 {
            return Err(EncodingError::TooFewSubjects {
                found: self.subjects.len(),
            });
        }
        Ok(())
    }

    /// The report on files that were there.
    fn found(&self) -> Result<AverageReport, EncodingError> {
        let averages = self.step.averages.clone();
        let n_voxels = match averages.first() {
            Some(run) => npy::load_f32_matrix(run)?.ncols(),
            None => 0,
        };
        let isc = if self.step.n_trials > 0 {
            npy::load_f64_matrix(&self.step.isc)?
        } else {
            Array2::zeros((0, 0))
        };
        Ok(AverageReport {
            n_subjects: self.subjects.len(),
            n_voxels,
            averages,
            halves: Vec::new(),
            alpha_index: Vec::new(),
            mean_isc: isc
                .rows()
                .into_iter()
                .map(|trial| nan_mean(trial.iter().copied()))
                .collect(),
            up_to_date: true,
        })
    }

    fn average(
        &self,
        averages: Vec<Making>,
        source: &SignalSource<'_>,
        halves: &[SplitHalf],
        scratch: &Scratch,
        progress: &dyn Progress,
    ) -> Result<(TrialMeans, VoxelHalves), EncodingError> {
        let mut trials = TrialMeans::new(halves.len());
        let mut voxels: Option<VoxelHalves> = None;
        progress.start(
            "averaging runs of subjects",
            (averages.len() * self.subjects.len()) as u64,
        );
        for (run, (path, making)) in self.step.averages.iter().zip(averages).enumerate() {
            let (means, signals) = self.run_means(run, source, halves, scratch, progress)?;
            trials.check_voxels(self.first_file(run), means.shape().1)?;
            let average = means.average();
            warn_of_nan(path, &average);
            npy::save(path, &average)?;
            making.finish()?;
            for trial in 0..halves.len() {
                let (x, y) = means.halves(trial, self.step.trim_scans);
                trials.x[trial].push(scratch.put(&format!("x-{trial}-{run}"), &x)?);
                trials.y[trial].push(scratch.put(&format!("y-{trial}-{run}"), &y)?);
            }
            if halves.is_empty() {
                continue;
            }
            let new = || {
                let (n_subjects, n_runs) = (self.subjects.len(), self.step.averages.len());
                VoxelHalves::new(halves.len(), n_subjects, n_runs, means.shape().1)
            };
            let voxels = voxels.get_or_insert_with(new);
            voxels.add(run, &means, self.step.trim_scans, signals)?;
        }
        progress.finish();
        Ok((trials, voxels.unwrap_or_else(|| VoxelHalves::new(0, 0, 0, 0))))
    }

    /// Sums one run over the subjects, with one subject in memory per thread. If halves are compared, the signals of the
    /// subjects wait on disk, since the correlations without each subject need the sums first.
    fn run_means<'a>(
        &self,
        run: usize,
        source: &SignalSource<'_>,
        halves: &'a [SplitHalf],
        scratch: &Scratch,
        progress: &dyn Progress,
    ) -> Result<(GroupMeans<'a>, Vec<Waiting>), EncodingError> {
        let heard = |(subject, s): (usize, &SubjectRuns)| -> Vec<(PathBuf, Option<ConfoundColumns>)> {
            let places = self.step.heard(&s.runs, run);
            let file = |place: usize| {
                (
                    s.runs[place].clone(),
                    self.step.confounds_of(subject, place).cloned(),
                )
            };
            places.map(file).collect()
        };
        let files: Vec<Vec<_>> = self.subjects.iter().enumerate().map(heard).collect();
        let mut means: Option<GroupMeans<'a>> = None;
        let mut waiting = Vec::new();
        for files in files.chunks(rayon::current_num_threads()) {
            let loaded = files
                .par_iter()
                .map(|files| source.mean(files))
                .collect::<Result<Vec<_>, _>>()?;
            for (files, signals) in files.iter().zip(loaded) {
                let means = means.get_or_insert_with(|| GroupMeans::new(signals.dim(), halves));
                self.check_shape(run, &files[0].0, signals.dim(), means.shape())?;
                means.add(&signals);
                if !halves.is_empty() {
                    waiting.push(scratch.put(&format!("subject-{}", waiting.len()), &signals)?);
                }
                progress.advance(1);
            }
        }
        let means = means.ok_or(lpp_fmri::FmriError::NoRuns)?;
        Ok((means, waiting))
    }

    /// The first file of a run, which stands for it in messages.
    fn first_file(&self, run: usize) -> &Path {
        let first = self.subjects.first();
        let file = first.and_then(|s| Some(s.runs[self.step.heard(&s.runs, run).next()?].as_path()));
        file.unwrap_or(Path::new(""))
    }

    fn check_shape(
        &self,
        run: usize,
        file: &Path,
        found: (usize, usize),
        expected: (usize, usize),
    ) -> Result<(), EncodingError> {
        if found != expected {
            let first = self.first_file(run).display();
            return Err(EncodingError::Mismatch {
                path: file.to_owned(),
                found: format!("{} scans of {} voxels", found.0, found.1),
                expected: format!("{} of {} as in {first}", expected.0, expected.1),
            });
        }
        let needed = self.step.trim_scans.saturating_mul(2);
        if self.step.n_trials > 0 && found.0 <= needed {
            return Err(EncodingError::Run {
                path: file.to_owned(),
                source: RidgeError::Trim {
                    n_scans: found.0,
                    trim: self.step.trim_scans,
                },
            });
        }
        Ok(())
    }
}

/// Artefacts in the making, their inputs hashed on all threads.
fn making(software: Software, artefacts: Vec<Artefact>) -> Result<Vec<Making>, EncodingError> {
    let making = artefacts
        .into_par_iter()
        .map(|artefact| Making::of(software, artefact));
    Ok(making.collect::<Result<_, _>>()?)
}

fn isc_is_current(software: Software, step: &AverageStep) -> Result<bool, EncodingError> {
    let artefacts = step.isc_artefact().into_iter().chain(step.voxelwise_artefacts());
    let making = making(software, artefacts.collect())?;
    Ok(making.iter().all(Making::is_current))
}

/// Means of the halves of every trial, run by run, on disk.
struct TrialMeans {
    n_voxels: usize,
    x: Vec<Vec<Waiting>>,
    y: Vec<Vec<Waiting>>,
}

impl TrialMeans {
    fn new(n_trials: usize) -> Self {
        let empty = || (0..n_trials).map(|_| Vec::new()).collect();
        Self {
            n_voxels: 0,
            x: empty(),
            y: empty(),
        }
    }

    fn check_voxels(&mut self, run: &Path, n_voxels: usize) -> Result<(), EncodingError> {
        if self.n_voxels == 0 {
            self.n_voxels = n_voxels;
        }
        if self.n_voxels == n_voxels {
            return Ok(());
        }
        Err(EncodingError::Mismatch {
            path: run.to_owned(),
            found: format!("{n_voxels} voxels"),
            expected: format!("{} as in the first run", self.n_voxels),
        })
    }
}

/// All trials, one after the other, each on all threads.
fn correlate(
    model: &RidgeCv,
    means: TrialMeans,
    report: &mut AverageReport,
    progress: &dyn Progress,
) -> Result<Array2<f32>, EncodingError> {
    let mut isc = Array2::zeros((means.x.len(), means.n_voxels));
    progress.start("comparing halves", means.x.len() as u64);
    for (trial, (x, y)) in means.x.into_iter().zip(means.y).enumerate() {
        let fetched = |runs: Vec<Waiting>| runs.into_iter().map(Waiting::take).collect::<Result<Vec<_>, _>>();
        let SplitHalfScores { scores, alpha_index } = split_half_scores(model, &fetched(x)?, &fetched(y)?)
            .map_err(|source| EncodingError::Trial { trial, source })?;
        #[expect(clippy::cast_possible_truncation, reason = "correlations are stored as f32")]
        isc.row_mut(trial).zip_mut_with(&scores, |to, &r| *to = r as f32);
        report.mean_isc.push(nan_mean(scores.iter().copied()));
        report.alpha_index.push(alpha_index);
        progress.advance(1);
    }
    progress.finish();
    let n_nan = isc
        .columns()
        .into_iter()
        .filter(|voxel| voxel.iter().any(|r| r.is_nan()))
        .count();
    if n_nan > 0 {
        tracing::warn!(
            "{n_nan} of {} voxels have no inter-subject correlation in some trial",
            isc.ncols()
        );
    }
    Ok(isc)
}

fn warn_of_nan(path: &Path, average: &Array2<f32>) {
    let n_nan = average
        .columns()
        .into_iter()
        .filter(|voxel| voxel.iter().any(|v| v.is_nan()))
        .count();
    if n_nan > 0 {
        tracing::warn!(
            "{}: {n_nan} of {} voxels are constant and become NaN",
            path.display(),
            average.ncols()
        );
    }
}
