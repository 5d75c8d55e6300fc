//! Files that belong to a run: its table of confounds and its mask.

use std::path::PathBuf;

use lpp_files::{BidsName, FileError};
use lpp_study::{RunKind, SubjectsError, sorted_entries};

use super::found::Found;

/// Entities that a mask shares with its run, or lacks as the run does.
const OF_GRID: [&str; 3] = ["space", "res", "den"];

/// The table of confounds of a run: `…_desc-confounds_timeseries.tsv`, `…_desc-confounds_regressors.tsv` in older versions of
/// fMRIPrep, or `…_timeseries.tsv`.
pub(super) fn confounds(run: &Found) -> Result<Option<PathBuf>, SubjectsError> {
    let fitting = |name: &BidsName| {
        matches!(name.suffix(), "timeseries" | "regressors")
            && name.ending() == ".tsv"
            && matches!(name.entity("desc"), None | Some("confounds"))
            && belongs(name, run, &["desc"])
    };
    nearest(run, "tables of confounds", fitting)
}

/// The brain mask of a run on its grid, if the run is a volume.
pub(super) fn mask(run: &Found) -> Result<Option<PathBuf>, SubjectsError> {
    if run.kind != RunKind::Volume {
        return Ok(None);
    }
    let fitting = |name: &BidsName| {
        let brain = [name.entity("desc"), name.entity("label")].contains(&Some("brain"));
        name.suffix() == "mask"
            && name.is_volume()
            && brain
            && belongs(name, run, &["desc", "label"])
            && OF_GRID.iter().all(|key| name.entity(key) == run.name.entity(key))
    };
    nearest(run, "brain masks", fitting)
}

/// Whether all entities of a name but some are those of the run.
fn belongs(name: &BidsName, run: &Found, but: &[&str]) -> bool {
    let mut others = name.entities().filter(|(key, _)| !but.contains(key));
    others.all(|(key, label)| run.name.entity(key) == Some(label))
}

/// The file beside the run that fits with the most entities.
fn nearest(
    run: &Found,
    what: &str,
    fitting: impl Fn(&BidsName) -> bool,
) -> Result<Option<PathBuf>, SubjectsError> {
    let Some(folder) = run.path.parent() else {
        return Ok(None);
    };
    let found = sorted_entries(folder, fitting)?;
    let count = |path: &PathBuf| BidsName::of(path).entities().count();
    let most = found.iter().map(count).max();
    let best: Vec<&PathBuf> = found.iter().filter(|path| Some(count(path)) == most).collect();
    match best[..] {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        [first, second, ..] => {
            let found = format!("the {what} {} and {}", first.display(), second.display());
            Err(FileError::malformed(&run.path, found, "one for each run").into())
        }
    }
}
