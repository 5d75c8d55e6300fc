//! The size of a study: from its files if they exist, otherwise from the published data set.

use std::path::Path;

use lpp_files::{MappedMatrix, WordTable};
use lpp_study::{Language, Study, SubjectRuns, base_of_step, derivative_runs, resampled_runs};
use serde_json::Value;

use crate::catalogue::{ModelSize, published_size};

/// Scans of each run as published (README of ds003643).
const SCANS: [(Language, [u64; 9]); 3] = [
    (Language::English, [282, 298, 340, 303, 265, 343, 325, 292, 368]),
    (Language::French, [309, 326, 354, 315, 293, 378, 332, 294, 336]),
    (Language::Chinese, [283, 322, 322, 307, 293, 392, 364, 293, 401]),
];
/// Subjects as published (participants of ds003643).
const SUBJECTS: [(Language, u64); 3] = [
    (Language::English, 49),
    (Language::French, 28),
    (Language::Chinese, 35),
];
/// Scans of a run of another study, for estimates.
const USUAL_SCANS: u64 = 300;
/// Voxels of the English mask; that of the Chinese has 26,050.
const VOXELS: u64 = 25_870;
/// Words of the English annotation after its corrections; the same number is assumed for the other languages.
const WORDS: u64 = 15_342;
/// GPT-2 tokens of the English text over its words: 22,782 over 15,342.
const TOKENS_PER_WORD: f64 = 1.485;
/// Text of the other languages over the English: 3300 to 4100 GPT-2 tokens a run of French, 2700 to 3500 characters of
/// Chinese, against 2531.
const TOKENS_OF_FRENCH: f64 = 1.46;
const TOKENS_OF_CHINESE: f64 = 1.22;

/// Sizes of one language of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct StudySize {
    /// Number of scans of each run.
    pub n_scans: Vec<u64>,
    /// Voxels of the mask.
    pub n_voxels: u64,
    /// Words over all runs.
    pub n_words: u64,
    /// Tokens over all runs, for a tokenizer like that of GPT-2.
    pub n_tokens: u64,
    /// Subjects.
    pub n_subjects: u64,
}

impl StudySize {
    /// The sizes of a language of the published data set.
    #[must_use]
    pub fn published(lang: Language) -> Self {
        let of = |table: &[(Language, u64)]| table.iter().find(|row| row.0 == lang).map_or(0, |row| row.1);
        Self {
            n_scans: SCANS
                .iter()
                .find(|row| row.0 == lang)
                .map_or_else(Vec::new, |row| row.1.to_vec()),
            n_voxels: VOXELS,
            n_words: WORDS,
            n_tokens: tokens(WORDS, lang),
            n_subjects: of(&SUBJECTS),
        }
    }

    /// The sizes of a language of `study`: scans and voxels of its average subject, words of its table of words, if
    /// these files exist.
    #[must_use]
    pub fn of(study: &Study, lang: Language) -> Self {
        let mut size = Self::published(lang);
        let subjects = derivative_runs(study, lang)
            .or_else(|_| resampled_runs(study, lang))
            .unwrap_or_default();
        if let Some(n_runs) = subjects
            .first()
            .map(stories_of)
            .filter(|n| *n != size.n_scans.len())
        {
            size.n_scans = vec![USUAL_SCANS; n_runs];
        }
        let runs: Vec<(u64, u64)> = (0..)
            .map_while(|run| shape(&study.average_run(lang, run)))
            .collect();
        if let Some((_, n_voxels)) = runs.first() {
            size.n_voxels = *n_voxels;
            size.n_scans = runs.iter().map(|run| run.0).collect();
        }
        let words = WordTable::load(&study.words(lang)).map(|table| table.words().len() as u64);
        if let Ok(n_words) = words.or_else(|_| rows(&study.annotation(lang))) {
            size.n_words = n_words;
            size.n_tokens = tokens(n_words, lang);
        }
        if let Some(subjects) = study.config().subjects.get(&lang) {
            size.n_subjects = subjects.len() as u64;
        } else if !subjects.is_empty() {
            size.n_subjects = subjects.len() as u64;
        }
        size
    }

