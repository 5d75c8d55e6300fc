//! Runs that some subject lacks, left out of the table of runs and of the tables of words.

use std::path::PathBuf;

use lpp_files::{FileError, TimedWord, WordTable};
use lpp_steps::{Artefact, Software, run_if_stale};
use lpp_study::{Language, PairRuns, RunsTable, Study, runs_in_language};

/// The stories that some subject lacks, and what is left without them. Nothing has been written yet.
#[derive(Debug)]
pub struct MissingRuns {
    /// Names of the stories.
    pub left_out: Vec<String>,
    study: Study,
    whole: RunsTable,
    paired: RunsTable,
    words: Vec<Renumbered>,
}

/// The words of one language without those of the stories that are left out.
#[derive(Debug)]
struct Renumbered {
    path: PathBuf,
    whole: WordTable,
    kept: WordTable,
    /// Names of the stories that remain.
    stories: Vec<String>,
}

impl MissingRuns {
    /// The stories that some subject of `study` lacks in one of `languages`; `None` if there is none, or no `runs.csv`.
    ///
    /// # Errors
    /// [`FileError`] naming a table that cannot be read, of which nothing would be left, or whose whole form is there already;
    /// or words that are not those of all stories, so that it is not known which of them belong to which.
    pub fn of(study: &Study, languages: &[Language]) -> Result<Option<Self>, FileError> {
        let Some(whole) = study.load_runs()? else {
            return Ok(None);
        };
        let codes: Vec<&str> = languages.iter().map(Language::code).collect();
        let by_place = study.config().corpus.pair_runs == Some(PairRuns::Place);
        let (paired, left_out) = whole.only_paired_in(&codes, by_place);
        if left_out.is_empty() {
            return Ok(None);
        }
        let file = study.runs_table();
        if paired.runs().is_empty() {
            let found = "no run that all subjects have";
            return Err(FileError::malformed(&file, found, "at least one such run"));
        }
        check_free(&whole_of(&file))?;
        let mut all = study.config().languages.clone();
        all.extend(
            languages
                .iter()
                .filter(|lang| !study.config().languages.contains(lang)),
        );
        let words = all
            .iter()
            .filter_map(|lang| Renumbered::of(study, *lang, &whole, &paired).transpose());
        Ok(Some(Self {
            words: words.collect::<Result<_, _>>()?,
            study: study.clone(),
            left_out,
            whole,
            paired,
        }))
    }

    /// Leaves the stories out of `runs.csv` for all subjects, and out of the tables of words, whose `run` counts the stories
    /// that remain. The whole tables stay beside them (`all_runs.csv`, `all_words_en.csv`), and records name what was left out.
    ///
    /// # Errors
    /// [`FileError`] naming the file that cannot be written.
    pub fn leave_out(self, software: Software) -> Result<(), FileError> {
        let file = self.study.runs_table();
        let record = |path: &PathBuf, stories: Option<&Vec<String>>| {
            let artefact = Artefact::new(path).input(whole_of(path));
            artefact
                .with("left_out", &self.left_out)
                .if_known("stories", stories)
        };
        self.whole.save(&whole_of(&file))?;
        for words in &self.words {
            words.whole.save(&whole_of(&words.path))?;
        }
        let of_words = self
            .words
            .iter()
            .map(|words| record(&words.path, Some(&words.stories)));
        let artefacts = std::iter::once(record(&file, None)).chain(of_words);
        run_if_stale(software, artefacts.collect(), true, || {
            for words in &self.words {
                words.kept.save(&words.path)?;
            }
            self.paired.save(&file)
        })?;
        Ok(())
    }
}

impl Renumbered {
    /// `None` if the language has no words yet, or keeps all of its stories.
    fn of(
        study: &Study,
        lang: Language,
        whole: &RunsTable,
        paired: &RunsTable,
    ) -> Result<Option<Self>, FileError> {
        let path = study.words(lang);
        let whole = runs_in_language(study, whole, lang);
        let (stories, kept) = (whole.stories(), whole.places_in(paired));
        if kept.len() == stories.len() {
            return Ok(None);
        }
        let annotation = study.annotation(lang);
        if annotation.exists() {
            let expected = "a table of words (lpp-import words), from which words of stories can be left out";
            return Err(FileError::malformed(
                &annotation,
                "an annotation of all stories",
                expected,
            ));
        }
        if !path.exists() {
            return Ok(None);
        }
        let table = WordTable::load(&path)?;
        if table.n_runs() != stories.len() {
            let expected = format!(
                "those of the {} stories of runs.csv, so that the words of the stories that are left out are known: {}",
                stories.len(),
                stories.join(", ")
            );
            let found = format!("words of {} runs", table.n_runs());
            return Err(FileError::malformed(&path, found, expected));
        }
        check_free(&whole_of(&path))?;
        let renumbered = |(run, place): (usize, &usize)| {
            let words = table.run(*place).iter().cloned();
            words.map(move |word| TimedWord { run, ..word })
        };
        let words = kept.iter().enumerate().flat_map(renumbered).collect();
        Ok(Some(Self {
            kept: WordTable::new(words, &path)?,
            stories: runs_in_language(study, paired, lang).stories(),
            whole: table,
            path,
        }))
    }
}

