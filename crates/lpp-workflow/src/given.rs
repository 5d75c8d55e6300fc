//! Files provided by the user in place of outputs of steps: they have no record of how they were made.
//!
//! They are inputs that belong to the study: never recomputed, never downloaded, and not mixed with downloaded files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::place::relative;
use lpp_steps::Provenance;
use lpp_study::{Language, Study};

/// The provided files of a study that a plan depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[serde(transparent)]
pub struct Given {
    /// The files, from the study folder, in the order in which the plan met them.
    pub files: Vec<PathBuf>,
    /// The same, to look them up.
    #[serde(skip)]
    known: HashSet<PathBuf>,
}

impl Given {
    /// Records the files of `paths` that are given instead of those of `program`; returns whether there is one.
    pub(crate) fn note<'a>(
        &mut self,
        study: &Study,
        program: &str,
        paths: impl IntoIterator<Item = &'a Path>,
    ) -> bool {
        let mut any = false;
        for path in paths.into_iter().filter(|path| is_given(study, program, path)) {
            any = true;
            let path = relative(study, path);
            if self.known.insert(path.clone()) {
                self.files.push(path);
            }
        }
        any
    }

    /// One line for each folder: the first file and the number of others.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut groups: Vec<(&Path, usize)> = Vec::new();
        for file in &self.files {
            match groups
                .iter_mut()
                .find(|(first, _)| first.parent() == file.parent())
            {
                Some((_, n_more)) => *n_more += 1,
                None => groups.push((file, 0)),
            }
        }
        let line = |(first, n_more): (&Path, usize)| match n_more {
            0 => first.display().to_string(),
            _ => format!("{} and {n_more} more", first.display()),
        };
        groups.into_iter().map(line).collect()
    }
}

/// Whether a file that `program` would make exists but was not made by it: it has no record, or one of another program.
pub(crate) fn is_given(study: &Study, program: &str, path: &Path) -> bool {
    let path = study.root().join(relative(study, path));
    let made = || match Provenance::load(&path) {
        Ok(made) => made.program() == program,
        // A record that cannot be read is a fault of the study, not a sign of the user's own file.
        Err(_) => Provenance::path_of(&path).exists(),
    };
    path.is_file() && !made()
}

/// Whether a file of a study exists without a record of any program.
pub(crate) fn is_own(study: &Study, path: &Path) -> bool {
    let path = study.root().join(relative(study, path));
    path.is_file() && !Provenance::path_of(&path).exists()
}

/// The words or scans of a language that are the study's own, the first of them: neither the published words nor the published
/// scans belong to them.
pub(crate) fn own_data(study: &Study, lang: Language) -> Option<PathBuf> {
    let runs = (0..).map(|run| study.average_run(lang, run));
    let runs = runs.take_while(|run| run.exists());
    [study.words(lang)]
        .into_iter()
        .chain(runs)
        .find(|path| is_own(study, path))
        .map(|path| relative(study, &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_steps::{Artefact, Making, Software};

    #[test]
    fn a_study_may_be_named_from_the_current_folder() {
        let here = std::env::current_dir().unwrap();
        let folder = tempfile::tempdir_in(&here).unwrap();
        let root = folder.path().strip_prefix(&here).unwrap();
        std::fs::write(root.join("words_en.csv"), "").unwrap();
        let study = Study::open(root).unwrap();
        for path in [study.words(Language::English), "words_en.csv".into()] {
            assert!(
                is_own(&study, &path) && is_given(&study, "lpp-fit", &path),
                "{}",
                path.display()
            );
        }
    }

    #[test]
    fn what_has_no_record_is_given() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::open(folder.path()).unwrap();
        let lang = Language::English;
        let mut given = Given::default();
        assert_eq!(own_data(&study, lang), None);
        for run in 0..3 {
            let path = study.average_run(lang, run);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, "scans").unwrap();
            assert!(given.note(&study, "lpp-average", [path.as_path()]));
        }
        assert_eq!(
            own_data(&study, lang),
            Some("average_subject/en/run-0.npy".into())
        );
        let software = Software {
            program: "lpp-average",
            version: "0.1.0",
            commit: None,
        };
        Making::unread(software, Artefact::new(study.average_run(lang, 0)))
            .finish()
            .unwrap();
        let paths = [study.average_run(lang, 0), study.mask(lang)];
        let paths = || paths.iter().map(PathBuf::as_path);
        assert!(!given.note(&study, "lpp-average", paths()));
        assert!(given.note(&study, "lpp-fetch", paths()), "another program's");
        assert_eq!(
            own_data(&study, lang),
            Some("average_subject/en/run-1.npy".into())
        );
        assert_eq!(given.lines(), ["average_subject/en/run-0.npy and 2 more"]);
    }
}
