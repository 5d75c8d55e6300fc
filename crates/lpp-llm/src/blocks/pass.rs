//! The input of a block besides the hidden states: positions and visible tokens of the current window.

use tch::Tensor;

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
    /// Output is needed from this position on; a block returns only these rows.
    pub(crate) first_row: i64,
}

impl Pass<'_> {
    /// Dropout with probability `p` in an untrained model; nothing otherwise.
    pub(crate) fn drop_out(&self, x: Tensor, site: Site, p: f64) -> Result<Tensor, LlmError> {
        match self.dropout {
            Some(dropout) => dropout.apply(x, site, p),
            None => Ok(x),
        }
    }

    /// The positions of `x`, (…, `n_tokens`, `width`), for which output is needed.
    pub(crate) fn needed(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        if self.first_row == 0 {
            Ok(x.shallow_clone())
        } else {
            Ok(x.f_slice(-2, self.first_row, None, 1)?)
        }
    }
}
