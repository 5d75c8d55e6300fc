//! The subjects of a study that have something to write: cleaned runs and scores.

use std::path::PathBuf;

use lpp_files::FileError;
use lpp_study::{Language, Scores, Study, resampled_runs, sorted_entries};

use super::names::Name;
use crate::ImportError;

/// Name of the average subject.
const AVERAGE: &str = "average";

/// A cleaned run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CleanedRun {
    pub(super) name: Name,
    /// (`n_scans`, `n_voxels`).
    pub(super) array: PathBuf,
    /// The run of the words that was heard, from 0.
    pub(super) story: usize,
}

/// A subject, or the average one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exported {
    /// The entities that its runs have in common.
    pub(super) name: Name,
    pub(super) mask: PathBuf,
    pub(super) runs: Vec<CleanedRun>,
    pub(super) scores: Vec<PathBuf>,
}

/// The average subject and all that were fitted individually. If no subject has cleaned runs, those of the average subject
/// take their place.
///
/// # Errors
/// [`ImportError`] if runs cannot be found; naming a cleaned run that a subject lacks.
pub(super) fn subjects(study: &Study, lang: Language) -> Result<Vec<Exported>, ImportError> {
    let table = study.load_runs()?;
    let mut all = Vec::new();
    let has_individuals = study
        .subject_run("sub-any", lang, 0)
        .parent()
        .and_then(|folder| folder.parent())
        .is_some_and(std::path::Path::exists);
    let found = if has_individuals || table.is_some() {
        resampled_runs(study, lang)?
    } else {
        Vec::new()
    };
    let mut names = Vec::new();
    for subject in found {
        let of_run =
            |(place, path): (usize, &PathBuf)| Name::of_run(&subject.name, path, place, table.as_ref());
        let of_runs: Vec<Name> = subject.runs.iter().enumerate().map(of_run).collect();
        names.extend(of_runs.iter().map(Name::without_run));
        let arrays: Vec<PathBuf> = (0..of_runs.len())
            .map(|run| study.subject_run(&subject.name, lang, run))
            .collect();
        let story = |place: usize| subject.stories.as_ref().map_or(place, |stories| stories[place]);
        let runs = of_runs.iter().cloned().zip(arrays.clone()).enumerate();
        let runs = runs.map(|(place, (name, array))| CleanedRun {
            name,
            array,
            story: story(place),
        });
        let there = arrays.iter().filter(|array| array.exists()).count();
        if there > 0 && there < arrays.len() {
            let missing = arrays
                .into_iter()
                .find(|array| !array.exists())
                .unwrap_or_default();
            let found = format!("{there} of {} cleaned runs of {}", of_runs.len(), subject.name);
            return Err(
                FileError::malformed(&missing, found, "all of them (lpp-fit --subject makes them)").into(),
            );
        }
        all.push(Exported {
            name: Name::of_all(&subject.name, &of_runs),
            mask: study.subject_mask(&subject.name),
            runs: if there == 0 { Vec::new() } else { runs.collect() },
            scores: scores_in(study.scores_dir().join(&subject.name), lang)?,
        });
    }
    let average = Name::of_all(AVERAGE, &names);
    let runs = if all.iter().all(|subject| subject.runs.is_empty()) && study.average_run(lang, 0).exists() {
        study.average_runs(lang)?
    } else {
        Vec::new()
    };
    let runs = runs.into_iter().enumerate().map(|(story, array)| CleanedRun {
        name: Name {
            run: (story + 1).to_string(),
            ..average.clone()
        },
        array,
        story,
    });
    all.push(Exported {
        runs: runs.collect(),
        mask: study.mask(lang),
        scores: scores_in(study.scores_dir(), lang)?,
        name: average,
    });
    all.retain(|subject| !(subject.runs.is_empty() && subject.scores.is_empty()));
    Ok(all)
}

/// The score files in a folder, which need not exist.
fn scores_in(folder: PathBuf, lang: Language) -> Result<Vec<PathBuf>, ImportError> {
    let has_some = folder.is_dir()
        && sorted_entries(&folder, |_| true)?.iter().any(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(&format!("_{lang}.npy"))
        });
    Ok(if has_some {
        Scores::list(&folder, lang)?
    } else {
        Vec::new()
    })
}
