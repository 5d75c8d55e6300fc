//! From files to files: the common mask of many runs.

use std::path::{Path, PathBuf};

use lpp_study::{BidsName, Progress, Software, Step, check_distinct_files, check_one_kind, check_outputs};
use ndarray::Array3;
use rayon::prelude::*;

use crate::FmriError;
use crate::epi_mask::{MaskVotes, epi_mask};
use crate::grid::Grid;
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
    /// Runs are read in parallel, each volume by volume.
    ///
    /// # Errors
    /// [`FmriError`] if there is no run, one is there twice or is no run, two masks of runs would have one name, one cannot be read or lies on another grid than the first, no voxel is left,
    /// or the output cannot be written.
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
        let (votes, empty_runs) = self.votes(progress)?;
        let mut mask = votes.majority()?;
        if self.symmetric {
            mask = mask.symmetric_part()?;
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

    fn votes(&self, progress: &dyn Progress) -> Result<(MaskVotes, Vec<PathBuf>), FmriError> {
        progress.start("masking runs", self.runs.len() as u64);
        let masks = self.runs.par_iter().map(|run| {
            let mask = epi_mask(run)?;
            self.save_run_mask(run, &mask)?;
            progress.advance(1);
            Ok(mask)
        });
        let masks = masks.collect::<Result<Vec<_>, FmriError>>()?;
        progress.finish();
        let mut votes: Option<(Grid, MaskVotes)> = None;
        let mut empty = Vec::new();
        for (run, (grid, inside)) in self.runs.iter().zip(masks) {
            let (first, votes) = votes.get_or_insert_with(|| (grid, MaskVotes::new(grid)));
            if !first.matches(&grid) {
                return Err(FmriError::malformed(
                    run,
                    grid.to_string(),
                    format!("the grid of the first run, {first}"),
                ));
            }
            if !inside.iter().any(|v| *v) {
                empty.push(run.clone());
            }
            votes.add(&inside)?;
        }
        votes.map(|(_, votes)| (votes, empty)).ok_or(FmriError::NoRuns)
    }

    fn save_run_mask(&self, run: &Path, (grid, inside): &(Grid, Array3<bool>)) -> Result<(), FmriError> {
        match self.run_mask(run) {
            Some(path) => Image::new(*grid, inside.mapv(u8::from).into_dyn())?.save(&path),
            None => Ok(()),
        }
    }
}
