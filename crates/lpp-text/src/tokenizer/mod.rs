//! Tokenizers of checkpoint folders, with the settings that transformers applies when it loads them.

mod adapt;
mod class;
mod file;
mod growth;
mod pair;
mod prefix;
mod refused;
mod settings;
mod token_length;
mod word_pieces;

use std::path::{Path, PathBuf};

use lpp_files::{caught, refuse_pointer};
use tokenizers::models::bpe::BPE;
use tokenizers::{Encoding, ModelWrapper, Tokenizer};

use refused::{one_line, refused};

use crate::TextError;
use crate::tokenizer::adapt::{adapt, add_tokens};
use crate::tokenizer::class::TokenizerClass;
use crate::tokenizer::settings::Settings;

pub use prefix::{Prefix, TokenRow};

/// Tokenizer files that cannot be read here; a `tokenizer.json` is needed next to them.
const UNREAD: [&str; 3] = ["tokenizer.model", "spiece.model", "tekken.json"];

/// A tokenizer with its padding and end-of-text tokens.
///
/// ```no_run
/// let tokenizer = lpp_text::TextTokenizer::load("models/gpt2".as_ref())?;
/// assert_eq!((tokenizer.n_special(), tokenizer.eos_id()), (0, Some(50256)));
/// # Ok::<(), lpp_text::TextError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    inner: Tokenizer,
    class: &'static str,
    files: Vec<PathBuf>,
    n_special: usize,
    bos_id: Option<u32>,
    eos_id: Option<u32>,
    pad_id: Option<u32>,
    /// Special tokens in front of each window in place of its own.
    front: Option<Vec<i64>>,
    pads_left: bool,
    cuts_left: bool,
}

/// Refuses a tokenizer with BPE dropout, because each run would give different tokens.
fn refuse_dropout(tokenizer: &Tokenizer, path: &Path) -> Result<(), TextError> {
    match tokenizer.get_model() {
        ModelWrapper::BPE(BPE {
            dropout: Some(rate), ..
        }) if *rate > 0.0 => {
            let found = format!("a dropout of {rate}, by which tokens differ at random");
            Err(TextError::malformed(path, found, "\"dropout\": null"))
        }
        _ => Ok(()),
    }
}

impl TextTokenizer {
    /// Loads a `tokenizer.json`, or a checkpoint folder with a `tokenizer.json`, with `vocab.json` and `merges.txt`, or with BERT's
    /// `vocab.txt`.
    ///
    /// The class determines how the files are used, as in transformers 4.40. It is `tokenizer_class` of
    /// `tokenizer_config.json`, else that of `config.json`, else the class for the `model_type` of `config.json`. It
    /// gives the special tokens that no file names, adds a beginning-of-text token for Llama and Gemma, and determines
    /// how `vocab.json` and `merges.txt` are read. Special and added tokens are read from `tokenizer_config.json`,
    /// `special_tokens_map.json` and `added_tokens.json`. Truncation stored in the file is ignored. Without a padding
    /// token, the end-of-text token is used for padding.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] if there is no tokenizer or its file is damaged, [`FileError::Malformed`](lpp_files::FileError::Malformed) for a class whose rules
    /// are not known and for damaged files next to the tokenizer, [`FileError::Read`](lpp_files::FileError::Read) for files that cannot be read.
    pub fn load(path: &Path) -> Result<Self, TextError> {
        let (folder, json) = if path.is_dir() {
            (path, path.join("tokenizer.json"))
        } else {
            (path.parent().unwrap_or(Path::new("")), path.to_owned())
        };
        let vocabulary = Vocabulary::of(path, folder, &json).ok_or_else(|| nothing_to_read(path))?;
        let settings = Settings::load(folder, (vocabulary == Vocabulary::Json).then_some(json.as_path()))?;
        let class = settings.class();
        let not_read = |files: &str| {
            let problem = format!("{files}, which the class {} does not read", class.name());
            TextError::malformed(folder, problem, "a tokenizer.json")
        };
        let (mut inner, mut files) = match vocabulary {
            Vocabulary::Json => {
                refuse_pointer(&json)?;
                let tokenizer = file::read(&json).map_err(|e| refused(&json, &e))?;
                refuse_dropout(&tokenizer, &json)?;
                (tokenizer, vec![json])
            }
            Vocabulary::Pair => {
                let (vocab, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
                let rule = class
                    .pair_rule()
                    .ok_or_else(|| not_read("vocab.json and merges.txt"))?;
                let tokenizer = pair::tokenizer(&vocab, &merges, rule, &settings)?;
                (tokenizer, vec![vocab, merges])
            }
            Vocabulary::Words if class == TokenizerClass::Bert => {
                let vocab = folder.join("vocab.txt");
                (word_pieces::tokenizer(&vocab, &settings)?, vec![vocab])
            }
            Vocabulary::Words => return Err(not_read("vocab.txt")),
        };
        inner
            .with_padding(None)
            .with_truncation(None)
            .map_err(|e| refused(path, &e))?;
        add_tokens(&mut inner, &settings).map_err(|e| refused(path, &e))?;
        adapt(&mut inner, &settings).map_err(|e| refused(path, &e))?;
        files.extend_from_slice(settings.files());
        let id = |name: &str| settings.token(name).and_then(|token| inner.token_to_id(&token));
        let (bos_id, eos_id, pad_id) = (id("bos_token"), id("eos_token"), id("pad_token"));
        Ok(Self {
            n_special: caught(|| inner.encode("", true))
                .map_err(|e| refused(path, &e))?
                .map_err(|e| refused(path, &e))?
                .len(),
            class: class.name(),
            files,
            front: None,
            bos_id,
            eos_id,
            pad_id: pad_id.or(eos_id),
            pads_left: settings.pads_left(),
            cuts_left: settings.cuts_left(),
            inner,
        })
    }

    /// The class of transformers whose rules it follows, such as `GPT2Tokenizer`; `PreTrainedTokenizer` means none.
    #[must_use]
    pub fn class(&self) -> &'static str {
        self.class
    }

