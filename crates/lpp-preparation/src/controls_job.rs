//! Low-level properties of words as activations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_files::FileError;
use lpp_steps::{ControlStep, Software, WordsStep, run_if_stale};
use lpp_study::FeatureSource;
use lpp_text::{
    Annotation, Control, RunWords, SpeechEnvelope, TextError, WordCounts, load_texts, position_and_rate,
};
use ndarray::Array2;

use crate::annotation::{load_annotation, save_words};
use crate::features::save_one_layer;

/// Reads words and optional recordings, and writes one activations file per control.
#[derive(Debug, Clone)]
pub struct ControlsJob {
    /// The controls, all of one annotation.
    pub steps: Vec<ControlStep>,
    /// The table of words.
    pub words: WordsStep,
    /// Recompute even if the activations are up to date.
    pub force: bool,
}

/// Result for one control.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlReport {
    /// The activations.
    pub output: PathBuf,
    /// Whether they were up to date.
    pub up_to_date: bool,
    /// Number of words over all runs.
    pub n_words: usize,
}

impl ControlsJob {
    /// Writes each control, one layer of one column, and the words, unless they are up to date.
    ///
    /// # Errors
    /// As [`Annotation::load`] and [`WordCounts::load`]; [`TextError::BadSetting`] for an unknown control and unless
    /// there is one recording per run; [`FileError::Malformed`] if a recording ends before half of the words of its run
    /// begin; [`TextError::File`] if a file cannot be written.
    pub fn run(&self, software: Software) -> Result<Vec<ControlReport>, TextError> {
        let annotation = load_annotation(&self.words.annotation)?;
        let mut reports = Vec::new();
        for step in &self.steps {
            let done = run_if_stale(software, vec![step.artefact()], self.force, || {
                save(step, &values(step, &annotation)?, &annotation)
            })?;
            reports.push(ControlReport {
                output: step.output.clone(),
                up_to_date: done.is_up_to_date(),
                n_words: annotation.n_words(),
            });
        }
        save_words(software, &self.words, &annotation)?;
        Ok(reports)
    }
}

/// The values of a control, (`n_words`, `n_columns`) per run.
fn values(step: &ControlStep, annotation: &Annotation) -> Result<Vec<Array2<f32>>, TextError> {
    let runs = annotation.runs();
    let counts = match &step.counts {
        Some(table) => {
            let counts = WordCounts::load(table)?;
            let n_missing = counts.n_missing(runs);
            if n_missing > 0 {
                tracing::warn!(
                    "{}: {n_missing} words are missing and get the count 0",
                    table.display()
                );
            }
            counts
        }
        None => WordCounts::of_story(runs),
    };
    let control: Control = step.control.parse()?;
    if control == Control::PositionAndRate {
        let Some(text) = &step.text else {
            return Err(TextError::BadSetting {
                what: "the text, for the places of words in sentences",
                found: "none".to_owned(),
                expected: "the study's text with its punctuation (--text)",
            });
        };
        return position_and_rate(runs, &load_texts(text, step.annotation.lang.code(), runs.len())?);
    }
    match (control.of_words(runs, &counts), &step.recordings) {
        (Some(values), _) => Ok(values),
        (None, Some((recordings, cutoff_hz))) => envelopes(recordings, *cutoff_hz, annotation),
        (None, None) => envelopes(&[], SpeechEnvelope::CUTOFF_HZ, annotation),
    }
}

fn envelopes(
    recordings: &[PathBuf],
    cutoff_hz: f64,
    annotation: &Annotation,
) -> Result<Vec<Array2<f32>>, TextError> {
    let runs = annotation.runs();
    if recordings.len() != runs.len() {
        return Err(TextError::BadSetting {
            what: "recordings",
            found: recordings.len().to_string(),
            expected: "one for each run of the words",
        });
    }
    let envelope_of_run = |(run, path): (&RunWords, &PathBuf)| {
        let envelope = SpeechEnvelope::load(path, cutoff_hz)?;
        let outside = run
            .onsets_s
            .iter()
            .filter(|&&on| on >= envelope.duration_s())
            .count();
        if 2 * outside > run.n_words() {
            let found = format!("a recording of {:.1} s", envelope.duration_s());
            let last = run.onsets_s.iter().copied().fold(0.0, f64::max);
            let expected = format!("that of a run whose last word begins at {last:.1} s");
            return Err(FileError::malformed(path, found, expected).into());
        }
        if outside > 0 {
            tracing::warn!(
                "{}: {outside} words begin after its end and get the value 0",
                path.display()
            );
        }
        #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
        let of_word = |(i, _)| envelope.mean_over(run.onsets_s[i], run.offsets_s[i]) as f32;
        Ok(Array2::from_shape_fn((run.n_words(), 1), of_word))
    };
    runs.iter().zip(recordings).map(envelope_of_run).collect()
}

fn save(step: &ControlStep, runs: &[Array2<f32>], words: &Annotation) -> Result<(), TextError> {
    let name = step.control.clone();
    let metadata = BTreeMap::from([
        ("model".to_owned(), FeatureSource::Control { name }.to_string()),
        ("kind".to_owned(), "control".to_owned()),
        ("lang".to_owned(), step.annotation.lang.to_string()),
    ]);
    save_one_layer(&step.output, runs, metadata, words)
}

/// The recordings in a list of files and folders. A folder is replaced by its WAV files, sorted by the numbers in their
/// names and then by name.
///
/// # Errors
/// [`FileError::Read`](lpp_files::FileError::Read) if a folder cannot be read, [`FileError::Malformed`](lpp_files::FileError::Malformed) if it holds no WAV file.
pub fn wav_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, TextError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(FileError::read(path))?;
        let mut inside = entries
            .map(|entry| entry.map(|e| e.path()).map_err(FileError::read(path)))
            .collect::<Result<Vec<_>, _>>()?;
        inside.retain(|file| file.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")));
        if inside.is_empty() {
            return Err(FileError::malformed(path, "no WAV file", "one of each run").into());
        }
        inside.sort_by_key(|file| (numbers_in(file), file.clone()));
        files.extend(inside);
    }
    Ok(files)
}

/// The numbers in a file name, so that run 10 comes after run 9.
fn numbers_in(file: &Path) -> Vec<u64> {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let digits = name.split(|c: char| !c.is_ascii_digit());
    digits.filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_of_a_folder_are_in_the_order_of_their_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["en_10.wav", "en_2.WAV", "en_1.wav", "notes.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let files = wav_files(&[dir.path().to_owned()]).unwrap();
        assert_eq!(
            files,
            ["en_1.wav", "en_2.WAV", "en_10.wav"].map(|n| dir.path().join(n))
        );
        let empty = tempfile::tempdir().unwrap();
        assert!(wav_files(&[empty.path().to_owned()]).is_err());
    }
}
