//! The files of the data set, with sizes and hashes from its publishers' version control.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use lpp_study::Language;

use crate::FetchError;

/// Path, bytes and MD5 of each file under `annotation/` and `derivatives/` of OpenNeuro ds003643, version 2.0.7, from
/// the git-annex keys of its repository (CC0). Version 2.0.5, used in the paper, has the same files in these folders.
const MANIFEST: &str = include_str!("../data/ds003643_manifest.csv");

/// Runs of each subject: the sections of the story.
pub const N_RUNS: usize = 9;

/// Kinds of files of the data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DataKind {
    /// The words and their times, `lppEN_word_information.csv`: the annotation that the programs read.
    Words,
    /// Everything in the annotation folder, including the words.
    Annotation,
    /// The preprocessed scans.
    Derivatives,
}

impl FromStr for DataKind {
    type Err = FetchError;

    fn from_str(name: &str) -> Result<Self, FetchError> {
        match name {
            "words" => Ok(Self::Words),
            "annotation" => Ok(Self::Annotation),
            "derivatives" => Ok(Self::Derivatives),
            _ => Err(FetchError::Selection {
                what: "kind",
                found: name.to_owned(),
                expected: "words, annotation, derivatives".to_owned(),
            }),
        }
    }
}

/// A file of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Path in the data set.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// MD5 in hexadecimal.
    pub md5: String,
    /// Language of the story.
    pub lang: Language,
    /// Subject, such as `EN057`; `None` for annotation.
    pub subject: Option<String>,
    /// Run, from 0. The numbers in the file names have gaps; the k-th file by name is run k.
    pub run: Option<usize>,
}

impl DataFile {
    fn is_of(&self, kind: DataKind) -> bool {
        match kind {
            DataKind::Words => self.path.ends_with("_word_information.csv"),
            DataKind::Annotation => self.subject.is_none(),
            DataKind::Derivatives => self.subject.is_some(),
        }
    }
}

/// All annotation and derivative files of the data set.
///
/// # Errors
/// Never for the built-in manifest; it is parsed, so the function returns a `Result`.
///
/// ```
/// let files = lpp_fetch::data_files()?;
/// assert_eq!(files.len(), 1055);
/// # Ok::<(), lpp_fetch::FetchError>(())
/// ```
pub fn data_files() -> Result<Vec<DataFile>, FetchError> {
    let mut files = Vec::new();
    let mut runs_of: BTreeMap<String, usize> = BTreeMap::new();
    let malformed = |e: csv::Error| FetchError::answer("ds003643_manifest.csv", e.to_string());
    let mut reader = csv::Reader::from_reader(MANIFEST.as_bytes());
    // The manifest is sorted by path, so that a subject's files come in the order of their runs.
    for row in reader.deserialize::<(String, u64, String)>() {
        let (path, bytes, md5) = row.map_err(malformed)?;
        let Some((lang, subject)) = parse(&path) else {
            return Err(FetchError::answer(
                "ds003643_manifest.csv",
                format!("unknown path {path}"),
            ));
        };
        let run = subject.as_ref().map(|subject| {
            let count = runs_of.entry(subject.clone()).or_default();
            *count += 1;
            *count - 1
        });
        files.push(DataFile {
            path,
            bytes,
            md5,
            lang,
            subject,
            run,
        });
    }
    Ok(files)
}

/// Language and subject of `annotation/EN/…` and `derivatives/sub-EN057/…`.
fn parse(path: &str) -> Option<(Language, Option<String>)> {
    let mut parts = path.split('/');
    let (top, folder) = (parts.next()?, parts.next()?);
    let subject = match top {
        "annotation" => None,
        "derivatives" => Some(folder.strip_prefix("sub-")?.to_owned()),
        _ => return None,
    };
    let code = subject
        .as_deref()
        .unwrap_or(folder)
        .get(..2)?
        .to_ascii_lowercase();
    Some((code.parse().ok()?, subject))
}

/// A selection of files of the data set.
///
/// ```
/// use lpp_fetch::{DataKind, DataSelection};
/// use lpp_study::Language;
///
/// let selection = DataSelection {
///     languages: vec![Language::English],
///     kinds: vec![DataKind::Derivatives],
///     subjects: vec!["EN057".into()],
///     runs: vec![0],
/// };
/// let files = selection.files()?;
/// assert_eq!(files.len(), 1);
/// assert!(files[0].path.contains("sub-EN057_task-lppEN_run-15"));
/// # Ok::<(), lpp_fetch::FetchError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSelection {
    /// Languages.
    pub languages: Vec<Language>,
    /// Kinds of files.
    pub kinds: Vec<DataKind>,
    /// Subjects whose scans to select, `EN057` or `sub-EN057`; empty for all.
    pub subjects: Vec<String>,
    /// Runs whose scans to select, from 0; empty for all.
    pub runs: Vec<usize>,
}

