//! Words, their times and their tokens; word-level baselines.
//!
//! Subjects heard words at known times; a language model reads tokens of the written text. This crate aligns the two.
//! It needs no model.
//!
//! 1. [`Annotation`] has the spoken words of each run with their times; [`load_texts`] reads the written text.
//! 2. [`TextTokenizer`] and [`RunTokens`] divide the text into overlapping [`Window`]s of tokens.
//! 3. [`WordSpans`] finds the tokens of each word. [`prepare_corpus`] does steps 1 to 3 for all runs.
//! 4. [`SpanAverager`] averages hidden states to one vector per word, window by window.
//!
//! [`Glove`] and [`RandomBaseline`] give word vectors without a model. [`Control`] and [`SpeechEnvelope`] are low-level
//! properties of words.
//!
//! All results agree with the published analysis to the last bit, including its quirks, which are documented where they
//! occur ([`WordSpans`]).
//!
//! # References
//! L. Bonnasse-Gahot and C. Pallier, "fMRI predictors based on language models of increasing complexity recover brain
//! left lateralization", `NeurIPS` 2024, <https://arxiv.org/abs/2405.17992>.

mod align_table;
mod annotation;
mod annotation_times;
mod average;
mod context;
mod controls;
mod corpus;
mod corrections;
mod decode;
mod envelope;
mod error;
mod glove;
mod matching;
mod random;
mod run_texts;
mod run_words;
mod sections;
mod sentences;
mod source;
mod spans;
mod spelling;
mod starts;
mod surprisal;
mod tokenizer;
mod windows;
mod word_counts;
mod writing;

pub use align_table::save_alignment;
pub use annotation::Annotation;
pub use average::{SpanAverager, average_spans};
pub use context::{Context, Windowing};
pub use controls::Control;
pub use corpus::{CorpusRun, prepare_corpus, texts_of_runs};
pub use corrections::Corrections;
pub use envelope::SpeechEnvelope;
pub use error::{DoubtfulWord, TextError, UnalignableWord};
pub use glove::{Glove, GloveRuns};
pub use random::{RandomBaseline, RandomKind};
pub use run_words::{RunWords, load_words_of_texts};
pub use sentences::position_and_rate;
pub use source::{load_all_texts, load_texts, text_files};
pub use spans::{Piece, Span, WordSpans};
pub use starts::{TokenPosition, unit_starts};
pub use surprisal::{TextTokens, TokenOwners};
pub use tokenizer::{Prefix, TextTokenizer, TokenRow};
pub use windows::{RunTokens, Window, WindowLayout};
pub use word_counts::WordCounts;
pub use writing::Writing;
