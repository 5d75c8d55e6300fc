//! What the program `lpp-controls` does, from files to files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lpp_study::{Software, Step};
use ndarray::Array2;

use crate::job::save_one_layer;
use crate::{Annotation, AnnotationSource, Control, SpeechEnvelope, TextError, WordCounts};

/// Low-level controls of all words, each written as activations of one layer and one column.
#[derive(Debug, Clone)]
pub struct ControlsJob {
    /// The words.
    pub annotation: AnnotationSource,
    /// A table of word counts; without one, the words of the story are counted.
    pub counts: Option<PathBuf>,
    /// A recording of each run, in order; without any, there is no envelope.
    pub recordings: Vec<PathBuf>,
    /// Cut-off of the envelope, Hz.
    pub cutoff_hz: f64,
    /// The activations file of each control.
    pub outputs: Vec<(Control, PathBuf)>,
    /// The table of the words to write, such as `words_en.csv`.
    pub words: PathBuf,
    /// Whether to write again what is up to date.
    pub force: bool,
}

/// How one control ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlReport {
    /// The control.
    pub control: Control,
    /// Its file.
    pub output: PathBuf,
    /// Whether it was up to date, so that nothing was done.
    pub up_to_date: bool,
    /// Number of words over all runs.
    pub n_words: usize,
}

impl ControlsJob {
    /// Writes the controls and the words, unless they are up to date.
    ///
    /// # Errors
    /// Those of [`Annotation::load`], [`WordCounts::load`] and [`SpeechEnvelope::load`]; [`TextError::BadSetting`] if there is
    /// not one recording for each run, [`FileError::Malformed`](lpp_files::FileError::Malformed) if one ends before half of the words of its run begin;
    /// [`TextError::File`] if a file cannot be written.
    pub fn run(&self, software: Software) -> Result<Vec<ControlReport>, TextError> {
        let annotation = self.annotation.load()?;
        let mut reports = Vec::new();
        for (control, output) in &self.outputs {
            let step = self.step(software, *control, output)?;
            let up_to_date = step.is_done(self.force)?;
            if !up_to_date {
                self.save(*control, output, &self.values(*control, &annotation)?)?;
                step.finish()?;
            }
            reports.push(ControlReport {
                control: *control,
                output: output.clone(),
                up_to_date,
                n_words: annotation.n_words(),
            });
        }
        self.annotation
            .save_words(&annotation.word_table()?, &self.words, software)?;
        Ok(reports)
    }

    fn step(&self, software: Software, control: Control, output: &Path) -> Result<Step, TextError> {
        let mut step = self
            .annotation
            .step(software, output)?
            .parameter("control", control.to_string());
        if control == Control::LogFrequency
            && let Some(table) = &self.counts
        {
            step = step.input(table)?;
        }
        if control == Control::Envelope {
            step = step.parameter("cutoff_hz", self.cutoff_hz);
            for recording in &self.recordings {
                step = step.input(recording)?;
            }
        }
        Ok(step)
    }

    fn values(&self, control: Control, annotation: &Annotation) -> Result<Vec<Array2<f32>>, TextError> {
        let runs = annotation.runs();
        let counts = match (&self.counts, control) {
            (Some(table), Control::LogFrequency) => {
                let counts = WordCounts::load(table)?;
                let n_missing = counts.n_missing(runs);
                if n_missing > 0 {
                    tracing::warn!("{}: {n_missing} words are not in it and count 0", table.display());
                }
                counts
            }
            _ => WordCounts::of_story(runs),
        };
        match control.of_words(runs, &counts) {
            Some(values) => Ok(values),
            None => self.envelopes(annotation),
        }
    }

    fn envelopes(&self, annotation: &Annotation) -> Result<Vec<Array2<f32>>, TextError> {
        let runs = annotation.runs();
        if self.recordings.len() != runs.len() {
            return Err(TextError::BadSetting {
                what: "recordings",
                found: self.recordings.len().to_string(),
                expected: "one for each of the 9 runs",
            });
        }
        let envelope_of_run = |(run, path): (&crate::RunWords, &PathBuf)| {
            let envelope = SpeechEnvelope::load(path, self.cutoff_hz)?;
            let outside = run
                .onsets_s
                .iter()
                .filter(|&&on| on >= envelope.duration_s())
                .count();
            if 2 * outside > run.n_words() {
                let found = format!("a recording of {:.1} s", envelope.duration_s());
                let last = run.onsets_s.iter().copied().fold(0.0, f64::max);
                let expected = format!("that of a run whose last word begins at {last:.1} s");
                return Err(TextError::malformed(path, found, expected));
            }
            if outside > 0 {
                tracing::warn!(
                    "{}: {outside} words begin after its end and get 0",
                    path.display()
                );
            }
            #[expect(clippy::cast_possible_truncation, reason = "activations are stored in f32")]
            let of_word = |(i, _)| envelope.mean_over(run.onsets_s[i], run.offsets_s[i]) as f32;
            Ok(Array2::from_shape_fn((run.n_words(), 1), of_word))
        };
        runs.iter().zip(&self.recordings).map(envelope_of_run).collect()
    }

    fn save(&self, control: Control, output: &Path, runs: &[Array2<f32>]) -> Result<(), TextError> {
        let metadata = BTreeMap::from([
            ("model".to_owned(), control.name()),
            ("kind".to_owned(), "control".to_owned()),
            ("lang".to_owned(), self.annotation.lang.to_string()),
        ]);
        save_one_layer(output, runs, metadata)
    }
}

/// The recordings of a list of files and folders: a folder stands for the WAV files in it, sorted by the numbers in their
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
        let entries = std::fs::read_dir(path).map_err(TextError::read(path))?;
        let mut inside = entries
            .map(|entry| entry.map(|e| e.path()).map_err(TextError::read(path)))
            .collect::<Result<Vec<_>, _>>()?;
        inside.retain(|file| file.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")));
        if inside.is_empty() {
            return Err(TextError::malformed(path, "no WAV file", "one of each run"));
        }
        inside.sort_by_key(|file| (numbers_in(file), file.clone()));
        files.extend(inside);
    }
    Ok(files)
}

/// The numbers in the name of a file, so that run 10 comes after run 9.
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
