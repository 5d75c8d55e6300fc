//! Linear maps, plain and as GPT-2 stores them.

use tch::Tensor;

use crate::error::LlmError;
use crate::weights::Weights;

/// y = x Wᵀ + b with W stored as (out, in).
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// Loads `<name>.weight` and, if `has_bias`, `<name>.bias`.
    pub(crate) fn load(weights: &Weights, name: &str, has_bias: bool) -> Result<Self, LlmError> {
        let bias = if has_bias {
            Some(weights.get(&format!("{name}.bias"))?)
        } else {
            None
        };
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"))?,
            bias,
        })
    }

    /// (`n_tokens`, `in`) to (`n_tokens`, `out`).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        Ok(x.f_linear(&self.weight, self.bias.as_ref())?)
    }
}

/// y = x W + b with W stored as (in, out), which the GPT-2 code calls `Conv1D`.
#[derive(Debug)]
pub(crate) struct Conv1D {
    weight: Tensor,
    bias: Tensor,
}

impl Conv1D {
    /// Loads `<name>.weight` and `<name>.bias`.
    pub(crate) fn load(weights: &Weights, name: &str) -> Result<Self, LlmError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"))?,
            bias: weights.get(&format!("{name}.bias"))?,
        })
    }

    /// (`n_tokens`, `in`) to (`n_tokens`, `out`).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        Ok(self.bias.f_addmm(x, &self.weight)?)
    }

    /// The layer restricted to some of its outputs.
    pub(crate) fn columns(&self, start: i64, n: i64) -> Result<Self, LlmError> {
        Ok(Self {
            weight: self.weight.f_narrow(1, start, n)?,
            bias: self.bias.f_narrow(0, start, n)?,
        })
    }
}
