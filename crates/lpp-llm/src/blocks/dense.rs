//! Linear maps, stored as (out, in) or, as GPT-2's `Conv1D` does, as (in, out).

use tch::Tensor;

use crate::blocks::activation::Activation;
use crate::blocks::packed::PackedWeight;
use crate::error::LlmError;
use crate::fixed::FixedTensor;
use crate::weights::Weights;

/// y = x Wᵀ + b.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<FixedTensor>,
}

/// A weight, (`out`, `in`).
#[derive(Debug)]
enum Weight {
    Packed(PackedWeight),
    Plain(FixedTensor),
}

impl Linear {
    /// Loads `<name>.weight` and, if `has_bias`, `<name>.bias`.
    pub(crate) fn load(weights: &Weights, name: &str, has_bias: bool) -> Result<Self, LlmError> {
        let bias = if has_bias {
            Some(weights.get(&format!("{name}.bias"))?)
        } else {
            None
        };
        Ok(Self::new(weights.get(&format!("{name}.weight"))?, bias))
    }

    /// Loads a weight stored as (in, out) with its bias.
    pub(crate) fn load_conv1d(weights: &Weights, name: &str) -> Result<Self, LlmError> {
        let weight = weights.get(&format!("{name}.weight"))?;
        Ok(Self::new(
            weight.f_transpose(0, 1)?.f_contiguous()?.into(),
            Some(weights.get(&format!("{name}.bias"))?),
        ))
    }

    /// Loads a weight stored as (in, out) with its bias as two maps: to the first `n` outputs and to the others.
    pub(crate) fn load_split_conv1d(weights: &Weights, name: &str, n: i64) -> Result<[Self; 2], LlmError> {
        let weight = weights.get(&format!("{name}.weight"))?.f_transpose(0, 1)?;
        let bias = weights.get(&format!("{name}.bias"))?;
        let part = |start: i64, end: Option<i64>| -> Result<Self, LlmError> {
            Ok(Self::new(
                weight.f_slice(0, start, end, 1)?.f_contiguous()?.into(),
                Some(bias.f_slice(0, start, end, 1)?.into()),
            ))
        };
        Ok([part(0, Some(n))?, part(n, None)?])
    }

    /// A map by `weight`, (`out`, `in`).
    pub(crate) fn new(weight: FixedTensor, bias: Option<FixedTensor>) -> Self {
        let weight = match PackedWeight::new(&weight) {
            Some(packed) => Weight::Packed(packed),
            None => Weight::Plain(weight),
        };
        Self { weight, bias }
    }

    /// (`n_tokens`, `in`) to (`n_tokens`, `out`).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        match &self.weight {
            Weight::Packed(packed) => packed.forward(x, self.bias.as_deref(), None),
            Weight::Plain(weight) => Ok(x.f_linear(weight, self.bias.as_deref())?),
        }
    }

    /// An activation function of the map: (`n_tokens`, `in`) to (`n_tokens`, `out`).
    pub(crate) fn activated(&self, x: &Tensor, activation: Activation) -> Result<Tensor, LlmError> {
        match &self.weight {
            Weight::Packed(packed) => packed.forward(x, self.bias.as_deref(), Some(activation)),
            Weight::Plain(_) => activation.apply(&self.forward(x)?),
        }
    }
}
