//! Minimal pairs: a good and a bad sentence that differ in one respect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lpp_files::{FileError, check_rows};
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha12Rng;
use serde::Deserialize;

use crate::item_files::{BYTES_OF_ITEM, at_line, ending, json_lines, text_of};

/// A good and a bad sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The set to which it belongs.
    pub set: String,
    /// Its number in the set, from 0.
    pub item: usize,
    /// What the set is about; empty if unknown.
    pub phenomenon: String,
    /// The good sentence, as it stands in the file.
    pub good: String,
    /// The bad one.
    pub bad: String,
}

/// Reads minimal pairs, recognised by the ending of the file:
///
/// * `.jsonl`: `BLiMP`, objects with `sentence_good` and `sentence_bad`; the set is `UID`, or the file's name; the phenomenon is
///   `linguistics_term`, or `field`. A. Warstadt et al. (2020), <https://doi.org/10.1162/tacl_a_00321>
/// * `.txt`: Zorro, lines in turn ungrammatical and grammatical; the set is the file's name. P. Huebner et al. (2021),
///   <https://doi.org/10.18653/v1/2021.conll-1.49>
/// * `.tsv`, `.csv`: columns `good` and `bad`, optionally `set` and `phenomenon`.
///
/// # Errors
/// [`FileError`] naming file and line, for anything else, an empty sentence, an odd number of Zorro's lines, or a file given twice.
/// Pairs that occur twice in a set, and pairs of two equal sentences, are warned about.
pub fn load_pairs(files: &[PathBuf]) -> Result<Vec<Pair>, FileError> {
    let mut pairs = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        if files[..index].contains(file) {
            return Err(FileError::malformed(file, "the file twice", "each file once"));
        }
        for (line, mut pair) in pairs_of(file)? {
            check_sentences(file, line, &pair)?;
            let count = counts.entry(pair.set.clone()).or_default();
            pair.item = *count;
            *count += 1;
            pairs.push(pair);
        }
    }
    warn_of_repeats(&pairs);
    Ok(pairs)
}

fn check_sentences(file: &Path, line: usize, pair: &Pair) -> Result<(), FileError> {
    let mut sentences = [&pair.good, &pair.bad].into_iter();
    if sentences.any(|sentence| sentence.trim().is_empty()) {
        return Err(at_line(file, line, "an empty sentence", "two sentences"));
    }
    Ok(())
}

/// Says which sets have pairs that count twice, or that no model can decide.
fn warn_of_repeats(pairs: &[Pair]) {
    let mut seen = BTreeSet::new();
    let (mut repeated, mut equal) = (BTreeMap::new(), BTreeMap::new());
    for pair in pairs {
        if !seen.insert((&pair.set, &pair.good, &pair.bad)) {
            *repeated.entry(&pair.set).or_insert(0) += 1;
        }
        if pair.good == pair.bad {
            *equal.entry(&pair.set).or_insert(0) += 1;
        }
    }
    for (set, n) in repeated {
        tracing::warn!(
            "set {set}: repeated pairs: {n}; each counts, and intervals treat them as independent items"
        );
    }
    for (set, n) in equal {
        tracing::warn!("set {set}: pairs of two equal sentences: {n}; each scores 0.5");
    }
}

fn pairs_of(file: &Path) -> Result<Vec<(usize, Pair)>, FileError> {
    match ending(file).as_str() {
        "jsonl" => blimp(file),
        "txt" => zorro(file),
        "tsv" => table(file, b'\t'),
        "csv" => table(file, b','),
        other => Err(FileError::malformed(
            file,
            format!("a file that ends in .{other}"),
            ".jsonl (BLiMP), .txt (Zorro), or .tsv or .csv with columns good and bad",
        )),
    }
}

