//! Texts that a model wrote, and measures of them that need no judge.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use lpp_files::{AtomicFile, FileError, check_rows};
use serde::{Deserialize, Serialize};

use crate::item_files::BYTES_OF_ITEM;

/// A continuation of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeneratedText {
    /// The prompt, from 0.
    pub prompt: usize,
    /// The sample of it, from 0.
    pub sample: usize,
    /// New token ids.
    pub ids: Vec<i64>,
    /// What they say.
    pub text: String,
    /// ln p of each, at temperature 1 and without cuts.
    pub logprob_nats: Vec<f64>,
}

/// What can be counted in the texts. Words are runs of letters, digits and apostrophes, in lower case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GeneratedSummary {
    /// Texts.
    pub n_samples: usize,
    /// Their tokens.
    pub n_tokens: usize,
    /// Their words.
    pub n_words: usize,
    /// Mean ln p of a token.
    pub mean_logprob_nats: f64,
    /// Different words, over all words.
    pub distinct_words: f64,
    /// Different pairs of neighbouring words, over all such pairs.
    pub distinct_pairs: f64,
    /// Share of groups of four words that occurred earlier in the same text.
    pub repeated_fours: f64,
    /// Share of words that are in the list, if there is one.
    pub in_word_list: Option<f64>,
    /// Share of sentences that stand word for word in a prompt.
    pub from_prompts: f64,
}

impl GeneratedSummary {
    /// Counts in `texts`, which continue `prompts`.
    #[must_use]
    pub fn of(texts: &[GeneratedText], prompts: &[String], word_list: Option<&HashSet<String>>) -> Self {
        let words: Vec<Vec<String>> = texts.iter().map(|text| words_of(&text.text)).collect();
        let n_words = words.iter().map(Vec::len).sum();
        let logprobs = texts.iter().flat_map(|text| &text.logprob_nats);
        let n_tokens = texts.iter().map(|text| text.ids.len()).sum();
        let in_word_list = word_list.map(|list| {
            let known = words.iter().flatten().filter(|word| list.contains(*word));
            share(known.count(), n_words)
        });
        Self {
            n_samples: texts.len(),
            n_tokens,
            n_words,
            mean_logprob_nats: logprobs.sum::<f64>() / n_tokens as f64,
            distinct_words: distinct(&words, 1),
            distinct_pairs: distinct(&words, 2),
            repeated_fours: repeated(&words, 4),
            in_word_list,
            from_prompts: from_prompts(texts, prompts),
        }
    }
}

/// NaN of nothing.
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// Different groups of `n` neighbouring words over all of them.
fn distinct(texts: &[Vec<String>], n: usize) -> f64 {
    let groups = texts.iter().flat_map(|words| words.windows(n));
    let different: HashSet<_> = groups.clone().collect();
    share(different.len(), groups.count())
}

/// Groups of `n` neighbouring words that occurred earlier in the same text, over all of them.
fn repeated(texts: &[Vec<String>], n: usize) -> f64 {
    let n_groups: usize = texts.iter().map(|words| words.windows(n).count()).sum();
    let different = texts
        .iter()
        .map(|words| words.windows(n).collect::<HashSet<_>>().len());
    share(n_groups - different.sum::<usize>(), n_groups)
}

fn from_prompts(texts: &[GeneratedText], prompts: &[String]) -> f64 {
    let known: HashSet<_> = prompts.iter().flat_map(|prompt| sentences_of(prompt)).collect();
    let sentences: Vec<_> = texts.iter().flat_map(|text| sentences_of(&text.text)).collect();
    let copied = sentences.iter().filter(|sentence| known.contains(*sentence));
    share(copied.count(), sentences.len())
}

