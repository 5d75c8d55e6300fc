//! The input of a block besides the hidden states: positions and visible tokens of the current window.

use tch::Tensor;

use crate::blocks::memory::BlockMemory;
use crate::blocks::rotary::RotaryTable;
use crate::blocks::visibility::Visibility;
use crate::dropout::{Dropout, Site};
use crate::error::LlmError;

/// The input of a block besides the hidden states: positions and visible tokens of the current window.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    /// Which keys each query may attend to.
    pub(crate) visibility: &'a Visibility,
    /// Rotation angles of the window's positions, for families that rotate.
    pub(crate) rotary: Option<&'a RotaryTable>,
    /// Dropout of an untrained model.
    pub(crate) dropout: Option<Dropout>,
    /// Output is needed from this row on; a block returns only these rows.
    pub(crate) first_row: i64,
    /// Tokens before the first row, which are in the memory.
    pub(crate) n_past: i64,
    /// What the block keeps of tokens, if a text is continued.
    pub(crate) memory: Option<&'a BlockMemory>,
}

impl Pass<'_> {
    /// The position of the first token for which output is needed.
    pub(crate) fn first_position(&self) -> i64 {
        self.n_past + self.first_row
    }

    /// Dropout with probability `p` in an untrained model; nothing otherwise.
    pub(crate) fn drop_out(&self, x: Tensor, site: Site, p: f64) -> Result<Tensor, LlmError> {
        match self.dropout {
            Some(dropout) => dropout.apply(x, site, p),
            None => Ok(x),
        }
    }

    /// The rows of `x`, (…, `n_tokens`, `width`), for which output is needed.
    pub(crate) fn needed(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        if self.first_row == 0 {
            Ok(x.shallow_clone())
        } else {
            Ok(x.f_slice(-2, self.first_row, None, 1)?)
        }
    }
}