impl DataSelection {
    /// The files, in the order of the manifest.
    ///
    /// # Errors
    /// [`FetchError::Selection`] for a subject that is not in these languages, or a run above 8.
    pub fn files(&self) -> Result<Vec<DataFile>, FetchError> {
        let files: Vec<DataFile> = data_files()?
            .into_iter()
            .filter(|file| self.languages.contains(&file.lang))
            .collect();
        let subjects = self.known_subjects(&files)?;
        if let Some(run) = self.runs.iter().find(|&&run| run >= N_RUNS) {
            return Err(FetchError::Selection {
                what: "run",
                found: run.to_string(),
                expected: "0 to 8".to_owned(),
            });
        }
        let subject_fits = |file: &DataFile| {
            let subject = file.subject.as_deref();
            subjects.is_empty() || subject.is_none_or(|subject| subjects.contains(subject))
        };
        let run_fits =
            |file: &DataFile| self.runs.is_empty() || file.run.is_none_or(|run| self.runs.contains(&run));
        let kind_fits = |file: &DataFile| self.kinds.iter().any(|&kind| file.is_of(kind));
        Ok(files
            .into_iter()
            .filter(|file| kind_fits(file) && subject_fits(file) && run_fits(file))
            .collect())
    }

    fn known_subjects(&self, files: &[DataFile]) -> Result<BTreeSet<String>, FetchError> {
        let known: BTreeSet<&str> = files.iter().filter_map(|file| file.subject.as_deref()).collect();
        let range = || match (known.first(), known.last()) {
            (Some(first), Some(last)) => {
                format!("{} subjects from {first} to {last}; see --lang", known.len())
            }
            _ => "no subjects".to_owned(),
        };
        let mut subjects = BTreeSet::new();
        for given in &self.subjects {
            let subject = given.strip_prefix("sub-").unwrap_or(given);
            if !known.contains(subject) {
                return Err(FetchError::Selection {
                    what: "subject",
                    found: given.clone(),
                    expected: range(),
                });
            }
            subjects.insert(subject.to_owned());
        }
        Ok(subjects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(lang: Language, kind: DataKind) -> DataSelection {
        DataSelection {
            languages: vec![lang],
            kinds: vec![kind],
            subjects: Vec::new(),
            runs: Vec::new(),
        }
    }

    #[test]
    fn counts_and_bytes_are_those_of_the_data_set() {
        // Subjects and bytes as published with the manifest.
        for (lang, subjects, bytes, words) in [
            (Language::English, 49, 31_941_425_834, 16),
            (Language::French, 28, 20_831_865_229, 15),
            (Language::Chinese, 35, 24_529_264_444, 16),
        ] {
            let scans = select(lang, DataKind::Derivatives).files().unwrap();
            assert_eq!(scans.len(), subjects * N_RUNS);
            assert_eq!(scans.iter().map(|file| file.bytes).sum::<u64>(), bytes);
            assert_eq!(select(lang, DataKind::Annotation).files().unwrap().len(), words);
            assert_eq!(select(lang, DataKind::Words).files().unwrap().len(), 1);
        }
    }

    #[test]
    fn the_words_are_those_by_which_published_annotations_are_known() {
        for (lang, md5) in lpp_study::PUBLISHED_ANNOTATIONS {
            assert_eq!(select(lang, DataKind::Words).files().unwrap()[0].md5, md5);
        }
    }

    #[test]
    fn runs_count_by_name_and_skip_gaps() {
        let mut selection = select(Language::English, DataKind::Derivatives);
        selection.subjects = vec!["sub-EN059".into()];
        let files = selection.files().unwrap();
        let runs: Vec<_> = files.iter().map(|file| file.run.unwrap()).collect();
        assert_eq!(runs, (0..N_RUNS).collect::<Vec<_>>());
        assert!(files.is_sorted_by(|a, b| a.path < b.path));
    }

    #[test]
    fn a_wrong_choice_is_told_with_what_there_is() {
        let mut selection = select(Language::English, DataKind::Derivatives);
        selection.subjects = vec!["FR001".into()];
        let error = selection.files().unwrap_err().to_string();
        assert!(
            error.contains("FR001") && error.contains("49 subjects from EN057"),
            "{error}"
        );
        selection.subjects.clear();
        selection.runs = vec![9];
        assert!(selection.files().unwrap_err().to_string().contains("0 to 8"));
    }
}
