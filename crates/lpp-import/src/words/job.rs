//! Files of words become the table of words of a study.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use lpp_files::{FileError, TimedWord, WordTable, check_distinct_files};
use lpp_steps::{Choice, ImportWordsStep, Software, run_if_stale};
use serde::Serialize;

use super::format::{self, WordFormat};
use super::pace::unit_of;
use super::run_of::{RunOf, places};
use super::spoken::{Segment, Spoken};
use super::times::{Word, check_spread, words};
use super::unit::Unit;

/// Reads files of words and writes the table of words of one language.
#[derive(Debug, Clone, Default)]
pub struct WordsJob {
    /// The files: one a run, or one with a column that tells the run.
    pub files: Vec<PathBuf>,
    /// The language.
    pub lang: String,
    /// The format of the files.
    pub format: WordFormat,
    /// The unit of times; `None` to find it.
    pub unit: Option<Unit>,
    /// The tier of a `TextGrid`, or the column of the words.
    pub tier: Option<String>,
    /// What tells the run.
    pub run_of: RunOf,
    /// Whether segments of several words are divided, and times that are missing filled in.
    pub spread: bool,
    /// The stories of the study, if it has a runs table.
    pub stories: Option<Vec<String>>,
    /// Whether the files are those of the stories in their order, whatever their names.
    pub in_order: bool,
    /// The table of words.
    pub output: PathBuf,
    /// Write it even if it is up to date.
    pub force: bool,
}

/// The words of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunOfWords {
    /// The run, from 0.
    pub run: usize,
    /// The name of the file or the value of the column that it is from.
    pub source: String,
    /// Number of words.
    pub n_words: usize,
    /// When the first word begins and the last one ends, in seconds.
    pub first_s: f64,
    /// As above.
    pub last_s: f64,
    /// The longest silence between two words, in seconds; 0 if there is none.
    pub longest_gap_s: f64,
    /// When it begins, in seconds.
    pub gap_at_s: f64,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub struct WordsReport {
    /// Whether the table was up to date.
    pub up_to_date: bool,
    /// The runs in order.
    pub runs: Vec<RunOfWords>,
    /// The unit of times.
    pub unit: Unit,
    /// Why it was taken.
    pub unit_reason: String,
    /// How often rows without a word were left out, by their text.
    pub left_out: BTreeMap<String, usize>,
}

/// The words of a run with the label that tells which.
type Labelled = (String, Vec<Word>);

impl WordsJob {
    /// Reads the words, and writes them unless the table is up to date.
    ///
    /// # Errors
    /// [`FileError`] naming the file and the row, interval or cue if the words of a run cannot be told with certainty:
    /// several tiers, columns or units, times that are missing or run backwards, a run that is missing or there twice.
    pub fn run(&self, software: Software) -> Result<WordsReport, FileError> {
        check_distinct_files(&self.files)?;
        let mut read = Vec::new();
        for path in &self.files {
            read.push(format::read(
                path,
                self.format,
                self.tier.as_deref(),
                &self.run_of,
            )?);
        }
        let (unit, unit_reason) = one_unit(&read, self.unit)?;
        let mut labelled: Vec<Labelled> = Vec::new();
        for spoken in &read {
            self.tell_of_segments(spoken);
            labelled.extend(self.runs_of(spoken, unit)?);
        }
        let places = if self.in_order {
            (0..labelled.len()).collect()
        } else {
            let labels: Vec<String> = labelled.iter().map(|(label, _)| label.clone()).collect();
            places(&labels, self.stories.as_deref(), &self.files[0])?
        };
        let mut runs: Vec<(usize, Labelled)> = places.into_iter().zip(labelled).collect();
        runs.sort_by_key(|(place, _)| *place);
        let table = WordTable::new(timed(&runs), &self.files[0])?;
        let step = self.step();
        let done = run_if_stale(software, vec![step.artefact()], self.force, || {
            table.save(&self.output)
        })?;
        let mut left_out = BTreeMap::new();
        for (text, n) in read.iter().flat_map(|spoken| &spoken.left_out) {
            *left_out.entry(text.clone()).or_default() += n;
        }
        Ok(WordsReport {
            up_to_date: done.is_up_to_date(),
            runs: runs
                .iter()
                .map(|(run, (source, words))| summary(*run, source, words))
                .collect(),
            unit,
            unit_reason,
            left_out,
        })
    }

    fn step(&self) -> ImportWordsStep {
        ImportWordsStep {
            files: self.files.clone(),
            lang: self.lang.clone(),
            format: self.format.name().to_owned(),
            unit: self.unit.map(|unit| unit.name().to_owned()),
            tier: self.tier.clone(),
            run_of: match &self.run_of {
                RunOf::Name => "name".to_owned(),
                RunOf::Column(column) => column.clone(),
            },
            spread: self.spread,
            stories: self.stories.clone(),
            output: self.output.clone(),
        }
    }