    /// Number of special tokens in each window.
    #[must_use]
    pub fn n_special(&self) -> usize {
        self.n_special
    }

    /// The end-of-text token.
    #[must_use]
    pub fn eos_id(&self) -> Option<u32> {
        self.eos_id
    }

    /// The padding token of the last window.
    #[must_use]
    pub fn pad_id(&self) -> Option<u32> {
        self.pad_id
    }

    /// Whether transformers would pad on the left.
    pub(crate) fn pads_left(&self) -> bool {
        self.pads_left
    }

    /// Whether transformers would count windows from the end of the text.
    pub(crate) fn cuts_left(&self) -> bool {
        self.cuts_left
    }

    /// The files of the tokenizer, for provenance; the vocabulary comes first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The vocabulary's entry for a token, in its own spelling (`Ġhello`).
    #[must_use]
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// Encodes the whole text at once, with special tokens and offsets in characters.
    pub(crate) fn encode(&self, text: &str, run: usize) -> Result<Encoding, TextError> {
        let refused = |reason: String| TextError::Encode {
            path: self.files.first().cloned().unwrap_or_default(),
            run,
            reason,
        };
        // Tables of the file are trusted by the library until they are used.
        caught(|| self.inner.encode_char_offsets(text, true))
            .map_err(refused)?
            .map_err(|e| refused(one_line(&e)))
    }
}

/// The format of a vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vocabulary {
    /// `tokenizer.json`.
    Json,
    /// `vocab.json` and `merges.txt`.
    Pair,
    /// `vocab.txt`.
    Words,
}

impl Vocabulary {
    /// The format found, in the search order of transformers. A file given by name is a `tokenizer.json`.
    fn of(path: &Path, folder: &Path, json: &Path) -> Option<Self> {
        let is_there = |name: &str| path.is_dir() && folder.join(name).is_file();
        if json.is_file() {
            Some(Self::Json)
        } else if is_there("vocab.json") && is_there("merges.txt") {
            Some(Self::Pair)
        } else {
            is_there("vocab.txt").then_some(Self::Words)
        }
    }
}

/// The error for a missing tokenizer, or one in an unsupported format.
fn nothing_to_read(path: &Path) -> TextError {
    let other = UNREAD.into_iter().find(|name| path.join(name).is_file());
    let reason = match other {
        Some(name) => format!(
            "{name} alone is not read; write a tokenizer.json with AutoTokenizer.from_pretrained(…).save_pretrained(…) of transformers"
        ),
        None => "no such file".to_owned(),
    };
    refused(path, &reason)
}
