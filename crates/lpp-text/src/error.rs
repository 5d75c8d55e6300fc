//! The error of this crate.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use lpp_files::FileError;

/// Why words, tokens or word vectors could not be prepared.
///
/// Messages name the file, what was found and what was expected. Runs are numbered from 0, as in the tensors `run-0`,
/// `run-1`, … of an activations file; section `r + 1` of the annotation is run `r`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A file of the study cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line of a text file has unexpected contents.
    #[error("{}, line {line}: found {}, expected {expected}", path.display(), lpp_files::quote(found))]
    MalformedLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it contains.
        found: String,
        /// What it should contain.
        expected: String,
    },
    /// A row of the annotation has an invalid value in a column.
    #[error("{}, row {row}, column {column:?}: found {}, expected {expected}", path.display(), lpp_files::in_quotes(found))]
    BadCell {
        /// The file.
        path: PathBuf,
        /// The label of the row: data rows are numbered from 0, without the header.
        row: usize,
        /// The column.
        column: &'static str,
        /// The cell.
        found: String,
        /// What it should contain.
        expected: String,
    },
    /// The published corrections of the annotation do not match the file.
    #[error(
        "{}: the published corrections drop row {row}, but there are only {n_rows} rows; \
         use `--corrections none` for a file which is not the published one",
        path.display()
    )]
    CorrectionWithoutRow {
        /// The file.
        path: PathBuf,
        /// The label of the row to be dropped.
        row: usize,
        /// Number of rows of the file.
        n_rows: usize,
    },
    /// A tokenizer file cannot be used.
    #[error("{}: no valid tokenizer ({}), expected {expected}", path.display(), lpp_files::quote(reason))]
    Tokenizer {
        /// The file or folder.
        path: PathBuf,
        /// The error of the tokenizers library.
        reason: String,
        /// What can be used.
        expected: &'static str,
    },
    /// A text cannot be tokenized.
    #[error("{}: the tokenizer failed on the text of run {run} ({})", path.display(), lpp_files::quote(reason))]
    Encode {
        /// The vocabulary of the tokenizer.
        path: PathBuf,
        /// The run, from 0.
        run: usize,
        /// The error of the tokenizers library.
        reason: String,
    },
    /// The windows are too short for their overlap and the special tokens.
    #[error(
        "windows of {max_len} tokens are too short: with an overlap of {overlap} and {n_special} special tokens, at \
         least {least} are needed (give longer windows, or a model with more positions: max_position_embeddings)"
    )]
    WindowTooShort {
        /// Tokens per window, including special ones.
        max_len: usize,
        /// Number of tokens that neighbouring windows share.
        overlap: usize,
        /// Special tokens per window.
        n_special: usize,
        /// The smallest window length that advances.
        least: usize,
    },
    /// The last window must be padded, but the tokenizer has neither a padding nor an end-of-text token.
    #[error("run {run}: the last window needs padding, but the tokenizer has neither a pad nor an eos token")]
    NoPadToken {
        /// The run, from 0.
        run: usize,
    },
    /// There is no token for a word near its expected position.
    #[error(transparent)]
    Unalignable(Box<UnalignableWord>),
    /// Words of the annotation are missing from the text; the search for tokens then gives them the tokens of their
    /// neighbours.
    #[error(
        "{}: found {first}{}, expected the words of the text; correct the annotation or the text",
        path.display(),
        more(*n_words)
    )]
    WordsNotInText {
        /// The annotation.
        path: PathBuf,
        /// The first such word.
        first: Box<DoubtfulWord>,
        /// Number of such words, including this one.
        n_words: usize,
    },
    /// A word has no tokens and therefore no vector.
    #[error("run {run}, row {row}: no token is left for this word or the words after it")]
    WordWithoutToken {
        /// The run, from 0.
        run: usize,
        /// The row among the kept rows of the run, from 0.
        row: usize,
    },
    /// Hidden states do not have the shape of the windows.
    #[error("hidden states of window {window}: found {found}, expected {expected}")]
    HiddenShape {
        /// The window.
        window: usize,
        /// The shape given.
        found: String,
        /// The shape needed.
        expected: String,
    },
    /// A setting is invalid.
    #[error("{what}: found {}, expected {expected}", lpp_files::quote(found))]
    BadSetting {
        /// The setting.
        what: &'static str,
        /// Its value.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
}

/// A word of the annotation whose tokens spell another word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoubtfulWord {
    /// The run, from 0.
    pub run: usize,
    /// Index of the word in its run.
    pub word_index: usize,
    /// The word of the annotation.
    pub word: String,
    /// The text from the word's first token to that of the next word.
    pub text: String,
}

impl fmt::Display for DoubtfulWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = (cut(&self.word), cut(self.text.trim()));
        write!(
            f,
            "word {} of run {}, {word:?}, where the text has {text:?}",
            self.word_index, self.run
        )
    }
}

fn more(n_words: usize) -> String {
    match n_words {
        1 => String::new(),
        n => format!(" (and {} more such words)", n - 1),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS).collect()
}

/// A word for which no token was found, with its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnalignableWord {
    /// The run, from 0.
    pub run: usize,
    /// Index of the word (Chinese: of the character) in its run.
    pub word_index: usize,
    /// The word.
    pub word: String,
    /// The words before it.
    pub before: String,
    /// The words after it.
    pub after: String,
    /// Window in which the search began.
    pub window: usize,
    /// Token at which the search began.
    pub token: usize,
    /// The texts of the tokens tried.
    pub tokens: Vec<String>,
    /// The text of a nearby token that contains parts of two words, if there is one.
    pub joined: Option<String>,
    /// The text around the start of the search.
    pub text: String,
}

/// Largest number of tokens shown in a message.
const SHOWN_TOKENS: usize = 8;
const SHOWN_CHARACTERS: usize = 40;

impl fmt::Display for UnalignableWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "run {}, word {} {:?} (between {:?} and {:?}): ",
            self.run,
            self.word_index,
            cut(&self.word),
            cut(&self.before),
            cut(&self.after)
        )?;
        if let Some(joined) = &self.joined {
            return write!(
                f,
                "the token {:?} contains parts of two words, but a token can belong to only one word; use a model \
                 whose tokens end at word boundaries, or join the two words in the annotation",
                cut(joined)
            );
        }
        let shown: Vec<String> = self
            .tokens
            .iter()
            .take(SHOWN_TOKENS)
            .map(|token| cut(token))
            .collect();
        let more = if self.tokens.len() > SHOWN_TOKENS {
            " …"
        } else {
            ""
        };
        write!(
            f,
            "no token for it among {shown:?}{more}, at window {}, token {}; the text around is {:?}; do text and annotation agree?",
            self.window, self.token, self.text
        )
    }
}

impl std::error::Error for UnalignableWord {}

impl TextError {
    pub(crate) fn malformed(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        FileError::malformed(path, found, expected).into()
    }

    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let error = FileError::read(path);
        move |source| error(source).into()
    }
}
