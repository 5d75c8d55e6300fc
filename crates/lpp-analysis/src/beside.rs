//! Files that only the corrected definitions read: what lies beside scores, and single subjects.

use std::path::PathBuf;

use lpp_study::{BESIDE_SCORES, Language, Scores, Study, StudyError, beside_scores};

use crate::AnalysisError;

/// Files beyond the scores, the mask and the correlation that decide the tables: nested scores, joint fits, nulls and single
/// subjects.
pub(crate) fn files(
    study: &Study,
    lang: Language,
    scores: &[PathBuf],
) -> Result<Vec<PathBuf>, AnalysisError> {
    // The sidecar of a joint fit or of nulls tells nothing that changes from run to run.
    let beside = |path: &PathBuf| BESIDE_SCORES.map(|what| beside_scores(path, what));
    let mut files: Vec<PathBuf> = scores
        .iter()
        .flat_map(beside)
        .flat_map(|path| [path.with_extension("json"), path])
        .filter(|path| path.exists())
        .collect();
    for subject in subjects(study)? {
        files.push(study.subject_mask(&subject));
        // Their sidecars tell how long a fit took, which decides nothing.
        files.extend(subject_scores(study, &subject, lang));
    }
    Ok(files)
}

/// Folders of subjects in `scores/`, sorted.
pub(crate) fn subjects(study: &Study) -> Result<Vec<String>, AnalysisError> {
    let folder = study.scores_dir();
    let read = |source| StudyError::Read {
        path: folder.clone(),
        source,
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("sub-") && study.subject_mask(&name).exists() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A subject's score files of this language; none is no error.
pub(crate) fn subject_scores(study: &Study, subject: &str, lang: Language) -> Vec<PathBuf> {
    Scores::list(&study.scores_dir().join(subject), lang).unwrap_or_default()
}