fn name_of(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[derive(Deserialize)]
struct BlimpLine {
    sentence_good: String,
    sentence_bad: String,
    #[serde(rename = "UID")]
    uid: Option<String>,
    linguistics_term: Option<String>,
    field: Option<String>,
}

fn blimp(file: &Path) -> Result<Vec<(usize, Pair)>, FileError> {
    let lines = json_lines::<BlimpLine>(
        file,
        "objects with sentence_good and sentence_bad, one a line (BLiMP)",
    )?;
    let pair = |(line, found): (usize, BlimpLine)| {
        let pair = Pair {
            set: found.uid.unwrap_or_else(|| name_of(file)),
            item: 0,
            phenomenon: found.linguistics_term.or(found.field).unwrap_or_default(),
            good: found.sentence_good,
            bad: found.sentence_bad,
        };
        (line, pair)
    };
    Ok(lines.into_iter().map(pair).collect())
}

fn zorro(file: &Path) -> Result<Vec<(usize, Pair)>, FileError> {
    let text = text_of(file)?;
    check_rows(file, &text, BYTES_OF_ITEM / 2)?;
    let n_lines = text.lines().count();
    if n_lines == 0 || n_lines % 2 == 1 {
        let found = format!("{n_lines} lines");
        let expected = "an even number: ungrammatical and grammatical sentences in turn (Zorro)";
        return Err(FileError::malformed(file, found, expected));
    }
    let mut lines = text.lines();
    let mut pairs = Vec::new();
    while let (Some(bad), Some(good)) = (lines.next(), lines.next()) {
        let pair = Pair {
            set: name_of(file),
            item: 0,
            phenomenon: String::new(),
            good: good.to_owned(),
            bad: bad.to_owned(),
        };
        let line = 2 * pairs.len() + 1;
        // At once: a file of empty lines is refused in its own size.
        check_sentences(file, line, &pair)?;
        pairs.push((line, pair));
    }
    Ok(pairs)
}

#[derive(Deserialize)]
struct TableLine {
    good: String,
    bad: String,
    set: Option<String>,
    phenomenon: Option<String>,
}

fn table(file: &Path, delimiter: u8) -> Result<Vec<(usize, Pair)>, FileError> {
    let text = text_of(file)?;
    check_rows(file, &text, BYTES_OF_ITEM)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut pairs = Vec::new();
    for (index, row) in reader.deserialize::<TableLine>().enumerate() {
        let row = row.map_err(|e| FileError::malformed(file, e.to_string(), "columns good and bad"))?;
        let pair = Pair {
            set: row.set.unwrap_or_else(|| name_of(file)),
            item: 0,
            phenomenon: row.phenomenon.unwrap_or_default(),
            good: row.good,
            bad: row.bad,
        };
        pairs.push((index + 2, pair));
    }
    if pairs.is_empty() {
        return Err(FileError::malformed(
            file,
            "no rows",
            "rows with a good and a bad sentence",
        ));
    }
    Ok(pairs)
}

/// At most `n` pairs of each set, drawn by `seed`, in the order of the file. The draw of a set does not depend on other sets.
#[must_use]
pub fn sampled(pairs: Vec<Pair>, n: usize, seed: u64) -> Vec<Pair> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for pair in &pairs {
        *sizes.entry(&pair.set).or_default() += 1;
    }
    let draw = |size: usize| {
        let mut rng = ChaCha12Rng::seed_from_u64(seed);
        let mut chosen = vec![false; size];
        for item in sample(&mut rng, size, n.min(size)) {
            chosen[item] = true;
        }
        chosen
    };
    let chosen: BTreeMap<String, Vec<bool>> = sizes
        .into_iter()
        .map(|(set, size)| (set.to_owned(), draw(size)))
        .collect();
    let is_chosen = |pair: &Pair| chosen.get(&pair.set).is_some_and(|set| set[pair.item]);
    pairs.into_iter().filter(is_chosen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn loaded(name: &str, content: &str) -> Result<Vec<Pair>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, content).unwrap();
        load_pairs(&[file]).map_err(|e| e.to_string())
    }

    fn pair(set: &str, item: usize, phenomenon: &str) -> Pair {
        Pair {
            set: set.to_owned(),
            item,
            phenomenon: phenomenon.to_owned(),
            good: "The dogs bark.".to_owned(),
            bad: "The dogs barks.".to_owned(),
        }
    }

    #[test]
    fn many_tiny_rows_are_refused_before_they_are_kept() {
        for (name, header, row) in [
            ("x.tsv", "good\tbad\n", "a\tb\n"),
            ("x.csv", "good,bad\n", "a,b\r"),
            ("x.txt", "", "a\n"),
            (
                "x.jsonl",
                "",
                "{\"sentence_good\":\"a\",\"sentence_bad\":\"b\"}\n",
            ),
        ] {
            let error = loaded(name, &format!("{header}{}", row.repeat(1_000_000))).unwrap_err();
            assert!(
                error.contains("000 rows") || error.contains("001 rows"),
                "{error}"
            );
        }
        let sentence = "The dogs that saw the old man bark at him.";
        let rows = format!("{sentence}\t{sentence}\n").repeat(100_000);
        assert_eq!(
            loaded("x.tsv", &format!("good\tbad\n{rows}")).unwrap().len(),
            100_000
        );
    }

    #[test]
    fn every_form_gives_the_same_pairs() {
        let line =
            r#"{"sentence_good": "The dogs bark.", "sentence_bad": "The dogs barks.", "field": "morphology",
                       "linguistics_term": "agreement", "UID": "sv"}"#
                .replace('\n', "");
        assert_eq!(
            loaded("x.jsonl", &format!("{line}\n\n{line}\n")).unwrap(),
            [pair("sv", 0, "agreement"), pair("sv", 1, "agreement")]
        );
        assert_eq!(
            loaded("sv.txt", "The dogs barks.\r\nThe dogs bark.\r\n").unwrap(),
            [pair("sv", 0, "")]
        );
        assert_eq!(
            loaded(
                "x.tsv",
                "\u{feff}good\tbad\tset\nThe dogs bark.\tThe dogs barks.\tsv\n"
            )
            .unwrap(),
            [pair("sv", 0, "")]
        );
        assert_eq!(
            loaded(
                "sv.csv",
                "bad,good,phenomenon\nThe dogs barks.,The dogs bark.,number\n"
            )
            .unwrap(),
            [pair("sv", 0, "number")]
        );
    }

    #[test]
    fn what_is_no_pair_is_refused_with_its_place() {
        for (name, content, part) in [
            ("x.txt", "one\ntwo\nthree\n", "3 lines"),
            ("x.txt", "one\n \n", "an empty sentence in line 1"),
            ("x.jsonl", "{\"sentence_good\": \"a\"}\n", "line 1"),
            ("x.jsonl", "\n", "no items"),
            ("x.csv", "good\na\n", "bad"),
            ("x.csv", "good,bad\n", "no rows"),
            ("x.pdf", "a", ".pdf"),
        ] {
            let message = loaded(name, content).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_sample_is_of_each_set_and_by_its_seed() {
        let pairs: Vec<Pair> = (0..30).map(|i| pair(["a", "b"][i % 2], i / 2, "")).collect();
        let once = sampled(pairs.clone(), 4, 1);
        assert_eq!(once.len(), 8);
        assert_eq!(once, sampled(pairs.clone(), 4, 1));
        assert_ne!(once, sampled(pairs.clone(), 4, 2));
        let only_a: Vec<Pair> = pairs.iter().filter(|pair| pair.set == "a").cloned().collect();
        let of_a: Vec<Pair> = once.into_iter().filter(|pair| pair.set == "a").collect();
        assert_eq!(sampled(only_a, 4, 1), of_a);
        assert_eq!(sampled(pairs.clone(), 100, 1), pairs);
    }
}
