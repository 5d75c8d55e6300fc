//! Which scans are predicted, and where their scores go.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, RunOrder, missing_run};
use lpp_fmri::{BrainMask, MaskOf};
use lpp_steps::TargetSet;
use lpp_study::{Language, PairRuns, Study};

use crate::EncodingError;
use crate::heard::Heard;

/// The average subject of a study whose activations have `n_runs` runs.
///
/// # Errors
/// [`EncodingError::File`] if the numbers of the runs leave a gap, [`EncodingError::Mismatch`] if there are more or
/// fewer of them. If there are none, the reader reports it.
pub fn average_targets(
    study: &Study,
    model: &str,
    lang: Language,
    n_runs: usize,
) -> Result<TargetSet, EncodingError> {
    let runs = if study.average_run(lang, 0).exists() {
        study.average_runs(lang)?
    } else {
        (0..n_runs).map(|run| study.average_run(lang, run)).collect()
    };
    let set = TargetSet::average(study, model, lang, runs);
    if set.runs.len() == n_runs {
        return Ok(set);
    }
    Err(wrong_runs(
        &set.subject,
        &set.runs,
        n_runs,
        &study.activations(model, lang),
    ))
}

/// Other scans instead of the average subject's, one file per run, sorted by label.
///
/// # Errors
/// [`EncodingError::File`] if a file is given twice or the files are of several kinds, [`EncodingError::Mismatch`] if a
/// number is missing among labels that number the runs.
pub fn average_targets_of(
    study: &Study,
    model: &str,
    lang: Language,
    files: &[PathBuf],
    rule: Option<PairRuns>,
) -> Result<TargetSet, EncodingError> {
    let order = RunOrder::of(files)?;
    if let Some((first, second)) = &order.contradiction {
        tracing::warn!(
            "found the scans {} before {}; runs are sorted by their labels, like those of the words",
            first.display(),
            second.display()
        );
    }
    let runs = order.apply(files);
    let names: Vec<BidsName> = runs.iter().map(|run| BidsName::of(run)).collect();
    let labels: Vec<String> = names
        .iter()
        .filter_map(|name| name.run_number().map(|n| n.to_string()))
        .collect();
    let by_place = rule == Some(PairRuns::Place) || names.iter().all(BidsName::is_of_ds003643);
    match missing_run(&labels).filter(|_| !by_place) {
        Some(missing) => Err(EncodingError::Mismatch {
            path: runs.last().cloned().unwrap_or_default(),
            found: format!("the runs {}", labels.join(", ")),
            expected: format!(
                "run {missing} too (if the labels are the scanner's numbering, set pair_runs = \"place\" under \
                 [corpus] in lpp.toml)"
            ),
        }),
        None => Ok(TargetSet::average(study, model, lang, runs)),
    }
}

/// Whose mask a set has.
pub(crate) fn mask_of(set: &TargetSet) -> MaskOf {
    if set.is_average() {
        MaskOf::Group
    } else {
        MaskOf::Subject
    }
}

/// The mask, checked against scans of `n_voxels`.
pub(crate) fn load_mask(set: &TargetSet, n_voxels: usize) -> Result<Option<BrainMask>, EncodingError> {
    let Some(path) = &set.mask else { return Ok(None) };
    let mask = BrainMask::load(path)?;
    if mask.n_voxels() != n_voxels {
        return Err(EncodingError::Mismatch {
            path: set.runs.first().cloned().unwrap_or_default(),
            found: format!("{n_voxels} voxels"),
            expected: format!("{} as in {}", mask.n_voxels(), path.display()),
        });
    }
    Ok(Some(mask))
}

/// Each story must have as many scans as in the first set.
pub(crate) fn check_scans(set: &TargetSet, heard: &Heard, expected: &[usize]) -> Result<(), EncodingError> {
    let stories = heard.stories.iter().zip(expected);
    match stories
        .into_iter()
        .find(|(story, expected)| story.n_scans() != **expected)
    {
        Some((story, expected)) => Err(EncodingError::Mismatch {
            path: story.path().to_owned(),
            found: format!("{} scans of {}", story.n_scans(), set.subject),
            expected: format!("{expected} as in the other subjects"),
        }),
        None => Ok(()),
    }
}

/// The error that a subject has other than `n_runs` runs.
pub(crate) fn wrong_runs(
    subject: &str,
    runs: &[PathBuf],
    n_runs: usize,
    activations: &Path,
) -> EncodingError {
    let names: Vec<_> = [runs.first(), runs.last()]
        .into_iter()
        .flatten()
        .filter_map(|run| run.file_name())
        .map(|name| name.to_string_lossy())
        .collect();
    let folder = runs.first().and_then(|run| run.parent());
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    EncodingError::Mismatch {
        path: folder.map_or_else(|| PathBuf::from(subject), Path::to_owned),
        found: format!("{} runs of scans ({})", runs.len(), names.join(" to ")),
        expected: format!("{n_runs} as of the words in {}", activations.display()),
    }
}