    /// Number of runs.
    #[must_use]
    pub fn n_runs(&self) -> usize {
        self.n_scans.len()
    }
}

/// Number of runs of the words that a subject heard.
fn stories_of(subject: &SubjectRuns) -> usize {
    let last = subject.stories.as_ref().and_then(|stories| stories.iter().max());
    last.map_or(subject.runs.len(), |last| last + 1)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a positive number of tokens"
)]
fn tokens(n_words: u64, lang: Language) -> u64 {
    let factor = match lang {
        Language::English | Language::Other(_) => 1.0,
        Language::French => TOKENS_OF_FRENCH,
        Language::Chinese => TOKENS_OF_CHINESE,
    };
    (n_words as f64 * TOKENS_PER_WORD * factor) as u64
}

fn shape(path: &Path) -> Option<(u64, u64)> {
    let matrix = MappedMatrix::<f32>::open(path).ok()??;
    let (rows, columns) = matrix.view().ok()?.dim();
    Some((rows as u64, columns as u64))
}

/// Number of rows of a table without its header.
fn rows(path: &Path) -> std::io::Result<u64> {
    let lines = lpp_files::read_input_text(path)?.lines().count();
    Ok(lines.saturating_sub(1) as u64)
}

/// The sizes of a model: as published, or from the `config.json` of its folder.
#[must_use]
pub fn model_size(study: &Study, model: &str) -> Option<ModelSize> {
    published_size(base_of_step(model)).or_else(|| configured_size(&study.model_dir(model)))
}

fn configured_size(folder: &Path) -> Option<ModelSize> {
    let config: Value =
        lpp_files::json::from_slice(&lpp_files::read_input(&folder.join("config.json")).ok()?).ok()?;
    let number = |names: [&str; 2]| names.iter().find_map(|name| config.get(name)?.as_u64());
    let n_blocks = number(["num_hidden_layers", "n_layer"])?;
    let n_hidden = number(["hidden_size", "n_embd"])?;
    let n_vocabulary = number(["vocab_size", "vocab_size"])?;
    // A block of a transformer: 4 matrices of attention and 8 of the usual inner layer, each of width squared.
    let body = 12 * n_blocks * n_hidden * n_hidden;
    Some(ModelSize {
        n_parameters: body + n_vocabulary * n_hidden,
        n_blocks,
        n_hidden,
        n_vocabulary,
        max_len: number(["max_position_embeddings", "n_positions"]),
        tied: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sizes_are_those_of_the_data_set() {
        let english = StudySize::published(Language::English);
        assert_eq!(english.n_scans.iter().sum::<u64>(), 2816);
        assert_eq!((english.n_subjects, english.n_runs()), (49, 9));
        // Counted with the GPT-2 tokenizer: 22,782 tokens.
        assert!(english.n_tokens.abs_diff(22_782) < 10, "{}", english.n_tokens);
    }

    #[test]
    fn a_folder_without_files_is_planned_as_published() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::open(folder.path()).unwrap();
        assert_eq!(
            StudySize::of(&study, Language::French),
            StudySize::published(Language::French)
        );
        std::fs::create_dir_all(folder.path().join("models/own")).unwrap();
        let config = r#"{"n_embd": 16, "n_layer": 2, "vocab_size": 100, "n_positions": 64}"#;
        std::fs::write(folder.path().join("models/own/config.json"), config).unwrap();
        let own = model_size(&study, "own").unwrap();
        assert_eq!(
            (own.n_blocks, own.n_body_parameters(), own.max_len),
            (2, 6144, Some(64))
        );
        assert_eq!(model_size(&study, "none"), None);
        assert_eq!(
            model_size(&study, "pythia-6.9b_step0"),
            published_size("pythia-6.9b")
        );
    }
}
