//! Whether a table of words is of the stories of the scans.

use std::path::Path;

use lpp_files::{FileError, WordTable};

use crate::Provenance;

/// Makes sure that the words of a study are those of its stories: as many runs as `stories`, and the same names if the record of
/// the table has them. The words of a study from which a story was removed have other numbers.
///
/// Nothing is said about a study without names of stories, or without words.
///
/// # Errors
/// [`FileError`] naming the table, its stories, and those of the study; or if it cannot be read.
pub fn check_word_stories(words: &Path, stories: &[String]) -> Result<(), FileError> {
    if stories.is_empty() || !words.exists() {
        return Ok(());
    }
    let n_runs = WordTable::load(words)?.n_runs();
    let recorded = recorded_stories(words);
    let found = match recorded {
        Some(recorded) if recorded != stories => format!("words of the stories {}", recorded.join(", ")),
        _ if n_runs != stories.len() => format!("words of {n_runs} runs"),
        _ => return Ok(()),
    };
    let expected = format!(
        "those of the {} stories of the study in their order: {} (lpp-import words makes the table again)",
        stories.len(),
        stories.join(", ")
    );
    Err(FileError::malformed(words, found, expected))
}

/// The stories that the record of a table of words names.
fn recorded_stories(words: &Path) -> Option<Vec<String>> {
    let record = Provenance::load(words).ok()?;
    let stories = record.parameters.get("stories")?.as_array()?.clone();
    let names = stories.iter().map(|story| story.as_str().map(str::to_owned));
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Artefact, Software, run_if_stale};

    #[test]
    fn words_of_other_stories_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let made = |file: &str, n_runs: usize, stories: Option<Vec<String>>| {
            let path = folder.path().join(file);
            let software = Software {
                program: "lpp-import",
                version: "0",
                commit: None,
            };
            let artefact = Artefact::new(&path).with("stories", stories);
            let header = "run,word_index,word,onset_s,offset_s\n".to_owned();
            let text = (0..n_runs).fold(header, |text, run| text + &format!("{run},0,w,0.5,0.7\n"));
            run_if_stale(software, vec![artefact], false, || {
                lpp_files::write_atomically(&path, text.as_bytes())
            })
            .unwrap();
            path
        };
        let all = names(&["owl", "fox", "hen"]);
        let (named, plain) = (
            made("words_en.csv", 3, Some(all.clone())),
            made("words_de.csv", 3, None),
        );
        for words in [&named, &plain] {
            assert!(check_word_stories(words, &all).is_ok());
            assert!(check_word_stories(words, &[]).is_ok(), "a study without names");
        }
        assert!(check_word_stories(&folder.path().join("none.csv"), &all).is_ok());
        let other = names(&["owl", "cat", "hen"]);
        assert!(
            check_word_stories(&plain, &other).is_ok(),
            "its record names no stories"
        );
        for (words, stories, said) in [
            (
                &named,
                &other,
                "found words of the stories owl, fox, hen, expected",
            ),
            (
                &plain,
                &names(&["owl", "hen"]),
                "found words of 3 runs, expected those of the 2 stories",
            ),
        ] {
            let error = check_word_stories(words, stories).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
