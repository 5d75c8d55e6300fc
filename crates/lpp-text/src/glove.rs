//! GloVe word vectors, in the text format in which they are distributed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use lpp_files::{GzipReader, refuse_pointer};
use ndarray::Array2;

use crate::{RunWords, TextError};

/// Longest line of a vector file; a line of 300 numbers has three kilobytes.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// Vectors of words.
///
/// Only the requested words are kept in memory; the others are read and checked.
#[derive(Debug, Clone)]
pub struct Glove {
    n_dims: usize,
    vectors: HashMap<String, Vec<f32>>,
}

/// The vectors of all words of a study, and the words without one.
#[derive(Debug, Clone, PartialEq)]
pub struct GloveRuns {
    /// (`n_words`, `n_dims`) for each run; a word without a vector has zeros.
    pub runs: Vec<Array2<f32>>,
    /// Words without a vector, as looked up, with the number of their occurrences.
    pub missing: BTreeMap<String, usize>,
}

impl GloveRuns {
    /// Number of spoken words without a vector.
    #[must_use]
    pub fn n_missing(&self) -> usize {
        self.missing.values().sum()
    }
}

impl Glove {
    /// Reads the vectors for the words of `runs` from a file with one word and its numbers per line, separated by
    /// spaces. Gzip is recognised by its first bytes.
    ///
    /// The first line gives the number of dimensions. If a word occurs twice, the later line is used.
    ///
    /// # Errors
    /// [`FileError::Read`](lpp_files::FileError::Read) if the file cannot be opened, [`TextError::MalformedLine`] naming the line if it has another
    /// number of dimensions, a bad number, is not UTF-8, or if the gzip data end too early;
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) for an empty file.
    ///
    /// ```
    /// use lpp_text::{Glove, RunWords};
    ///
    /// # let path = std::env::temp_dir().join(format!("lpp-doc-glove-{}.txt", std::process::id()));
    /// std::fs::write(&path, "the 0.1 0.2\nfox -1 2.5\n").unwrap();
    /// let run = RunWords { words: vec!["Fox;".into(), "vixen".into()], ..RunWords::default() };
    /// let vectors = Glove::load(&path, &[run.clone()])?.embed(&[run]);
    /// assert_eq!(vectors.runs[0], ndarray::array![[-1.0, 2.5], [0.0, 0.0]]);
    /// assert_eq!(vectors.n_missing(), 1);
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), lpp_text::TextError>(())
    /// ```
    pub fn load(path: &Path, runs: &[RunWords]) -> Result<Self, TextError> {
        let wanted: HashSet<String> = runs
            .iter()
            .flat_map(|run| &run.words)
            .flat_map(|word| parts(&looked_up(word)))
            .collect();
        let mut reader = Lines::open(path)?;
        let mut glove = Self {
            n_dims: 0,
            vectors: HashMap::new(),
        };
        let mut numbers = Vec::new();
        while let Some(text) = reader.next_line()? {
            let fields: Vec<&str> = text.split_ascii_whitespace().collect();
            let (word, fields) = fields.split_at(key_length(&fields, glove.n_dims));
            let word = word.join(" ");
            numbers.clear();
            for field in fields {
                match field.parse::<f64>() {
                    // NumPy reads numbers in double precision and then rounds, so does this.
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "rounding to f32 is what is wanted"
                    )]
                    Ok(number) if (number as f32).is_finite() => numbers.push(number as f32),
                    Ok(_) => {
                        let expected = "a finite number of single precision, up to 3.4e38".to_owned();
                        return Err(
                            reader.malformed(format!("{field:?} in the vector of {word:?}"), expected)
                        );
                    }
                    Err(_) => return Err(reader.malformed(format!("{field:?}"), "a number".to_owned())),
                }
            }
            if reader.line == 1 {
                glove.n_dims = numbers.len();
            }
            if numbers.is_empty() || numbers.len() != glove.n_dims {
                let expected = if reader.line == 2 && glove.n_dims == 1 {
                    "1 number, as in line 1; is that a header of word2vec? Remove it".to_owned()
                } else if glove.n_dims == 0 {
                    "a word and its numbers".to_owned()
                } else {
                    format!("{}", glove.n_dims)
                };
                return Err(reader.malformed(format!("{} numbers", numbers.len()), expected));
            }
            if wanted.contains(&word) {
                glove.vectors.insert(word, numbers.clone());
            }
        }
        if reader.line == 0 {
            return Err(TextError::malformed(
                path,
                "an empty file",
                "one word and its numbers per line",
            ));
        }
        Ok(glove)
    }

    /// Length of the vectors.
    #[must_use]
    pub fn n_dims(&self) -> usize {
        self.n_dims
    }

    /// The vectors of the words of each run, as in the published analysis.
    ///
    /// Words are looked up in lower case without apostrophes and semicolons. Two typos of the annotation are corrected.
    /// Spoken numbers (`three two five`) are the mean of their three words.
    #[must_use]
    pub fn embed(&self, runs: &[RunWords]) -> GloveRuns {
        let mut missing = BTreeMap::new();
        let mut embed_run = |run: &RunWords| {
            let mut rows = Array2::zeros((run.n_words(), self.n_dims));
            for (word, mut row) in run.words.iter().zip(rows.outer_iter_mut()) {
                let word = looked_up(word);
                match self.vector(&word) {
                    Some(vector) => row.iter_mut().zip(vector).for_each(|(to, from)| *to = from),
                    None => *missing.entry(word).or_insert(0) += 1,
                }
            }
            rows
        };
        let runs = runs.iter().map(&mut embed_run).collect();
        GloveRuns { runs, missing }
    }

    fn vector(&self, word: &str) -> Option<Vec<f32>> {
        if let Some(vector) = self.vectors.get(word) {
            return Some(vector.clone());
        }
        let [a, b, c] = spoken_number(word)?.map(|part| self.vectors.get(part));
        let sums = a?.iter().zip(b?).zip(c?).map(|((a, b), c)| (a + b + c) / 3.0);
        Some(sums.collect())
    }
}

