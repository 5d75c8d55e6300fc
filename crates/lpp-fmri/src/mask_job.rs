//! From files to files: the common mask of many runs.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, Progress, check_distinct_files, check_one_kind, check_outputs};
use lpp_study::{Software, Step};
use rayon::prelude::*;

use crate::FmriError;
use crate::epi_mask::{MaskVotes, RunMask, epi_mask};
use crate::image::Image;
use crate::mask::Mask;

/// Runs in, one mask out.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskJob {
    /// The runs of all subjects, on one grid.
    pub runs: Vec<PathBuf>,
    /// Whether to keep only what is inside on both sides, as the reference study does.
    pub symmetric: bool,
    /// Folder for the masks of the single runs, under the names of the runs.
    pub run_masks: Option<PathBuf>,
    /// The mask image: 8-bit integers 0 and 1.
    pub output: PathBuf,
    /// Compute again what is up to date.
    pub force: bool,
}

/// A mask as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskReport {
    /// The mask.
    pub mask: Mask,
    /// Whether the image was up to date and left alone.
    pub up_to_date: bool,
    /// Runs in which no brain was found.
    pub empty_runs: Vec<PathBuf>,
}

impl MaskJob {
    /// Masks every run, keeps what most runs share, and writes it with its provenance.
    ///
    /// Runs are read in parallel, each volume by volume. What is doubtful is a warning: a run without a threshold between brain and
    /// background, a mask of nearly the whole box, voxels inside that never vary, sides that do not touch.
    ///
    /// # Errors
    /// [`FmriError`] if there is no run, one is there twice or is not a run, two masks of runs would have one name, one cannot be
    /// read, has no contrast, or lies on another grid than the first, no voxel is left, the grid has no mirror images, or the output
    /// cannot be written.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<MaskReport, FmriError> {
        self.check_lists()?;
        let step = self.step(software)?;
        let is_done = step.is_done(self.force)?;
        if is_done && self.run_masks.is_none() {
            return Ok(MaskReport {
                mask: Mask::load(&self.output)?,
                up_to_date: true,
                empty_runs: Vec::new(),
            });
        }
        let Found { votes, empty_runs } = self.votes(software, progress)?;
        let mut mask = votes.majority().map_err(|error| match error {
            FmriError::EmptyMask => FmriError::NoBrain {
                n_runs: self.runs.len(),
                n_empty: empty_runs.len(),
            },
            other => other,
        })?;
        if self.symmetric {
            mask = mask.symmetric_part()?;
            if !mask.is_symmetric()? {
                tracing::warn!(
                    "the left and the right part of the mask do not touch: only the larger connected part is kept, {} voxels",
                    mask.n_voxels()
                );
            }
        }
        let n_constant = votes.n_constant(&mask);
        if n_constant > 0 {
            tracing::warn!(
                "{n_constant} of {} voxels of the mask never vary in at least one run (partial coverage?): they have no score",
                mask.n_voxels()
            );
        }
        mask.save(&self.output)?;
        step.finish()?;
        Ok(MaskReport {
            mask,
            up_to_date: false,
            empty_runs,
        })
    }

    /// Each run must be there once and be a run; no output may be another, or a run.
    fn check_lists(&self) -> Result<(), FmriError> {
        check_distinct_files(&self.runs)?;
        check_one_kind(&self.runs)?;
        let other = self.runs.iter().find(|run| BidsName::of(run).is_no_run());
        if let Some(run) = other {
            let found = format!("an image of the kind {}", BidsName::of(run).suffix());
            return Err(FmriError::malformed(run, found, "runs (bold images) only"));
        }
        let run_masks: Vec<PathBuf> = self.runs.iter().filter_map(|run| self.run_mask(run)).collect();
        check_outputs(&self.runs, &run_masks)?;
        let all = [run_masks, vec![self.output.clone()]].concat();
        Ok(check_outputs(&self.runs, &all)?)
    }

    /// Where the mask of a run goes, if it is asked for.
    fn run_mask(&self, run: &Path) -> Option<PathBuf> {
        Some(self.run_masks.as_ref()?.join(run.file_name()?))
    }

    fn step(&self, software: Software) -> Result<Step, FmriError> {
        let mut step = Step::new(software, &self.output).parameter("symmetric", self.symmetric);
        for run in &self.runs {
            step = step.input(run)?;
        }
        Ok(step)
    }

    fn votes(&self, software: Software, progress: &dyn Progress) -> Result<Found, FmriError> {
        progress.start("masking runs", self.runs.len() as u64);
        let masks = self.runs.par_iter().map(|run| {
            let mask = epi_mask(run)?;
            self.save_run_mask(software, run, &mask)?;
            progress.advance(1);
            Ok(mask)
        });
        let masks = masks.collect::<Result<Vec<_>, FmriError>>()?;
        progress.finish();
        let first = masks.first().ok_or(FmriError::NoRuns)?.grid;
        let mut votes = MaskVotes::new(first);
        let mut empty_runs = Vec::new();
        for (run, mask) in self.runs.iter().zip(&masks) {
            if !first.matches(&mask.grid) {
                return Err(FmriError::malformed(
                    run,
                    mask.grid.to_string(),
                    format!("the grid of the first run, {first}"),
                ));
            }
            for doubt in &mask.doubts {
                tracing::warn!("{}: {doubt}", run.display());
            }
            if mask.is_empty() {
                empty_runs.push(run.clone());
            }
            votes.add_run(mask)?;
        }
        Ok(Found { votes, empty_runs })
    }

    fn save_run_mask(&self, software: Software, run: &Path, mask: &RunMask) -> Result<(), FmriError> {
        if let Some(path) = self.run_mask(run) {
            let step = Step::new(software, &path).input(run)?;
            step.claim(self.force)?;
            Image::new(mask.grid, mask.inside.mapv(u8::from).into_dyn())?.save(&path)?;
            step.finish()?;
        }
        Ok(())
    }
}

/// What the runs say together.
struct Found {
    votes: MaskVotes,
    empty_runs: Vec<PathBuf>,
}
