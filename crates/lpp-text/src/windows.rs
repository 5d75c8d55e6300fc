//! Texts as overlapping windows of tokens, for models with a limited context.

use std::ops::Range;

use tokenizers::Encoding;

use crate::{TextError, TextTokenizer};

/// Stride of the windows in the published analysis, in tokens (including special tokens).
const REFERENCE_ADVANCE: usize = 64;

/// Length and overlap of the windows.
///
/// ```
/// let layout = lpp_text::WindowLayout::reference(1024);
/// assert_eq!((layout.max_len, layout.overlap), (1024, 960));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLayout {
    /// Tokens per window, including special ones: the model's `max_position_embeddings`.
    pub max_len: usize,
    /// Number of tokens that neighbouring windows share; also the index at which the search for words continues in a
    /// new window.
    pub overlap: usize,
}

impl WindowLayout {
    /// The published layout: a stride of only 64 tokens, so that each word has a long left context.
    ///
    /// `max_len` must exceed 64, which [`RunTokens::new`] checks.
    #[must_use]
    pub fn reference(max_len: usize) -> Self {
        Self::advancing(max_len, REFERENCE_ADVANCE)
    }

    /// Windows of `max_len` tokens that begin every `advance` tokens, special tokens included.
    #[must_use]
    pub fn advancing(max_len: usize, advance: usize) -> Self {
        Self {
            max_len,
            overlap: max_len.saturating_sub(advance),
        }
    }

    /// First content token and number of content tokens of each window over a text of `n_content` tokens.
    ///
    /// There is one window if the text fits. Otherwise windows of `max_len - n_special` content tokens start every
    /// `max_len - n_special - overlap` tokens until one reaches the end; the last may be shorter.
    ///
    /// # Errors
    /// [`TextError::WindowTooShort`] if windows would not advance, or if there is no overlap.
    pub fn windows(&self, n_content: usize, n_special: usize) -> Result<Vec<(usize, usize)>, TextError> {
        let Self { max_len, overlap } = *self;
        let capacity = max_len.saturating_sub(n_special);
        if overlap == 0 || capacity <= overlap {
            return Err(TextError::WindowTooShort {
                max_len,
                overlap,
                n_special,
                least: if overlap == 0 {
                    REFERENCE_ADVANCE + 1
                } else {
                    overlap + n_special + 1
                },
            });
        }
        let mut windows = Vec::new();
        for start in (0..n_content.max(1)).step_by(capacity - overlap) {
            let len = capacity.min(n_content - start);
            windows.push((start, len));
            if start + len == n_content {
                break;
            }
        }
        Ok(windows)
    }
}

/// One window of tokens, ready for a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// Token ids, including special tokens and padding.
    pub ids: Vec<i64>,
    /// 1 for a token, 0 for padding.
    pub attention_mask: Vec<i64>,
    /// The half-open range of characters of the run's text that each token covers; (0, 0) for added special tokens and
    /// padding. Two tokens that share a multi-byte character both cover it.
    pub offsets: Vec<(usize, usize)>,
}

impl Window {
    /// Number of tokens, including padding.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether the window has no tokens.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Some of its tokens.
    pub(crate) fn parts(&self, ranges: &[Range<usize>]) -> Self {
        let mut parts = Self::default();
        for range in ranges {
            parts.ids.extend(&self.ids[range.clone()]);
            parts.attention_mask.extend(&self.attention_mask[range.clone()]);
            parts.offsets.extend(&self.offsets[range.clone()]);
        }
        parts
    }

    fn pad(&mut self, len: usize, pad_id: u32) {
        self.ids.resize(len, i64::from(pad_id));
        self.attention_mask.resize(len, 0);
        self.offsets.resize(len, (0, 0));
    }
}

/// The text of one run and its windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunTokens {
    text: String,
    /// Byte offset of each character, then the length of the text.
    char_starts: Vec<usize>,
    windows: Vec<Window>,
    layout: WindowLayout,
    n_front: usize,
    n_special: usize,
    n_content: usize,
}

impl RunTokens {
    /// Tokenizes `text` as a whole, including line ends, and divides it into windows.
    ///
    /// Each window gets the tokenizer's special tokens. If there are several windows, the last is padded to the full
    /// length; a single window is not padded. `run` is the number of the run, from 0, for messages.
    ///
    /// # Errors
    /// [`TextError::Encode`] if the tokenizer fails, [`TextError::WindowTooShort`] as
    /// [`WindowLayout::windows`], [`TextError::NoPadToken`] if padding is needed and there is no padding token.
    pub fn new(
        text: String,
        tokenizer: &TextTokenizer,
        layout: WindowLayout,
        run: usize,
    ) -> Result<Self, TextError> {
        let encoding = tokenizer.encode(&text, run)?;
        let content = Content::of(&encoding, tokenizer.front());
        let n_special = content.n_special();
        let spans = layout.windows(content.n_tokens, n_special)?;
        if spans.len() > 1 && tokenizer.cuts_left() {
            return Err(TextError::BadSetting {
                what: "truncation_side of tokenizer_config.json",
                found: "left".to_owned(),
                expected: "right: windows are laid from the beginning of the text",
            });
        }
        let mut windows: Vec<Window> = spans
            .iter()
            .map(|&(start, len)| content.window(start, len))
            .collect();
        if let [.., _, last] = &mut windows[..]
            && last.len() < layout.max_len
        {
            last.pad(
                layout.max_len,
                tokenizer.pad_id().ok_or(TextError::NoPadToken { run })?,
            );
        }
        let char_starts = text
            .char_indices()
            .map(|(byte, _)| byte)
            .chain([text.len()])
            .collect();
        Ok(Self {
            text,
            char_starts,
            windows,
            layout,
            n_front: content.front.len(),
            n_special,
            n_content: content.n_tokens,
        })
    }

