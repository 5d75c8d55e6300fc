//! Activation functions by the names that `config.json` gives them.

use tch::Tensor;

use crate::config::ConfigFile;
use crate::error::LlmError;

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// x Φ(x) through the error function.
    Gelu,
    /// 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³))).
    GeluTanh,
    /// max(x, 0).
    Relu,
    /// x / (1 + exp(-x)).
    Silu,
}

impl Activation {
    /// The function named by `key` of a configuration, or by `default`.
    pub(crate) fn from_config(config: &ConfigFile, key: &str, default: &str) -> Result<Self, LlmError> {
        match config.text_or(key, default)? {
            "gelu" => Ok(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Ok(Self::GeluTanh),
            "relu" => Ok(Self::Relu),
            "silu" | "swish" => Ok(Self::Silu),
            _ => Err(config.refuse(key, "gelu, gelu_new, gelu_pytorch_tanh, relu or silu")),
        }
    }

    /// Applies the function to every element.
    pub(crate) fn apply(self, x: &Tensor) -> Result<Tensor, LlmError> {
        Ok(match self {
            Self::Gelu => x.f_gelu("none")?,
            Self::GeluTanh => x.f_gelu("tanh")?,
            Self::Relu => x.f_relu()?,
            Self::Silu => x.f_silu()?,
        })
    }
}
