//! The subjects of a study and their runs: from `runs.csv`, or from the folders of the study.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, EntityChoice, FileError};

use crate::runs::{file_name, sorted_entries};
use crate::{Language, PairRuns, RunsTable, Study, StudyGrid, SubjectRuns, SubjectsError, TableRun};

/// The subjects of a study on its grid: `resampled/en/sub-*`, or the preprocessed runs themselves if the grid is their own.
///
/// # Errors
/// As [`SubjectRuns::find`] and [`RunsTable::load`]; also if there is no subject, or `runs.csv` has no run of the language.
pub fn resampled_runs(study: &Study, lang: Language) -> Result<Vec<SubjectRuns>, SubjectsError> {
    let is_native = study.grid() == StudyGrid::Native;
    if is_native {
        return derivative_runs(study, lang);
    }
    let folder = resampled_dir(study, lang);
    if let Some(mut subjects) = listed_runs(study, lang)? {
        for subject in &mut subjects {
            for run in &mut subject.runs {
                *run = folder.join(&subject.name).join(resampled_name(study, run));
            }
        }
        return Ok(subjects);
    }
    subjects(
        &folder,
        subject_folders(&folder)?,
        "sub-",
        &resampled_choices(study),
    )
}

/// The subjects that `runs.csv` lists, if there is such a file; the runs are in the order of their stories.
fn listed_runs(study: &Study, lang: Language) -> Result<Option<Vec<SubjectRuns>>, SubjectsError> {
    let Some(table) = study.load_runs()? else {
        return Ok(None);
    };
    let table = runs_in_language(study, &table, lang);
    if table.runs().is_empty() {
        let expected = "runs whose lang is that language or empty";
        return Err(SubjectsError::malformed(
            &study.runs_table(),
            format!("no run of {lang}"),
            expected,
        ));
    }
    table.check_paired()?;
    let stories = table.stories();
    let subjects = table.subjects().into_iter();
    subjects
        .map(|subject| of_table(&table, subject, &stories))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// The runs of a table in one language, paired as the study says.
#[must_use]
pub fn runs_in_language(study: &Study, table: &RunsTable, lang: Language) -> RunsTable {
    let table = table.of_language(lang.code());
    if study.config().corpus.pair_runs == Some(PairRuns::Place) {
        table.by_place()
    } else {
        table
    }
}

/// The names of the stories of a study in the order of the runs of the words: from `runs.csv`, else from `lpp.toml`; empty if
/// neither has them.
///
/// # Errors
/// As [`RunsTable::load`].
pub fn story_names(study: &Study, lang: Language) -> Result<Vec<String>, FileError> {
    let table = study.load_runs()?;
    Ok(match table {
        Some(table) => runs_in_language(study, &table, lang).stories(),
        None => study.config().corpus.stories.clone(),
    })
}

/// The time of the first scan of each run of the words on their clock, in seconds, as `runs.csv` says it; empty if it says
/// none.
///
/// # Errors
/// As [`RunsTable::load`]; also naming two runs of one story that begin at different times.
pub fn start_times(study: &Study, lang: Language) -> Result<Vec<Option<f64>>, FileError> {
    let Some(table) = study.load_runs()? else {
        return Ok(Vec::new());
    };
    let table = runs_in_language(study, &table, lang);
    let mut starts = Vec::new();
    for story in table.stories() {
        let mut runs = table.runs().iter().filter(|run| table.story_of(run) == story);
        let first = runs.next();
        let start_s = first.and_then(|run| run.start_s);
        let same = |other: Option<f64>| match (start_s, other) {
            (Some(a), Some(b)) => (a - b).abs() <= SAME_START_S,
            (a, b) => a.is_none() && b.is_none(),
        };
        if let (Some(first), Some(other)) = (first, runs.find(|run| !same(run.start_s))) {
            let said = |run: &TableRun| {
                run.start_s
                    .map_or("no start_s".to_owned(), |s| format!("start_s {s}"))
            };
            let found = format!("{} of {}", said(other), other.labels());
            let expected = format!(
                "{} as of {}, who heard the same story",
                said(first),
                first.labels()
            );
            return Err(FileError::malformed(&study.runs_table(), found, expected));
        }
        starts.push(start_s);
    }
    Ok(if starts.iter().all(Option::is_none) {
        Vec::new()
    } else {
        starts
    })
}

/// Runs of one story begin at the same time up to this, in s, as repetition times are compared.
const SAME_START_S: f64 = 1e-3;

/// The runs of one subject of a table, by story.
fn of_table(table: &RunsTable, subject: &str, stories: &[String]) -> Result<SubjectRuns, SubjectsError> {
    let place = |run: &&TableRun| stories.iter().position(|story| *story == table.story_of(run));
    let mut runs: Vec<&TableRun> = table.of_subject(subject).collect();
    runs.sort_by_key(place);
    let places: Vec<usize> = runs.iter().filter_map(place).collect();
    let is_at_place = places.iter().copied().eq(0..stories.len());
    Ok(SubjectRuns {
        name: format!("sub-{subject}"),
        labels: runs.iter().map(|run| table.story_of(run)).collect(),
        stories: (!is_at_place).then_some(places),
        confounds: runs.iter().map(|run| run.confounds.clone()).collect(),
        runs: runs.into_iter().map(|run| run.path.clone()).collect(),
    })
}

/// The subjects whose scans are averaged: those listed in `lpp.toml`, or all.
///
/// # Errors
/// As [`resampled_runs`]; also if a listed subject does not exist.
pub fn averaged_runs(study: &Study, lang: Language) -> Result<Vec<SubjectRuns>, SubjectsError> {
    let mut found = resampled_runs(study, lang)?;
    let Some(listed) = study.config().subjects.get(&lang) else {
        return Ok(found);
    };
    let folder_of = |subject: &String| format!("sub-{}", subject.strip_prefix("sub-").unwrap_or(subject));
    let listed: Vec<String> = listed.iter().map(folder_of).collect();
    if let Some(missing) = listed
        .iter()
        .find(|name| found.iter().all(|subject| subject.name != **name))
    {
        let path = resampled_dir(study, lang).join(missing);
        return Err(SubjectsError::malformed(
            &path,
            "no runs",
            "those of a subject that lpp.toml lists under [subjects] (lpp-resample writes them)",
        ));
    }
    found.retain(|subject| listed.contains(&subject.name));
    Ok(found)
}

/// One subject of a study on the working grid, given by the name of its folder or without the `sub-`: `EN057`.
///
/// # Errors
/// As [`SubjectRuns::find`].
pub fn resampled_runs_of(study: &Study, lang: Language, subject: &str) -> Result<SubjectRuns, SubjectsError> {
    let name = format!("sub-{}", subject.strip_prefix("sub-").unwrap_or(subject));
    if study.load_runs()?.is_none() && study.grid() != StudyGrid::Native {
        return SubjectRuns::find(&resampled_dir(study, lang).join(name), &resampled_choices(study));
    }
    let mut found = resampled_runs(study, lang)?;
    let place = found.iter().position(|subject| subject.name == name);
    let path = resampled_dir(study, lang).join(&name);
    place
        .map(|place| found.swap_remove(place))
        .ok_or(SubjectsError::NoScans { path })
}

/// The preprocessed runs of a study: those of `runs.csv`, else `derivatives/sub-EN*/func` as published, or `derivatives/sub-*/func` of a study of one
/// language in which no subject is named so.
///
/// # Errors
/// As [`resampled_runs`].
pub fn derivative_runs(study: &Study, lang: Language) -> Result<Vec<SubjectRuns>, SubjectsError> {
    if let Some(listed) = listed_runs(study, lang)? {
        return Ok(listed);
    }
    let folder = study.root().join("derivatives");
    let languages = &study.config().languages;
    let mut folders = subject_folders(&folder)?;
    let is_of =
        |path: &PathBuf, lang: &Language| file_name(path).starts_with(&format!("sub-{}", lang.folder()));
    let of_published = |path: &PathBuf| Language::PUBLISHED.iter().find(|lang| is_of(path, lang)).copied();
    let mut prefix = "sub-".to_owned();
    if lang.is_published() && folders.iter().any(|path| of_published(path) == Some(lang)) {
        folders.retain(|path| of_published(path) == Some(lang));
    } else if languages.iter().any(|other| *other != lang) {
        // Which language a subject heard is then in its name, or unknown.
        folders.retain(|path| is_of(path, &lang));
        prefix.push_str(&lang.folder());
    } else {
        folders.retain(|path| of_published(path).is_none());
    }
    subjects(&folder, folders, &prefix, &study.config().corpus.only)
}

/// The folder of the resampled runs of a language.
#[must_use]
pub fn resampled_dir(study: &Study, lang: Language) -> PathBuf {
    study.root().join("resampled").join(lang.code())
}

/// The choices for resampled runs. They have only one resolution, so a choice of resolution does not apply.
fn resampled_choices(study: &Study) -> Vec<EntityChoice> {
    let only = study.config().corpus.only.iter();
    only.filter(|choice| choice.key() != "res").cloned().collect()
}

/// The name of a resampled run: `_res-4mm`, or `_res-study` on a grid of the study's own, replaces its resolution, or is
/// inserted before `_desc-` or before the ending.
#[must_use]
pub fn resampled_name(study: &Study, run: &Path) -> String {
    let label = match study.grid() {
        StudyGrid::Like(_) => "study",
        StudyGrid::Paper | StudyGrid::Native => "4mm",
    };
    let name = file_name(run);
    let name = match BidsName::of(run).entity("res") {
        Some(label) => name.replacen(&format!("_res-{label}"), "", 1),
        None => name,
    };
    let place = name.rfind("_desc-").unwrap_or_else(|| {
        let stem = name.strip_suffix(".gz").unwrap_or(&name);
        stem.strip_suffix(".nii").unwrap_or(stem).len()
    });
    let (head, tail) = name.split_at(place);
    format!("{head}_res-{label}{tail}")
}

fn subject_folders(folder: &Path) -> Result<Vec<PathBuf>, SubjectsError> {
    let mut folders = sorted_entries(folder, |name| name.stem().starts_with("sub-"))?;
    folders.retain(|path| path.is_dir());
    Ok(folders)
}

fn subjects(
    folder: &Path,
    folders: Vec<PathBuf>,
    prefix: &str,
    only: &[EntityChoice],
) -> Result<Vec<SubjectRuns>, SubjectsError> {
    if folders.is_empty() {
        return Err(SubjectsError::NoSubjects {
            path: folder.to_owned(),
            prefix: prefix.to_owned(),
        });
    }
    folders
        .iter()
        .map(|subject| SubjectRuns::find(subject, only))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn resampled_runs_say_so_in_their_names() {
        for (from, to) in [
            (
                "a/sub-1_run-2_desc-preproc_bold.nii.gz",
                "sub-1_run-2_res-4mm_desc-preproc_bold.nii.gz",
            ),
            (
                "sub-1_space-A_res-2_desc-preproc_bold.nii.gz",
                "sub-1_space-A_res-4mm_desc-preproc_bold.nii.gz",
            ),
            ("bold.nii.gz", "bold_res-4mm.nii.gz"),
            ("bold.nii", "bold_res-4mm.nii"),
        ] {
            assert_eq!(resampled_name(&Study::planned("study"), Path::new(from)), to);
        }
    }

    #[test]
    fn subjects_of_one_language_may_have_any_name() {
        let dir = tempfile::tempdir().unwrap();
        let add = |names: &[&str]| {
            for name in names {
                let func = dir.path().join("derivatives").join(name).join("func");
                fs::create_dir_all(&func).unwrap();
                fs::write(func.join(format!("{name}_run-1_bold.nii.gz")), "").unwrap();
            }
        };
        let found = |languages: &str, lang: &str| {
            fs::write(dir.path().join("lpp.toml"), format!("languages = {languages}")).unwrap();
            let study = Study::open(dir.path()).unwrap();
            let subjects = derivative_runs(&study, lang.parse().unwrap()).unwrap_or_default();
            subjects
                .iter()
                .map(|s| s.name.clone())
                .collect::<Vec<_>>()
                .join(" ")
        };
        add(&["sub-01", "sub-pilot", "sub-10", "sub-2"]);
        assert_eq!(found("[\"en\"]", "en"), "sub-01 sub-2 sub-10 sub-pilot");
        assert_eq!(found("[\"de\"]", "de"), "sub-01 sub-2 sub-10 sub-pilot");
        assert_eq!(found("[\"de\", \"en\"]", "en"), "", "whose language is not known");
        add(&["sub-EN057", "sub-FR001"]);
        assert_eq!(found("[\"en\"]", "en"), "sub-EN057", "as published");
        assert_eq!(found("[\"en\", \"fr\"]", "fr"), "sub-FR001");
        assert_eq!(found("[\"de\"]", "de"), "sub-01 sub-2 sub-10 sub-pilot");
    }

    #[test]
    fn a_table_lists_runs_of_any_session_and_story() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        write("lpp.toml", "languages = [\"de\"]\n");
        write(
            "runs.csv",
            "subject,session,run,story,kind,path\n01,1,1,owl,volume,x/a.nii\n01,1,2,fox,volume,x/b.nii\n\
             01,2,3,owl,volume,x/c.nii\n02,1,1,fox,volume,x/d.nii\n02,1,2,owl,volume,x/e.nii\n02,1,3,owl,volume,x/f.nii\n",
        );
        let lang: Language = "de".parse().unwrap();
        let found = |grid: &str| {
            write("lpp.toml", &format!("languages = [\"de\"]\n{grid}"));
            let study = Study::open(dir.path()).unwrap();
            let subjects = resampled_runs(&study, lang).unwrap();
            assert_eq!(resampled_runs_of(&study, lang, "02").unwrap(), subjects[1]);
            subjects
        };
        let native = found("");
        let names = |subject: &SubjectRuns| {
            subject
                .runs
                .iter()
                .map(|run| file_name(run))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(
            native.iter().map(names).collect::<Vec<_>>(),
            ["a.nii c.nii b.nii", "e.nii f.nii d.nii"]
        );
        assert_eq!(native[0].stories, Some(vec![0, 0, 1]));
        assert_eq!(native[1].labels, ["owl", "owl", "fox"]);
        let paper = found("[grid]\nkind = \"paper\"\n");
        assert!(
            paper[1].runs[2].ends_with("resampled/de/sub-02/d_res-4mm.nii"),
            "{paper:?}"
        );
        let study = Study::open(dir.path()).unwrap();
        let error = resampled_runs_of(&study, lang, "03").unwrap_err().to_string();
        assert!(error.contains("sub-03"), "{error}");
        assert!(start_times(&study, lang).unwrap().is_empty());
        let starts = |second: &str| {
            let rows = format!(
                "01,1,volume,a.nii,0\n01,2,volume,b.nii,\n02,1,volume,c.nii,{second}\n02,2,volume,d.nii,\n"
            );
            write("runs.csv", &format!("subject,run,kind,path,start_s\n{rows}"));
            start_times(&study, lang).map_err(|error| error.to_string())
        };
        assert_eq!(starts("0.0").unwrap(), [Some(0.0), None]);
        for (second, said) in [("0.75", "start_s 0.75 of sub-02"), ("", "no start_s of sub-02")] {
            let error = starts(second).unwrap_err();
            assert!(
                error.contains(said) && error.contains("start_s 0 as of sub-01"),
                "{error}"
            );
        }
        write("runs.csv", "subject,run,lang,kind,path\n01,1,fr,volume,a.nii\n");
        let error = derivative_runs(&study, lang).unwrap_err().to_string();
        assert!(error.contains("runs.csv: found no run of de"), "{error}");
    }
}