    /// The windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// The same text in other windows.
    pub(crate) fn with_windows(self, windows: Vec<Window>) -> Self {
        Self { windows, ..self }
    }

    /// Number of special tokens before the text in each window.
    pub(crate) fn n_front(&self) -> usize {
        self.n_front
    }

    /// The text, unchanged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of characters of the text.
    pub(crate) fn n_characters(&self) -> usize {
        self.char_starts.len() - 1
    }

    /// Length and overlap of the windows.
    #[must_use]
    pub fn layout(&self) -> WindowLayout {
        self.layout
    }

    /// Number of tokens of the text, without special tokens.
    #[must_use]
    pub fn n_content(&self) -> usize {
        self.n_content
    }

    /// The index among the tokens of the text of a token of a window; `None` for special tokens and padding.
    pub(crate) fn content_index(&self, window: usize, token: usize) -> Option<usize> {
        let step = self
            .layout
            .max_len
            .saturating_sub(self.n_special + self.layout.overlap);
        let index = window * step + token.checked_sub(self.n_front)?;
        let in_window = self.layout.max_len.saturating_sub(self.n_special);
        (token - self.n_front < in_window && index < self.n_content).then_some(index)
    }

    /// The part of the text that a token covers, empty for special tokens; `None` if there is no such token.
    #[must_use]
    pub fn token_text(&self, window: usize, token: usize) -> Option<&str> {
        let &(start, end) = self.windows.get(window)?.offsets.get(token)?;
        Some(self.slice(start, end))
    }

    /// The part of the text between two characters.
    #[must_use]
    pub fn covered(&self, (start, end): (usize, usize)) -> &str {
        self.slice(start, end)
    }

    /// Characters `start..end` of the text, as far as they exist.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &str {
        let byte = |character: usize| {
            self.char_starts
                .get(character)
                .copied()
                .unwrap_or(self.text.len())
        };
        self.text.get(byte(start)..byte(end)).unwrap_or("")
    }
}

/// The encoding of the whole text, with the special tokens at both ends separated.
struct Content<'a> {
    encoding: &'a Encoding,
    /// Special tokens in front of each window, with their offsets.
    front: Vec<(i64, (usize, usize))>,
    /// Special tokens of the encoding before the text.
    n_before: usize,
    /// Tokens of the text.
    n_tokens: usize,
}

impl<'a> Content<'a> {
    /// The content of an encoding, with `front` in place of its own special tokens at the beginning.
    fn of(encoding: &'a Encoding, front: Option<&[i64]>) -> Self {
        let special = encoding.get_special_tokens_mask();
        let n_before = special.iter().take_while(|&&flag| flag == 1).count();
        let n_back = special[n_before..]
            .iter()
            .rev()
            .take_while(|&&flag| flag == 1)
            .count();
        let own = encoding
            .get_ids()
            .iter()
            .zip(encoding.get_offsets())
            .take(n_before);
        Self {
            encoding,
            front: match front {
                Some(ids) => ids.iter().map(|&id| (id, (0, 0))).collect(),
                None => own.map(|(&id, &offsets)| (i64::from(id), offsets)).collect(),
            },
            n_before,
            n_tokens: special.len() - n_before - n_back,
        }
    }

    /// Special tokens of each window.
    fn n_special(&self) -> usize {
        self.front.len() + self.encoding.len() - self.n_before - self.n_tokens
    }

    fn window(&self, start: usize, len: usize) -> Window {
        let content = self.n_before + start..self.n_before + start + len;
        let back = self.n_before + self.n_tokens..self.encoding.len();
        let mut window = Window::default();
        window.ids.extend(self.front.iter().map(|(id, _)| id));
        window
            .offsets
            .extend(self.front.iter().map(|(_, offsets)| offsets));
        for range in [content, back] {
            window.ids.extend(
                self.encoding.get_ids()[range.clone()]
                    .iter()
                    .map(|&id| i64::from(id)),
            );
            window.offsets.extend(&self.encoding.get_offsets()[range]);
        }
        window.attention_mask = vec![1; window.ids.len()];
        window
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_that_cannot_advance_are_refused() {
        assert!(WindowLayout::reference(64).windows(10, 0).is_err());
        assert!(
            WindowLayout {
                max_len: 100,
                overlap: 98
            }
            .windows(10, 2)
            .is_err()
        );
        assert!(WindowLayout::reference(65).windows(10, 2).is_ok());
    }

    #[test]
    fn a_text_that_fits_is_one_window() {
        let layout = WindowLayout::reference(100);
        assert_eq!(layout.windows(98, 2).unwrap(), [(0, 98)]);
        assert_eq!(layout.windows(99, 2).unwrap(), [(0, 98), (62, 37)]);
        assert_eq!(layout.windows(0, 2).unwrap(), [(0, 0)]);
    }

    proptest! {
        #[test]
        fn number_of_windows_follows_its_formula(max_len in 70_usize..300, n in 1_usize..2000, n_special in 0_usize..3) {
            let windows = WindowLayout::reference(max_len).windows(n, n_special).unwrap();
            let capacity = max_len - n_special;
            // 1 + ceil((n - capacity) / step), one window if the text fits.
            prop_assert_eq!(windows.len(), 1 + n.saturating_sub(capacity).div_ceil(64 - n_special));
            let last = windows[windows.len() - 1];
            prop_assert_eq!(last.0 + last.1, n);
            prop_assert!(windows[..windows.len() - 1].iter().all(|w| w.1 == capacity));
        }
    }
}
