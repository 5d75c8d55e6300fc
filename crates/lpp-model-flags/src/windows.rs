//! The windows of tokens in which a model reads a text.

use clap::Args;
use lpp_llm::UNLIMITED_WINDOW;
use lpp_text::WindowLayout;

/// Length and advance of the windows.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct WindowFlags {
    /// Tokens per window, special tokens included [default: what the model takes, or 32000]
    #[arg(long, value_name = "TOKENS")]
    window: Option<usize>,
    /// Tokens by which windows advance; a word has at least the window less the advance before it, unless its run has not [default: 64]
    #[arg(long, value_name = "TOKENS")]
    advance: Option<usize>,
}

impl WindowFlags {
    /// Whether one of them was set.
    #[must_use]
    pub fn are_given(&self) -> bool {
        self.window.or(self.advance).is_some()
    }

    /// The windows for a model that takes `n_positions` tokens, if it has a limit.
    ///
    /// # Errors
    /// If a window is longer than that.
    pub fn layout(&self, n_positions: Option<usize>) -> anyhow::Result<WindowLayout> {
        if let (Some(window), Some(most)) = (self.window, n_positions)
            && window > most
        {
            anyhow::bail!("found --window {window}, expected at most {most}, the positions of the model");
        }
        let max_len = self.window.or(n_positions).unwrap_or(UNLIMITED_WINDOW);
        Ok(match self.advance {
            Some(advance) => WindowLayout::advancing(max_len, advance),
            None => WindowLayout::reference(max_len),
        })
    }
}