/// How many fields of a line are its word. The vectors of 840 billion tokens have words with blanks in them, such as ". . .".
fn key_length(fields: &[&str], n_dims: usize) -> usize {
    let length = if n_dims == 0 {
        1
    } else {
        fields.len().saturating_sub(n_dims).max(1)
    };
    let is_number = |field: &&str| field.parse::<f64>().is_ok();
    // A number too many is a damaged line.
    if fields.iter().take(length).skip(1).any(is_number) {
        1
    } else {
        length.min(fields.len())
    }
}

/// A word of the annotation in the spelling of GloVe's vocabulary.
fn looked_up(word: &str) -> String {
    let word = word.to_lowercase().replace(['\'', ';'], "");
    match word.as_str() {
        "na\\ive" => "naive".to_owned(),
        "redfaced" => "red-faced".to_owned(),
        _ => word,
    }
}

/// The numbers of the asteroids, spoken digit by digit. Only these six are known; other words with a space have no
/// vector.
fn spoken_number(word: &str) -> Option<[&'static str; 3]> {
    Some(match word {
        "three two five" => ["three", "two", "five"],
        "three two six" => ["three", "two", "six"],
        "three two seven" => ["three", "two", "seven"],
        "three two eight" => ["three", "two", "eight"],
        "three two nine" => ["three", "two", "nine"],
        "three three zero" => ["three", "three", "zero"],
        _ => return None,
    })
}

/// The vocabulary entries that can give the vector of a word.
fn parts(word: &str) -> Vec<String> {
    let digits = spoken_number(word).into_iter().flatten().map(str::to_owned);
    digits.chain([word.to_owned()]).collect()
}

/// The lines of a file that may be compressed, with their numbers.
struct Lines<'a> {
    path: &'a Path,
    reader: Box<dyn BufRead>,
    buffer: Vec<u8>,
    /// Number of the last line read, from 1.
    line: usize,
}

impl<'a> Lines<'a> {
    fn open(path: &'a Path) -> Result<Self, TextError> {
        refuse_pointer(path)?;
        let mut file = BufReader::with_capacity(
            1 << 18,
            lpp_files::open_input(path).map_err(TextError::read(path))?,
        );
        let gzip = file
            .fill_buf()
            .map_err(TextError::read(path))?
            .starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead> = if gzip {
            Box::new(BufReader::with_capacity(1 << 18, GzipReader::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self {
            path,
            reader,
            buffer: Vec::new(),
            line: 0,
        })
    }

    fn next_line(&mut self) -> Result<Option<String>, TextError> {
        self.buffer.clear();
        let read = self
            .reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut self.buffer);
        if matches!(read, Ok(0)) {
            return Ok(None);
        }
        self.line += 1;
        if let Err(error) = read {
            return Err(self.malformed(
                format!("damaged data ({error})"),
                "a complete gzip file".to_owned(),
            ));
        }
        if self.buffer.len() as u64 == MAX_LINE_BYTES {
            return Err(self.malformed(
                format!("more than {MAX_LINE_BYTES} bytes"),
                "a word and its numbers".to_owned(),
            ));
        }
        match std::str::from_utf8(&self.buffer) {
            // A byte order mark is no part of the first word.
            Ok(text) if self.line == 1 => Ok(Some(text.trim_start_matches('\u{feff}').to_owned())),
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(self.malformed(
                "bytes which are not UTF-8".to_owned(),
                "a word and its numbers".to_owned(),
            )),
        }
    }

    fn malformed(&self, found: String, expected: String) -> TextError {
        let found = lpp_files::shortened(&found, lpp_files::MOST_QUOTED).into_owned();
        TextError::MalformedLine {
            path: self.path.to_owned(),
            line: self.line,
            found,
            expected,
        }
    }
}
