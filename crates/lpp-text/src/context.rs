//! A context of its own for each word, in place of windows that many words share.

use std::fmt;
use std::str::FromStr;

use crate::{Piece, RunTokens, Span, TextError, TokenPosition, Window, WindowLayout, WordSpans};

/// What a model reads before a word.
///
/// ```
/// use lpp_text::Context;
///
/// assert_eq!("words:10".parse::<Context>()?, Context::Words(10));
/// assert!("words:0".parse::<Context>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// That many words before it, fewer at the beginning of a run.
    Words(usize),
    /// That many tokens before its first one.
    Tokens(usize),
    /// Its whole run, in one pass.
    Run,
}

impl FromStr for Context {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = |text: &str| text.parse().ok().filter(|n| *n >= 1);
        let context = match text.split_once(':') {
            None if text == "run" => Some(Self::Run),
            Some(("words", n)) => count(n).map(Self::Words),
            Some(("tokens", n)) => count(n).map(Self::Tokens),
            _ => None,
        };
        context.ok_or_else(|| "expected words:N, tokens:N or run".to_owned())
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(n) => write!(f, "words:{n}"),
            Self::Tokens(n) => write!(f, "tokens:{n}"),
            Self::Run => f.write_str("run"),
        }
    }
}

/// How the tokens of a run become the inputs of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windowing {
    /// Length and overlap of windows; with a context, the length is the most that the model takes.
    pub layout: WindowLayout,
    /// A context for each word; `None` for windows that words share.
    pub context: Option<Context>,
    /// Largest number of windows over all runs.
    pub max_windows: Option<usize>,
}

impl From<WindowLayout> for Windowing {
    fn from(layout: WindowLayout) -> Self {
        Self {
            layout,
            context: None,
            max_windows: None,
        }
    }
}

impl Windowing {
    /// The layout in which words are searched: a context is cut from the tokens of the whole run.
    pub(crate) fn aligned(&self) -> WindowLayout {
        match self.context {
            None => self.layout,
            Some(_) => WindowLayout {
                max_len: usize::MAX,
                overlap: 1,
            },
        }
    }

    /// Gives each word of a run its context.
    ///
    /// # Errors
    /// [`TextError::BadSetting`] if a context is longer than the windows of the model.
    pub(crate) fn apply(
        &self,
        tokens: RunTokens,
        spans: WordSpans,
        run: usize,
    ) -> Result<(RunTokens, WordSpans), TextError> {
        let Some(context) = self.context else {
            return Ok((tokens, spans));
        };
        let (tokens, spans) = match context {
            Context::Run => (tokens, spans),
            _ => with_contexts(tokens, spans, context),
        };
        let longest = tokens.windows().iter().map(Window::len).max().unwrap_or(0);
        if longest <= self.layout.max_len {
            return Ok((tokens, spans));
        }
        Err(TextError::BadSetting {
            what: "--context",
            found: format!(
                "{context} with {longest} tokens for a word of run {run}, and windows of {} tokens",
                self.layout.max_len
            ),
            expected: "a context that fits the window of the model, for example tokens:512",
        })
    }

    /// # Errors
    /// [`TextError::BadSetting`] if there are more windows than allowed.
    pub(crate) fn check_number(&self, n_windows: usize) -> Result<(), TextError> {
        match self.max_windows {
            Some(most) if n_windows > most => Err(TextError::BadSetting {
                what: "--max-windows",
                found: format!("{most}, and {n_windows} windows to run"),
                expected: "at least as many as there are windows, or a longer --advance",
            }),
            _ => Ok(()),
        }
    }
}

/// One window for each unit that has tokens: special tokens before the text, the context, and the tokens of the unit.
fn with_contexts(tokens: RunTokens, spans: WordSpans, context: Context) -> (RunTokens, WordSpans) {
    let n_front = tokens.n_front();
    let (mut windows, mut units, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let row = |unit: usize| spans.owners().map_or(unit, |owners| owners[unit]);
    let mut first_in_reach = 0;
    for (unit, span) in spans.units().iter().enumerate() {
        let Some((piece, whole)) = span.pieces.first().zip(tokens.windows().first()) else {
            // A character whose token belongs to the next one.
            starts.push(TokenPosition {
                window: windows.len(),
                token: n_front,
            });
            units.push(Span::default());
            continue;
        };
        let from = match context {
            Context::Words(n) => {
                while row(first_in_reach) + n < row(unit) {
                    first_in_reach += 1;
                }
                spans.starts()[first_in_reach].token
            }
            Context::Tokens(n) => piece.start.saturating_sub(n),
            Context::Run => 0,
        };
        let from = from.clamp(n_front, piece.start);
        let place = |token: usize| n_front + token - from;
        starts.push(TokenPosition {
            window: windows.len(),
            token: place(piece.start),
        });
        units.push(Span {
            pieces: vec![Piece {
                window: windows.len(),
                start: place(piece.start),
                end: place(piece.end),
            }],
        });
        windows.push(whole.parts(&[0..n_front, from..piece.end]));
    }
    (tokens.with_windows(windows), spans.with_units(units, starts))
}