fn words_of(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
    let words = text.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The words of each sentence; a sentence ends at `.`, `!` or `?` before white space or the end.
fn sentences_of(text: &str) -> Vec<Vec<String>> {
    let mut sentences = vec![Vec::new()];
    for word in text.split_whitespace() {
        sentences
            .last_mut()
            .into_iter()
            .for_each(|sentence| sentence.extend(words_of(word)));
        if word.ends_with(['.', '!', '?']) {
            sentences.push(Vec::new());
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// The lines of a file of prompts.
///
/// # Errors
/// [`FileError`] if the file cannot be read, is not UTF-8, or has no line or an empty one.
pub fn load_prompts(path: &Path) -> Result<Vec<String>, FileError> {
    let text = lpp_files::read_input_text(path).map_err(FileError::read(path))?;
    let wrong = |found: String| FileError::malformed(path, found, "one prompt a line");
    let mut prompts = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            return Err(wrong(format!("nothing in line {}", index + 1)));
        }
        prompts.push(line.to_owned());
    }
    if prompts.is_empty() {
        return Err(wrong("no line".to_owned()));
    }
    Ok(prompts)
}

/// The words of a list, one a line, in lower case.
///
/// # Errors
/// [`FileError`] if the file cannot be read, is not UTF-8, or has no words.
pub fn load_word_list(path: &Path) -> Result<HashSet<String>, FileError> {
    let text = lpp_files::read_input_text(path).map_err(FileError::read(path))?;
    let words: HashSet<String> = text.lines().flat_map(words_of).collect();
    if words.is_empty() {
        return Err(FileError::malformed(path, "no words", "one word a line"));
    }
    Ok(words)
}

/// Writes texts as JSON, one a line, completely or not at all.
///
/// # Errors
/// [`FileError::Write`] if the file cannot be written.
pub fn save_generated(path: &Path, texts: &[GeneratedText]) -> Result<(), FileError> {
    let mut file = AtomicFile::create(path)?;
    for text in texts {
        let line = serde_json::to_string(text).map_err(|e| FileError::write(path)(e.into()))?;
        writeln!(file, "{line}").map_err(FileError::write(path))?;
    }
    file.commit()
}

/// Reads what [`save_generated`] wrote.
///
/// # Errors
/// [`FileError`] if the file cannot be read or is another.
pub fn load_generated(path: &Path) -> Result<Vec<GeneratedText>, FileError> {
    let text = lpp_files::read_input_text(path).map_err(FileError::read(path))?;
    check_rows(path, &text, BYTES_OF_ITEM)?;
    let texts = text.lines().map(lpp_files::json::from_str);
    let texts: Result<Vec<_>, _> = texts.collect();
    texts.map_err(|e| FileError::malformed(path, e.to_string(), "texts of lpp-score generate"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sample: usize, text: &str) -> GeneratedText {
        GeneratedText {
            prompt: 0,
            sample,
            ids: vec![1, 2],
            text: text.to_owned(),
            logprob_nats: vec![-1.0, -2.0],
        }
    }

    #[test]
    fn counts_are_those_of_words_and_sentences() {
        let texts = [
            text(0, " the dog is good. The dog is good, the dog is good."),
            text(1, "A cat! It's 3."),
        ];
        let prompts = ["Once. A cat!".to_owned()];
        let list = ["the", "cat", "it's"].map(str::to_owned).into();
        let found = GeneratedSummary::of(&texts, &prompts, Some(&list));
        assert_eq!((found.n_samples, found.n_tokens, found.n_words), (2, 4, 16));
        let shares = vec![
            found.distinct_words,
            found.distinct_pairs,
            found.repeated_fours,
            found.in_word_list.unwrap(),
            found.from_prompts,
            found.mean_logprob_nats,
        ];
        let expected = [
            // the dog is good a cat it's 3
            8.0 / 16.0,
            // the-dog dog-is is-good good-the a-cat cat-it's it's-3
            7.0 / 14.0,
            // Of nine fours of the first text, four are new; the second has one.
            5.0 / 10.0,
            5.0 / 16.0,
            1.0 / 4.0,
            -1.5,
        ];
        assert_eq!(shares, expected);
    }

    #[test]
    fn texts_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let texts = [text(0, "a \"quote\"\nand a line"), text(1, "")];
        save_generated(&path, &texts).unwrap();
        assert_eq!(load_generated(&path).unwrap(), texts);
        let prompts = folder.path().join("prompts.txt");
        std::fs::write(&prompts, "one\n\nthree\n").unwrap();
        let message = load_prompts(&prompts).unwrap_err().to_string();
        assert!(message.contains("line 2"), "{message}");
    }
}
