//! Cleaned signals of subjects, from images or from arrays.

use std::path::{Path, PathBuf};

use lpp_files::npy;
use lpp_fmri::{BrainMask, FmriError, SignalCleaner};
use lpp_preparation::load_confounds;
use lpp_steps::ConfoundColumns;
use ndarray::Array2;

use crate::EncodingError;

/// Loads runs: images are masked and cleaned, `.npy` arrays are clean already.
pub(crate) struct SignalSource<'a> {
    pub(crate) mask: Option<(&'a Path, BrainMask)>,
    pub(crate) smoothing_fwhm_mm: Option<f64>,
    pub(crate) cleaner: SignalCleaner,
}

impl SignalSource<'_> {
    /// The mean of the time courses of runs in which one story was heard.
    pub(crate) fn mean(
        &self,
        runs: &[(PathBuf, Option<ConfoundColumns>)],
    ) -> Result<Array2<f32>, EncodingError> {
        let [(first, confounds), others @ ..] = runs else {
            return Err(FmriError::NoRuns.into());
        };
        let mut mean = self.load(first, confounds.as_ref())?;
        for (run, confounds) in others {
            let signals = self.load(run, confounds.as_ref())?;
            if signals.dim() != mean.dim() {
                let ((found, voxels), (expected, _)) = (signals.dim(), mean.dim());
                return Err(EncodingError::Mismatch {
                    path: run.clone(),
                    found: format!("{found} scans of {voxels} voxels"),
                    expected: format!("{expected} scans as in {}, of the same story", first.display()),
                });
            }
            mean += &signals;
        }
        if !others.is_empty() {
            #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
            let n = runs.len() as f32;
            mean /= n;
        }
        Ok(mean)
    }

    /// Time courses of a run, (`n_scans`, `n_voxels`).
    fn load(&self, run: &Path, confounds: Option<&ConfoundColumns>) -> Result<Array2<f32>, EncodingError> {
        let is_array = run.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
        match &self.mask {
            mask if is_array => {
                let signals = npy::load_f32_matrix(run)?;
                check_array(run, &signals, mask.as_ref())?;
                Ok(signals)
            }
            Some((_, mask)) => {
                let raw = mask.signals(run, self.smoothing_fwhm_mm)?;
                let clean = match confounds {
                    Some(wanted) => {
                        let confounds = load_confounds(wanted, run, raw.n_scans())?;
                        self.cleaner
                            .removing(&confounds)
                            .and_then(|cleaner| raw.clean(&cleaner))
                    }
                    None => raw.clean(&self.cleaner),
                };
                Ok(clean.map_err(|e| too_short(run, e))?.into_single())
            }
            None => Err(EncodingError::Mismatch {
                path: run.to_owned(),
                found: "an image".to_owned(),
                expected: "a mask to go with it (--mask), or arrays".to_owned(),
            }),
        }
    }
}

/// Arrays must fit the mask and be finite.
fn check_array(
    run: &Path,
    signals: &Array2<f32>,
    mask: Option<&(&Path, BrainMask)>,
) -> Result<(), EncodingError> {
    let mismatch = |found, expected| EncodingError::Mismatch {
        path: run.to_owned(),
        found,
        expected,
    };
    if let Some((path, mask)) = mask
        && mask.n_voxels() != signals.ncols()
    {
        let expected = format!("{} as in {}", mask.n_voxels(), path.display());
        return Err(mismatch(format!("{} voxels", signals.ncols()), expected));
    }
    if let Some(value) = signals.iter().find(|v| !v.is_finite()) {
        return Err(mismatch(
            format!("the value {value}"),
            "cleaned, finite signals".to_owned(),
        ));
    }
    warn_of_raw(run, signals);
    Ok(())
}

/// Distance of a mean from 0, in standard deviations, that cleaned signals never have; raw scans have tens.
const RAW: f64 = 3.0;

/// Says that an array holds raw signals: an average follows the subject with the largest numbers.
fn warn_of_raw(run: &Path, signals: &Array2<f32>) {
    let mean = lpp_ridge::largest_mean(signals);
    if mean > RAW {
        tracing::warn!(
            "{}: the mean of a voxel is {mean:.1} standard deviations from 0, expected cleaned and standardised signals (lpp-clean \
             --detrend --standardize)",
            run.display()
        );
    }
}

fn too_short(run: &Path, error: FmriError) -> EncodingError {
    match error {
        FmriError::TooFewScans { found, needed } => EncodingError::Mismatch {
            path: run.to_owned(),
            found: format!("{found} scans"),
            expected: format!("{needed} or more for the filter"),
        },
        other => other.into(),
    }
}
