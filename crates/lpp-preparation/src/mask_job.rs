//! The common mask of many runs, from files to files.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, FileError, Progress, check_distinct_files, check_one_kind, check_outputs};
use lpp_fmri::surface::SurfaceMask;
use lpp_fmri::{BrainMask, FmriError, Image, Mask, MaskVotes, RunMask, epi_mask};
use lpp_steps::{Artefact, Making, MaskStep, Software};
use lpp_study::RunKind;
use rayon::prelude::*;

/// Reads runs and writes one mask.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskJob {
    /// Inputs and outputs: the runs of all subjects on one grid, and the mask image (8-bit integers 0 and 1).
    pub step: MaskStep,
    /// Folder for the masks of single runs, named like the runs.
    pub run_masks: Option<PathBuf>,
    /// Recompute even if the mask is up to date.
    pub force: bool,
}

/// The written mask.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskReport {
    /// The mask.
    pub mask: BrainMask,
    /// Whether the image was up to date and not written.
    pub up_to_date: bool,
    /// Runs in which no brain was found.
    pub empty_runs: Vec<PathBuf>,
}

impl MaskJob {
    /// Masks every run, keeps the voxels that are in most run masks, and writes the result with its provenance.
    ///
    /// Runs are read in parallel, each volume by volume. There are warnings for a run without a threshold between brain
    /// and background, a mask of nearly the whole volume, voxels inside that never vary, and sides that do not touch.
    ///
    /// # Errors
    /// [`FmriError`] if there are no runs, a run is given twice or is not a run, two run masks would have the same
    /// name, a run cannot be read, has no contrast or is on a different grid from the first, no voxel is left, the grid
    /// has no mirror images, or the output cannot be written.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<MaskReport, FmriError> {
        self.check_lists()?;
        let making = Making::of(software, self.step.artefact())?;
        let is_done = making.is_done(self.force)?;
        if is_done && self.run_masks.is_none() {
            return Ok(MaskReport {
                mask: BrainMask::load(&self.step.output)?,
                up_to_date: true,
                empty_runs: Vec::new(),
            });
        }
        if RunKind::have_vertices(&self.step.runs) {
            let mask = BrainMask::Surface(self.surface_mask()?);
            making.finish()?;
            return Ok(MaskReport {
                mask,
                up_to_date: false,
                empty_runs: Vec::new(),
            });
        }
        let (mask, empty_runs) = self.volume_mask(software, progress)?;
        mask.save(&self.step.output)?;
        making.finish()?;
        Ok(MaskReport {
            mask: BrainMask::Volume(mask),
            up_to_date: false,
            empty_runs,
        })
    }

    /// The places that vary in most runs of surfaces or grayordinates, written.
    fn surface_mask(&self) -> Result<SurfaceMask, FmriError> {
        if let Some(folder) = &self.run_masks {
            let expected = "no --run-masks: a place of a surface is in the mask if it varies";
            return Err(FileError::malformed(folder, "masks of runs on surfaces", expected).into());
        }
        let (mask, sometimes) = SurfaceMask::of_runs(&self.step.runs, &self.step.output)?;
        let n_constant = mask.columns().iter().filter(|&&column| sometimes[column]).count();
        warn_of_constant(n_constant, mask.columns().len());
        mask.save(&self.step.output)?;
        Ok(mask)
    }

    /// The voxels that are in most run masks, and the runs without any.
    fn volume_mask(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<(Mask, Vec<PathBuf>), FmriError> {
        let Found { votes, empty_runs } = self.votes(software, progress)?;
        let mut mask = votes.majority().map_err(|error| match error {
            FmriError::EmptyMask => FmriError::NoBrain {
                n_runs: self.step.runs.len(),
                n_empty: empty_runs.len(),
            },
            other => other,
        })?;
        if self.step.symmetric {
            mask = mask.symmetric_part()?;
            if !mask.is_symmetric()? {
                tracing::warn!(
                    "the left and the right part of the mask do not touch: only the larger connected part is kept, {} voxels",
                    mask.n_voxels()
                );
            }
        }
        warn_of_constant(votes.n_constant(&mask), mask.n_voxels());
        Ok((mask, empty_runs))
    }

    /// Each run must be given once and be a run; no output may be another output or a run.
    fn check_lists(&self) -> Result<(), FmriError> {
        check_distinct_files(&self.step.runs)?;
        check_one_kind(&self.step.runs)?;
        self.check_ending()?;
        let other = self.step.runs.iter().find(|run| BidsName::of(run).is_no_run());
        if let Some(run) = other {
            let found = format!("an image of the kind {}", BidsName::of(run).suffix());
            return Err(FileError::malformed(run, found, "runs (bold images) only").into());
        }
        let run_masks: Vec<PathBuf> = self
            .step
            .runs
            .iter()
            .filter_map(|run| self.run_mask(run))
            .collect();
        check_outputs(&self.step.runs, &run_masks)?;
        let all = [run_masks, vec![self.step.output.clone()]].concat();
        Ok(check_outputs(&self.step.runs, &all)?)
    }

    /// Masks of vertices are CIFTI files, those of volumes are not.
    fn check_ending(&self) -> Result<(), FileError> {
        let output = &self.step.output;
        let expected = match (RunKind::have_vertices(&self.step.runs), RunKind::of_map(output)) {
            (true, RunKind::Cifti) | (false, RunKind::Volume) => return Ok(()),
            (true, _) => "the ending .dscalar.nii, as the runs are on surfaces",
            (false, _) => "the ending .nii or .nii.gz, as the runs are volumes",
        };
        let found = format!("the ending {}", BidsName::of(output).ending());
        Err(FileError::malformed(output, found, expected))
    }

    /// The path of a run's mask, if it was requested.
    fn run_mask(&self, run: &Path) -> Option<PathBuf> {
        Some(self.run_masks.as_ref()?.join(run.file_name()?))
    }

    fn votes(&self, software: Software, progress: &dyn Progress) -> Result<Found, FmriError> {
        progress.start("masking runs", self.step.runs.len() as u64);
        let masks = self.step.runs.par_iter().map(|run| {
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
        for (run, mask) in self.step.runs.iter().zip(&masks) {
            if !first.matches(&mask.grid) {
                return Err(FileError::malformed(
                    run,
                    mask.grid.to_string(),
                    format!("the grid of the first run, {first}"),
                )
                .into());
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
            let making = Making::of(software, Artefact::new(&path).input(run))?;
            making.claim(self.force)?;
            Image::new(mask.grid, mask.inside.mapv(u8::from).into_dyn())?.save(&path)?;
            making.finish()?;
        }
        Ok(())
    }
}

fn warn_of_constant(n_constant: usize, n_voxels: usize) {
    if n_constant > 0 {
        tracing::warn!(
            "{n_constant} of {n_voxels} voxels of the mask never vary in at least one run (partial coverage?): they have no score"
        );
    }
}

/// The combined result of the runs.
struct Found {
    votes: MaskVotes,
    empty_runs: Vec<PathBuf>,
}
