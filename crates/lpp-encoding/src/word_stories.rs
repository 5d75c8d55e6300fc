//! Whether a table of words is of the stories of the scans.

use std::path::Path;

use lpp_steps::Provenance;

use crate::EncodingError;

/// The stories that the record of a table of words names must be those of `runs.csv`, in their order: the words of a study
/// from which a story was removed have other numbers.
///
/// # Errors
/// [`EncodingError::Mismatch`] naming both.
pub(crate) fn check_stories(words: &Path, stories: &[String]) -> Result<(), EncodingError> {
    let record = Provenance::load(words).ok();
    let recorded = record.and_then(|record| {
        let stories = record.parameters.get("stories")?.as_array()?.clone();
        let names = stories.iter().map(|story| story.as_str().map(str::to_owned));
        names.collect::<Option<Vec<String>>>()
    });
    match recorded {
        Some(recorded) if !stories.is_empty() && recorded != stories => Err(EncodingError::Mismatch {
            path: words.to_owned(),
            found: format!("words of the stories {}", recorded.join(", ")),
            expected: format!(
                "those of runs.csv in their order, {} (lpp-import words makes the table again)",
                stories.join(", ")
            ),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_steps::{Artefact, Software, run_if_stale};

    #[test]
    fn words_of_other_stories_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words_en.csv");
        let software = Software {
            program: "lpp-import",
            version: "0",
            commit: None,
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let artefact = Artefact::new(&path).with("stories", names(&["owl", "fox", "hen"]));
        run_if_stale(software, vec![artefact], false, || {
            lpp_files::write_atomically(&path, b"run\n")
        })
        .unwrap();
        assert!(check_stories(&path, &names(&["owl", "fox", "hen"])).is_ok());
        assert!(check_stories(&path, &[]).is_ok(), "a study without names");
        assert!(check_stories(&folder.path().join("own.csv"), &names(&["owl"])).is_ok());
        let error = check_stories(&path, &names(&["owl", "hen"])).unwrap_err().to_string();
        assert!(
            error.contains("words_en.csv: found words of the stories owl, fox, hen, expected") && error.contains("owl, hen ("),
            "{error}"
        );
    }
}