/// Where the whole table stays.
fn whole_of(table: &std::path::Path) -> PathBuf {
    let name = table.file_name().unwrap_or_default().to_string_lossy();
    table.with_file_name(format!("all_{name}"))
}

fn check_free(whole: &std::path::Path) -> Result<(), FileError> {
    if whole.exists() {
        let expected = "no such file, as the whole table is to be kept there; move it";
        return Err(FileError::malformed(whole, "a table", expected));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_steps::{AnnotationSource, Provenance};
    use lpp_study::AnnotationCorrections;

    const SOFTWARE: Software = Software {
        program: "lpp-run",
        version: "0",
        commit: None,
    };
    const RUNS: &str = "subject,run,kind,path\n1,1,volume,a.nii\n1,2,volume,b.nii\n1,3,volume,c.nii\n\
                        2,1,volume,d.nii\n2,3,volume,e.nii\n";

    fn study(words: &str) -> (tempfile::TempDir, Study) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("runs.csv", RUNS);
        write(
            "words_en.csv",
            &format!("run,word_index,word,onset_s,offset_s\n{words}"),
        );
        write("lpp.toml", "languages = [\"en\"]\n");
        let study = Study::open(folder.path()).unwrap();
        (folder, study)
    }

    fn missing(study: &Study) -> Result<Option<MissingRuns>, FileError> {
        MissingRuns::of(study, &[Language::English])
    }

    #[test]
    fn words_stay_with_their_story_when_an_earlier_one_is_left_out() {
        let (folder, study) = study("0,0,one,0.5,0.7\n1,0,two,0.5,0.7\n2,0,three,0.5,0.7\n2,1,more,1,2\n");
        let found = missing(&study).unwrap().unwrap();
        assert_eq!(found.left_out, ["run-2"]);
        found.leave_out(SOFTWARE).unwrap();
        assert_eq!(study.load_runs().unwrap().unwrap().stories(), ["run-1", "run-3"]);
        let words = WordTable::load(&study.words(Language::English)).unwrap();
        let said: Vec<_> = words
            .words()
            .iter()
            .map(|word| (word.run, word.word.as_str()))
            .collect();
        assert_eq!(said, [(0, "one"), (1, "three"), (1, "more")]);
        let whole = WordTable::load(&folder.path().join("all_words_en.csv")).unwrap();
        assert_eq!((whole.n_runs(), whole.words().len()), (3, 4));
        for file in [study.runs_table(), study.words(Language::English)] {
            let record = Provenance::load(&file).unwrap();
            assert_eq!(record.parameters["left_out"], serde_json::json!(["run-2"]));
            let name = format!("all_{}", file.file_name().unwrap().to_string_lossy());
            assert!(record.inputs[0].path.ends_with(name));
        }
        // The second time nothing is missing.
        assert!(missing(&study).unwrap().is_none());
        std::fs::write(study.runs_table(), RUNS).unwrap();
        let error = missing(&study).unwrap_err().to_string();
        assert!(error.contains("all_runs.csv: found a table"), "{error}");
    }

    #[test]
    fn renumbered_words_are_the_studys_own() {
        let (_folder, study) = study("0,0,one,0.5,0.7\n1,0,two,0.5,0.7\n2,0,three,0.5,0.7\n");
        let source = || AnnotationSource::of_study(&study, Language::English, AnnotationCorrections::Auto);
        assert!(source().is_table(&study.words(Language::English)));
        missing(&study).unwrap().unwrap().leave_out(SOFTWARE).unwrap();
        assert!(source().is_table(&study.words(Language::English)));
    }

    #[test]
    fn an_annotation_of_all_stories_is_refused() {
        let (folder, study) = study("0,0,one,0.5,0.7\n1,0,two,0.5,0.7\n2,0,three,0.5,0.7\n");
        let annotation = study.annotation(Language::English);
        std::fs::create_dir_all(annotation.parent().unwrap()).unwrap();
        std::fs::write(&annotation, "word,onset,offset,section\n").unwrap();
        let error = missing(&study).unwrap_err().to_string();
        assert!(error.contains("found an annotation of all stories"), "{error}");
        assert!(!folder.path().join("all_runs.csv").exists());
    }

    #[test]
    fn words_that_may_be_of_other_stories_are_refused_before_anything_is_written() {
        let (folder, study) = study("0,0,one,0.5,0.7\n1,0,two,0.5,0.7\n");
        let error = missing(&study).unwrap_err().to_string();
        assert!(
            error.contains("words_en.csv: found words of 2 runs, expected those of the 3 stories"),
            "{error}"
        );
        assert!(!folder.path().join("all_runs.csv").exists());
        assert_eq!(std::fs::read_to_string(study.runs_table()).unwrap(), RUNS);
    }
}