    /// The words of each run of a file, runs in the order of their first words.
    fn runs_of(&self, spoken: &Spoken, unit: Unit) -> Result<Vec<Labelled>, FileError> {
        if self.spread {
            check_spread(spoken)?;
        }
        let of_file = stem(&spoken.path);
        let mut groups: Vec<(String, Vec<&Segment>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for segment in &spoken.segments {
            let label = segment.run.as_deref().unwrap_or(&of_file);
            match places.entry(label) {
                Entry::Occupied(place) => groups[*place.get()].1.push(segment),
                Entry::Vacant(place) => {
                    place.insert(groups.len());
                    groups.push((label.to_owned(), vec![segment]));
                }
            }
        }
        let groups = groups.into_iter();
        groups
            .map(|(label, segments)| Ok((label, words(spoken, &segments, unit, self.spread)?)))
            .collect()
    }

    fn tell_of_segments(&self, spoken: &Spoken) {
        let (long, all) = (spoken.n_long(), spoken.segments.len());
        // Single expressions of several words (`three two five`) are words of the table all the same.
        if !self.spread && (spoken.noun == "cue" || 2 * long > all) {
            tracing::warn!(
                "{}: {long} of {all} rows hold several words; each row becomes one word with the times of its segment \
                 (--spread makes a row a word, with times inside the segment)",
                spoken.path.display()
            );
        }
    }
}

/// The unit of all files, which must be one.
fn one_unit(read: &[Spoken], asked: Option<Unit>) -> Result<(Unit, String), FileError> {
    let mut first: Option<(Unit, String, &Path)> = None;
    for spoken in read {
        let (unit, why) = unit_of(spoken, asked)?;
        match &first {
            Some((other, reason, path)) if *other != unit => {
                let found = format!("times in {} ({why})", unit.name());
                let expected = format!(
                    "{} as in {} ({reason}); say which (--unit)",
                    other.name(),
                    path.display()
                );
                return Err(FileError::malformed(&spoken.path, found, expected));
            }
            Some(_) => {}
            None => first = Some((unit, why, &spoken.path)),
        }
    }
    let none = || FileError::malformed(Path::new("words"), "no file", "at least one file of words");
    first.map(|(unit, why, _)| (unit, why)).ok_or_else(none)
}

fn timed(runs: &[(usize, Labelled)]) -> Vec<TimedWord> {
    let words = runs
        .iter()
        .flat_map(|(run, (_, words))| (0..).zip(words).map(move |word| (*run, word)));
    words
        .map(|(run, (word_index, word))| TimedWord {
            run,
            word_index,
            word: word.text.clone(),
            onset_s: word.onset_s,
            offset_s: word.offset_s,
        })
        .collect()
}

fn summary(run: usize, source: &str, words: &[Word]) -> RunOfWords {
    let mut longest = (0.0, 0.0);
    let mut end = f64::NEG_INFINITY;
    for word in words {
        if end.is_finite() && word.onset_s - end > longest.0 {
            longest = (word.onset_s - end, end);
        }
        end = end.max(word.offset_s);
    }
    RunOfWords {
        run,
        source: source.to_owned(),
        n_words: words.len(),
        first_s: words.first().map_or(0.0, |word| word.onset_s),
        last_s: end,
        longest_gap_s: longest.0,
        gap_at_s: longest.1,
    }
}

/// The name of a file without folder and ending.
fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOFTWARE: Software = Software {
        program: "lpp-import",
        version: "0",
        commit: None,
    };

    fn job(folder: &tempfile::TempDir, files: &[(&str, &str)]) -> WordsJob {
        let files = files.iter().map(|(name, text)| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        });
        WordsJob {
            files: files.collect(),
            lang: "de".to_owned(),
            output: folder.path().join("words_de.csv"),
            ..WordsJob::default()
        }
    }

    #[test]
    fn files_of_several_formats_become_runs_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("story10.csv", "word,onset,offset\nda,0.5,0.7\nwar,0.7,1.0\n"),
            (
                "story9.json",
                "[{\"word\": \"ein\", \"start\": 0.25, \"end\": 0.5}, {\"word\": \"Tag\", \"start\": 3.5, \"end\": 4}]",
            ),
        ];
        let job = job(&folder, &files);
        let report = job.run(SOFTWARE).unwrap();
        let said: Vec<_> = report
            .runs
            .iter()
            .map(|run| (run.source.as_str(), run.longest_gap_s, run.gap_at_s))
            .collect();
        assert_eq!(said, [("story9", 3.0, 0.5), ("story10", 0.0, 0.0)]);
        let written = std::fs::read_to_string(&job.output).unwrap();
        let expected = "run,word_index,word,onset_s,offset_s\n0,0,ein,0.25,0.5\n0,1,Tag,3.5,4.0\n1,0,da,0.5,0.7\n1,1,war,0.7,1.0\n";
        assert_eq!(written, expected);
        assert!(job.run(SOFTWARE).unwrap().up_to_date);
        let spread = WordsJob { spread: true, ..job };
        assert!(!spread.run(SOFTWARE).unwrap().up_to_date);
    }

    #[test]
    fn a_column_tells_the_run_and_units_must_agree() {
        let folder = tempfile::tempdir().unwrap();
        let files = [(
            "all.tsv",
            "story\ttext\tonset\tend\nb\tx\t100\t200\nb\ty\t300\t400\na\tz\t100\t600\n",
        )];
        let mut job = job(&folder, &files);
        job.run_of = "story".parse().unwrap();
        assert!(job.run(SOFTWARE).unwrap_err().to_string().contains("a runs.csv"));
        job.stories = Some(vec!["b".to_owned(), "a".to_owned()]);
        let report = job.run(SOFTWARE).unwrap();
        assert_eq!(
            (report.unit, report.runs[0].last_s, report.runs[1].source.as_str()),
            (Unit::Milliseconds, 0.4, "a")
        );
        let second = folder.path().join("b_2.csv");
        std::fs::write(&second, "word,onset,end\nu,1,2\nv,2,3\n").unwrap();
        job.files.push(second);
        job.run_of = RunOf::Name;
        let error = job.run(SOFTWARE).unwrap_err().to_string();
        assert!(
            error.contains("b_2.csv: found times in s") && error.contains("ms as in"),
            "{error}"
        );
    }
}
