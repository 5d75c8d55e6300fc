//! Tokenizers of checkpoint folders, with the settings that transformers applies when it loads them.

use std::path::{Path, PathBuf};

use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    AddedToken, DecoderWrapper, Encoding, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer,
};

use crate::TextError;
use crate::special::TokenizerConfig;

const FILES: &str = "a tokenizer.json, a folder with one, or a folder with vocab.json and merges.txt";

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
    files: Vec<PathBuf>,
    n_special: usize,
    eos_id: Option<u32>,
    pad_id: Option<u32>,
}

impl TextTokenizer {
    /// Loads a `tokenizer.json`, or a checkpoint folder with a `tokenizer.json` or with `vocab.json` and `merges.txt`
    /// (byte-level BPE, as the OPT repositories have it).
    ///
    /// `tokenizer_config.json` and `special_tokens_map.json` in the same folder give the end-of-text and padding
    /// tokens and, for the Llama and Gemma classes and for `vocab.json` with `merges.txt`, whether a
    /// beginning-of-text token is added, as transformers 4.40 does it. Truncation and padding stored in the file are
    /// ignored. Without a padding token the end-of-text token pads.
    ///
    /// # Errors
    /// [`TextError::Tokenizer`] if there is no tokenizer or its file is damaged; [`TextError::Read`] or
    /// [`TextError::Malformed`] for the files beside it.
    pub fn load(path: &Path) -> Result<Self, TextError> {
        let (folder, json) = if path.is_dir() {
            (path, path.join("tokenizer.json"))
        } else {
            (path.parent().unwrap_or(Path::new("")), path.to_owned())
        };
        let config = TokenizerConfig::load(folder)?;
        let (vocab, merges) = (folder.join("vocab.json"), folder.join("merges.txt"));
        let (mut inner, mut files) = if json.is_file() {
            (from_json(&json, &config)?, vec![json])
        } else if path.is_dir() && vocab.is_file() && merges.is_file() {
            (
                from_vocab_and_merges(&vocab, &merges, &config)?,
                vec![vocab, merges],
            )
        } else {
            return Err(refused(path, &"no such file"));
        };
        let beside = ["tokenizer_config.json", "special_tokens_map.json"].map(|name| folder.join(name));
        files.extend(beside.into_iter().filter(|file| file.is_file()));
        inner
            .with_padding(None)
            .with_truncation(None)
            .map_err(|e| refused(path, &e))?;
        let n_special = inner.encode("", true).map_err(|e| refused(path, &e))?.len();
        let eos_id = config
            .token("eos_token")
            .and_then(|token| inner.token_to_id(&token));
        let pad_id = config
            .token("pad_token")
            .and_then(|token| inner.token_to_id(&token))
            .or(eos_id);
        Ok(Self {
            inner,
            files,
            n_special,
            eos_id,
            pad_id,
        })
    }

    /// Number of special tokens added to each window.
    #[must_use]
    pub fn n_special(&self) -> usize {
        self.n_special
    }

    /// The end-of-text token.
    #[must_use]
    pub fn eos_id(&self) -> Option<u32> {
        self.eos_id
    }

    /// The token with which the last window is padded.
    #[must_use]
    pub fn pad_id(&self) -> Option<u32> {
        self.pad_id
    }

    /// The files from which the tokenizer was read, for provenance; the vocabulary comes first.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The vocabulary's entry for a token, in its own spelling (`Ġhello`).
    #[must_use]
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The whole text as one piece, special tokens added, offsets in characters.
    pub(crate) fn encode(&self, text: &str, run: usize) -> Result<Encoding, TextError> {
        let encoding = self.inner.encode_char_offsets(text, true);
        encoding.map_err(|e| TextError::Encode {
            run,
            reason: one_line(&e),
        })
    }
}

