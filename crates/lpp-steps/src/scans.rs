//! How a study treats its scans: the grid, the mask, the cleaning.

use std::path::PathBuf;

use lpp_fmri::{CleaningParams, FmriError, Grid, ImageReader};
use lpp_study::{ConfiguredClean, RunKind, Study, StudyGrid};

/// The grid to which the runs of a study are resampled; `None` if they stay on their own.
///
/// # Errors
/// [`FmriError`] if the image that has the grid cannot be read.
pub fn target_grid(study: &Study) -> Result<Option<Grid>, FmriError> {
    Ok(match study.grid() {
        StudyGrid::Paper => Some(Grid::working()),
        StudyGrid::Native => None,
        StudyGrid::Like(image) => Some(*ImageReader::open(&study.root().join(image))?.grid()),
    })
}

/// Whether the masks of a study are symmetric, which they are unless the grid of its runs has no mirror images, or runs are
/// on surfaces, where all that was measured is kept.
#[must_use]
pub fn has_symmetric_masks(study: &Study, runs: &[PathBuf]) -> bool {
    if RunKind::have_vertices(runs) {
        return false;
    }
    if study.grid() == StudyGrid::Paper {
        return true;
    }
    let first = runs.first().map(|run| study.root().join(run));
    let grid = first.and_then(|run| Some(*ImageReader::open(&run).ok()?.grid()));
    grid.is_none_or(|grid| grid.has_mirror())
}

/// The cleaning of time courses: that of the published study with the changes of `lpp.toml`.
#[must_use]
pub fn cleaning_of(clean: &ConfiguredClean) -> CleaningParams {
    let reference = CleaningParams::reference();
    CleaningParams {
        detrend: clean.detrend.unwrap_or(reference.detrend),
        high_pass_hz: clean
            .high_pass_hz
            .or(reference.high_pass_hz)
            .filter(|hz| *hz > 0.0),
        ..reference
    }
}

/// FWHM of the smoothing in mm: that of `lpp.toml`, else `usual`; `None` for none.
#[must_use]
pub fn smoothing_of(clean: &ConfiguredClean, usual: Option<f64>) -> Option<f64> {
    clean.smoothing_mm.or(usual).filter(|mm| *mm > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_study_does_not_say_is_as_published() {
        let of = |text: &str| {
            let config: lpp_study::StudyConfig = text.parse().unwrap();
            (cleaning_of(&config.clean), smoothing_of(&config.clean, Some(4.0)))
        };
        assert_eq!(of(""), (CleaningParams::reference(), Some(4.0)));
        let (cleaning, smoothing) = of("[clean]\nhigh_pass_hz = 0\ndetrend = false\nsmoothing_mm = 0\n");
        assert_eq!(
            (cleaning.high_pass_hz, cleaning.detrend, smoothing),
            (None, false, None)
        );
        assert!(cleaning.standardise);
        assert_eq!(
            of("[clean]\nhigh_pass_hz = 0.01\nsmoothing_mm = 6\n").1,
            Some(6.0)
        );
    }

    #[test]
    fn a_study_without_a_table_of_runs_has_the_grid_of_the_paper() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let grid = || target_grid(&Study::open(folder.path()).unwrap());
        assert_eq!(grid().unwrap(), Some(Grid::working()));
        write("runs.csv", "subject,kind,path\n1,volume,a.nii\n");
        assert_eq!(grid().unwrap(), None);
        write("lpp.toml", "[grid]\nkind = \"paper\"\n");
        assert_eq!(grid().unwrap(), Some(Grid::working()));
        write("lpp.toml", "[grid]\nlike = \"none.nii\"\n");
        assert!(grid().unwrap_err().to_string().contains("none.nii"));
        for wrong in ["kind = \"paper\"\nlike = \"a.nii\"", "kind = \"mni\"", ""] {
            write("lpp.toml", &format!("[grid]\n{wrong}\n"));
            let error = Study::open(folder.path()).unwrap_err().to_string();
            assert!(error.contains("lpp.toml") && error.contains("native"), "{error}");
        }
    }
}
