//! Input of the extraction, prepared without a model: words, windows, and the tokens of each word.

use crate::Writing;
use crate::run_texts::{cut, joined};
use crate::spelling::Doubts;
use crate::{Annotation, RunTokens, RunWords, TextError, TextTokenizer, Windowing, WordSpans};

/// One run of the story, ready for a model.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusRun {
    /// The words and their times.
    pub words: RunWords,
    /// The windows of tokens.
    pub tokens: RunTokens,
    /// The tokens of each word.
    pub spans: WordSpans,
}

/// Tokenizes the text of each run and aligns it with the annotation.
///
/// `texts` has one text for each run of the annotation, or one of all runs, which is cut where each run begins; without
/// texts, the words joined by blanks are the text. `windowing` is a [`WindowLayout`](crate::WindowLayout) or a [`Windowing`] with a context for each
/// word. See [`load_texts`](crate::load_texts), [`RunTokens::new`] and
/// [`WordSpans::align`] for the steps. No model is needed.
///
/// # Errors
/// [`TextError::BadSetting`] if the numbers of texts and runs differ, a context does not fit the windows, or there are too
/// many windows; [`TextError::WordsNotInText`] if a word is not in
/// the text near its tokens (a warning with the published corrections, whose search is kept as published); otherwise as
/// the functions above.
///
/// ```no_run
/// use lpp_text::{Annotation, Corrections, TextTokenizer, WindowLayout, Writing, load_texts, prepare_corpus};
///
/// let annotation = Annotation::load("annotation/EN/lppEN_word_information.csv".as_ref(), &Corrections::none())?;
/// let texts = Some(load_texts("text/lpp_en_text.zip".as_ref(), "en", annotation.runs().len())?);
/// let tokenizer = TextTokenizer::load("models/gpt2".as_ref())?;
/// let runs = prepare_corpus(&annotation, texts, &tokenizer, WindowLayout::reference(1024), Writing::Spaced)?;
/// assert_eq!(runs[0].tokens.windows().len(), 19);
/// # Ok::<(), lpp_text::TextError>(())
/// ```
pub fn prepare_corpus(
    annotation: &Annotation,
    texts: Option<Vec<String>>,
    tokenizer: &TextTokenizer,
    windowing: impl Into<Windowing>,
    writing: Writing,
) -> Result<Vec<CorpusRun>, TextError> {
    let windowing = windowing.into();
    let writing = if texts.is_some() { writing } else { Writing::Joined };
    let texts = texts_of_runs(texts, annotation.runs())?;
    let mut doubts = Doubts::default();
    let runs = annotation.runs().iter().zip(texts).enumerate();
    let runs = runs.map(|(run, (words, text))| {
        let tokens = RunTokens::new(text, tokenizer, windowing.aligned(), run)?;
        let spans = WordSpans::align(words, &tokens, tokenizer.eos_id(), writing, run)?;
        if writing == Writing::Spaced {
            doubts.add_run(words, &tokens, &spans, run);
        }
        let (tokens, spans) = windowing.apply(tokens, spans, run)?;
        Ok(CorpusRun {
            words: words.clone(),
            tokens,
            spans,
        })
    });
    let runs: Vec<CorpusRun> = runs.collect::<Result<_, TextError>>()?;
    refuse_or_warn(doubts, annotation)?;
    windowing.check_number(runs.iter().map(|run| run.tokens.windows().len()).sum())?;
    let is_padded = |run: &CorpusRun| run.tokens.windows().iter().any(|w| w.attention_mask.contains(&0));
    if tokenizer.pads_left() && runs.iter().any(is_padded) {
        tracing::warn!(
            "the last windows are padded on the right; transformers pads on the left for this tokenizer ({}), which \
             would break the search for words",
            tokenizer.class()
        );
    }
    Ok(runs)
}

/// The text of each run: its own, its part of one for all, or its words joined by blanks.
///
/// # Errors
/// [`TextError::BadSetting`] if the numbers of texts and runs differ.
pub fn texts_of_runs(texts: Option<Vec<String>>, runs: &[RunWords]) -> Result<Vec<String>, TextError> {
    match texts {
        None => Ok(runs.iter().map(joined).collect()),
        Some(texts) if texts.len() == runs.len() => Ok(texts),
        Some(texts) => match &texts[..] {
            [text] => cut(text, runs),
            _ => Err(TextError::BadSetting {
                what: "texts",
                found: format!("{} for {} runs", texts.len(), runs.len()),
                expected: "one for each run, or one for all",
            }),
        },
    }
}

/// Words missing from the text are an error, or a warning if the search for tokens must be as published.
fn refuse_or_warn(doubts: Doubts, annotation: &Annotation) -> Result<(), TextError> {
    let Doubts { absent, shifted } = doubts;
    if let Some(first) = shifted.first() {
        tracing::warn!(
            "{} of {} words have tokens that begin or end in a neighbouring word, because the published search \
             accepts any token that begins like a word; the first is {first} (`lpp-align` shows all)",
            shifted.len(),
            annotation.n_words()
        );
    }
    let n_words = absent.len();
    let Some(first) = absent.into_iter().next() else {
        return Ok(());
    };
    if annotation.is_published() {
        tracing::warn!(
            "{n_words} words are missing from the text, as in the published analysis; the first is {first}"
        );
        return Ok(());
    }
    Err(TextError::WordsNotInText {
        path: annotation.path().to_owned(),
        first: Box::new(first),
        n_words,
    })
}