fn from_json(path: &Path, config: &TokenizerConfig) -> Result<Tokenizer, TextError> {
    let mut tokenizer = Tokenizer::from_file(path).map_err(|e| refused(path, &e))?;
    match config.class() {
        "LlamaTokenizer" | "CodeLlamaTokenizer" | "GemmaTokenizer" => {
            let bos = config
                .switch("add_bos_token")
                .unwrap_or(true)
                .then(|| config.token("bos_token"))
                .flatten();
            let eos = config
                .switch("add_eos_token")
                .unwrap_or(false)
                .then(|| config.token("eos_token"))
                .flatten();
            let template =
                template(&tokenizer, bos.as_deref(), eos.as_deref()).map_err(|e| refused(path, &e))?;
            tokenizer.with_post_processor(Some(template));
        }
        "GPT2Tokenizer" | "GPTNeoXTokenizer" => {
            if let Some(PreTokenizerWrapper::ByteLevel(byte_level)) = tokenizer.get_pre_tokenizer().cloned() {
                let prefix = config.switch("add_prefix_space").unwrap_or(false);
                tokenizer.with_pre_tokenizer(Some(byte_level.add_prefix_space(prefix)));
            }
        }
        "BertTokenizer" => {
            if let Some(NormalizerWrapper::BertNormalizer(mut bert)) = tokenizer.get_normalizer().cloned() {
                bert.lowercase = config.switch("do_lower_case").unwrap_or(true);
                bert.strip_accents = config.switch("strip_accents");
                bert.handle_chinese_chars = config.switch("tokenize_chinese_chars").unwrap_or(true);
                tokenizer.with_normalizer(Some(bert));
            }
        }
        _ => {}
    }
    Ok(tokenizer)
}

fn from_vocab_and_merges(
    vocab: &Path,
    merges: &Path,
    config: &TokenizerConfig,
) -> Result<Tokenizer, TextError> {
    let bpe = BPE::from_file(&vocab.to_string_lossy(), &merges.to_string_lossy());
    let mut tokenizer = Tokenizer::new(bpe.build().map_err(|e| refused(vocab, &e))?);
    let prefix = config.switch("add_prefix_space").unwrap_or(false);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::default().add_prefix_space(prefix)));
    tokenizer.with_decoder(Some(DecoderWrapper::ByteLevel(ByteLevel::default())));
    let special = ["bos_token", "eos_token", "unk_token", "pad_token"]
        .into_iter()
        .filter_map(|name| config.token(name));
    tokenizer.add_special_tokens(
        &special
            .map(|token| AddedToken::from(token, true))
            .collect::<Vec<_>>(),
    );
    let bos = config
        .switch("add_bos_token")
        .unwrap_or(false)
        .then(|| config.token("bos_token"))
        .flatten();
    if bos.is_some() {
        let template = template(&tokenizer, bos.as_deref(), None).map_err(|e| refused(vocab, &e))?;
        tokenizer.with_post_processor(Some(template));
    } else {
        tokenizer.with_post_processor(Some(PostProcessorWrapper::ByteLevel(
            ByteLevel::default().trim_offsets(false),
        )));
    }
    Ok(tokenizer)
}

/// A template that puts `bos` in front of the text and `eos` behind it.
fn template(
    tokenizer: &Tokenizer,
    bos: Option<&str>,
    eos: Option<&str>,
) -> Result<PostProcessorWrapper, String> {
    let special = bos.into_iter().chain(eos).map(|token| {
        let id = tokenizer
            .token_to_id(token)
            .ok_or_else(|| format!("{token:?} is not in the vocabulary"))?;
        Ok((token.to_owned(), id))
    });
    let special: Vec<(String, u32)> = special.collect::<Result<_, String>>()?;
    let pieces: Vec<&str> = bos.into_iter().chain(["$A"]).chain(eos).collect();
    let template = TemplateProcessing::builder()
        .try_single(pieces)?
        .special_tokens(special)
        .build();
    template
        .map(PostProcessorWrapper::Template)
        .map_err(|e| e.to_string())
}

fn refused(path: &Path, reason: &impl ToString) -> TextError {
    TextError::Tokenizer {
        path: path.to_owned(),
        reason: one_line(reason),
        expected: FILES,
    }
}

fn one_line(reason: &impl ToString) -> String {
    reason
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
