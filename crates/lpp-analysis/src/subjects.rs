//! Files of single subjects.

use std::path::{Path, PathBuf};

use lpp_study::{Language, Scores, Study, StudyError};

use crate::AnalysisError;

/// The files of one subject.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Name, as of its folder: `sub-EN057`.
    pub(crate) name: String,
    /// Its mask.
    pub(crate) mask: PathBuf,
    /// Its score files.
    pub(crate) scores: Vec<PathBuf>,
}

impl Subject {
    /// The subjects that have scores in a language, by name; none if there is no folder of scores.
    pub(crate) fn all(study: &Study, lang: Language) -> Result<Vec<Self>, AnalysisError> {
        let folder = study.scores_dir();
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut subjects = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(read_error(&folder))? {
            let path = entry.map_err(read_error(&folder))?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if !(path.is_dir() && name.starts_with("sub-")) {
                continue;
            }
            // A folder may hold another language only.
            if let Ok(scores) = Scores::list(&path, lang) {
                subjects.push(Self {
                    name: name.to_owned(),
                    mask: study.subject_mask(name),
                    scores,
                });
            }
        }
        subjects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(subjects)
    }
}

fn read_error(folder: &Path) -> impl Fn(std::io::Error) -> StudyError {
    let path = folder.to_owned();
    move |source| StudyError::Read {
        path: path.clone(),
        source,
    }
}
