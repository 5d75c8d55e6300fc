//! Layer norm and root-mean-square norm over the last axis.

use tch::{Kind, Tensor};

use crate::error::LlmError;
use crate::fixed::FixedTensor;
use crate::weights::Weights;

/// (x - mean) / √(biased variance + eps), times weight, plus bias.
///
/// # References
/// J. L. Ba, J. R. Kiros, G. E. Hinton (2016), <https://arxiv.org/abs/1607.06450>
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Option<FixedTensor>,
    bias: Option<FixedTensor>,
    width: i64,
    eps: f64,
}

impl LayerNorm {
    /// Loads `<name>.weight` and `<name>.bias`.
    pub(crate) fn load(weights: &Weights, name: &str, width: i64, eps: f64) -> Result<Self, LlmError> {
        let weight = Some(weights.get(&format!("{name}.weight"))?);
        Ok(Self {
            weight,
            bias: Some(weights.get(&format!("{name}.bias"))?),
            width,
            eps,
        })
    }

    /// A norm without parameters.
    pub(crate) fn plain(width: i64, eps: f64) -> Self {
        Self {
            weight: None,
            bias: None,
            width,
            eps,
        }
    }

    /// Normalises each row.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        Ok(x.f_layer_norm(
            &[self.width][..],
            self.weight.as_deref(),
            self.bias.as_deref(),
            self.eps,
            false,
        )?)
    }
}

/// x / √(mean(x²) + eps), times a weight. The statistics are computed in f32 for every type of `x`.
///
/// # References
/// B. Zhang, R. Sennrich (2019), <https://arxiv.org/abs/1910.07467>
#[derive(Debug)]
pub(crate) struct RmsNorm {
    weight: FixedTensor,
    eps: f64,
}

impl RmsNorm {
    /// Loads `<name>.weight`.
    pub(crate) fn load(weights: &Weights, name: &str, eps: f64) -> Result<Self, LlmError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"))?,
            eps,
        })
    }

    /// Loads `<name>.weight` and adds one to it: Gemma stores the difference from one.
    pub(crate) fn load_around_one(weights: &Weights, name: &str, eps: f64) -> Result<Self, LlmError> {
        Ok(Self {
            weight: weights.get(&format!("{name}.weight"))?.f_add_scalar(1.0)?.into(),
            eps,
        })
    }

    /// Normalises each row.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        let exact = x.f_to_kind(Kind::Float)?;
        let mean_square = exact.f_square()?.f_mean_dim(&[-1_i64][..], true, Kind::Float)?;
        let scale = mean_square.f_add_scalar(self.eps)?.f_rsqrt()?;
        Ok(exact.f_mul(&scale)?.f_to_kind(x.f_kind()?)?.f_mul(&self.weight)?)
    }
}
