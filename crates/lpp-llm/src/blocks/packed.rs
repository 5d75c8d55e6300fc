//! Weights of linear maps in the order in which oneDNN multiplies fastest.
//!
//! libtorch's plain f32 product uses MKL, which uses its slowest kernels on processors of other manufacturers: two Zen
//! 4 cores reach 145 GFLOP/s there and 205 here, and an activation function costs next to nothing when it is applied to
//! values that are still in registers. In bf16 the gain is smaller. `tch` does not bind these two operators of
//! libtorch, so a `TorchScript` module of two functions calls them.

use std::io::{Cursor, Write};
use std::sync::OnceLock;

use tch::{CModule, Device, IValue, TchError, Tensor};
use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

use crate::blocks::activation::Activation;
use crate::error::LlmError;
use crate::fixed::FixedTensor;

/// What the module does.
const SOURCE: &str = include_str!("packed_linear.torchscript");

/// The pickle of an object of class `PackedLinear` without attributes: protocol 2, the class, an empty tuple of
/// arguments, a new object, an empty dictionary of attributes set on it, the end.
const OBJECT: &[u8] = b"\x80\x02c__torch__\nPackedLinear\n)\x81}b.";

/// The pickle of an empty tuple: the module has no constant tensors.
const NO_CONSTANTS: &[u8] = b"\x80\x02).";

/// A weight, (`out`, `in`), in oneDNN's own layout.
#[derive(Debug)]
pub(crate) struct PackedWeight {
    packed: FixedTensor,
}

impl PackedWeight {
    /// Packs a weight; `None` if oneDNN does not support it: on a device other than the CPU, in a libtorch without
    /// oneDNN, or on a CPU without the instructions for the weight's type.
    pub(crate) fn new(weight: &Tensor) -> Option<Self> {
        if weight.device() != Device::Cpu {
            return None;
        }
        match call("pack", &[tensor(weight)]) {
            Ok(packed) => Some(Self {
                packed: packed.into(),
            }),
            Err(error) => {
                tracing::debug!("a weight stays as it is: {error}");
                None
            }
        }
    }

    /// `activation(x Wᵀ + bias)`, (`n_tokens`, `in`) to (`n_tokens`, `out`).
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        bias: Option<&Tensor>,
        activation: Option<Activation>,
    ) -> Result<Tensor, LlmError> {
        let text = |text: &str| IValue::String(text.to_string());
        let (then, variant) = match activation {
            None => ("none", IValue::None),
            Some(Activation::Gelu) => ("gelu", text("none")),
            Some(Activation::GeluTanh) => ("gelu", text("tanh")),
            Some(Activation::Relu) => ("relu", IValue::None),
            Some(Activation::Silu) => ("swish", IValue::None),
        };
        let bias = bias.map_or(IValue::None, tensor);
        let arguments = [tensor(x), tensor(&self.packed), bias, text(then), variant];
        Ok(call("forward", &arguments)?)
    }
}

fn tensor(x: &Tensor) -> IValue {
    IValue::Tensor(x.shallow_clone())
}

/// Calls a function of the module.
fn call(function: &str, arguments: &[IValue]) -> Result<Tensor, TchError> {
    static MODULE: OnceLock<Result<CModule, String>> = OnceLock::new();
    match MODULE.get_or_init(|| module().map_err(|e| e.to_string())) {
        Ok(module) => Tensor::try_from(module.method_is(function, arguments)?),
        Err(reason) => Err(TchError::Torch(reason.clone())),
    }
}

fn module() -> Result<CModule, TchError> {
    if !tch::utils::has_mkldnn() {
        return Err(TchError::Torch("this libtorch has no oneDNN".to_string()));
    }
    let archive = archive().map_err(|e| TchError::FileFormat(e.to_string()))?;
    CModule::load_data(&mut Cursor::new(archive))
}

/// The files of a module as `TorchScript` saves it.
fn archive() -> ZipResult<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("data.pkl", OBJECT),
        ("code/__torch__.py", SOURCE.as_bytes()),
        ("constants.pkl", NO_CONSTANTS),
        ("version", b"3\n"),
        ("byteorder", b"little"),
    ] {
        // libtorch reads entries in place.
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(format!("packed_linear/{name}"), stored)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Kind;

    fn wave(shape: [i64; 2], step: f64) -> Tensor {
        let values = Tensor::f_arange(shape[0] * shape[1], (Kind::Float, Device::Cpu)).unwrap();
        values
            .f_mul_scalar(step)
            .unwrap()
            .f_sin()
            .unwrap()
            .f_view(shape)
            .unwrap()
    }

    fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn packed_products_equal_plain_ones() {
        if !tch::utils::has_mkldnn() {
            return;
        }
        for (n_tokens, n_in, n_out) in [(1, 5, 7), (11, 16, 48), (100, 96, 200)] {
            let (x, weight) = (wave([n_tokens, n_in], 0.37), wave([n_out, n_in], 0.73));
            let bias = wave([1, n_out], 0.11).f_view([n_out]).unwrap();
            let packed = PackedWeight::new(&weight).unwrap();
            for bias in [None, Some(&bias)] {
                let plain = x.f_linear(&weight, bias).unwrap();
                for activation in [
                    None,
                    Some(Activation::Gelu),
                    Some(Activation::GeluTanh),
                    Some(Activation::Relu),
                    Some(Activation::Silu),
                ] {
                    let expected = match activation {
                        Some(activation) => activation.apply(&plain).unwrap(),
                        None => plain.shallow_clone(),
                    };
                    let found = packed.forward(&x, bias, activation).unwrap();
                    // Up to 96 products of size one, summed in another order in f32.
                    let difference = largest_difference(&found, &expected);
                    assert!(difference < 2e-5, "{activation:?}: {difference}");
                }
            }
        }
    }
}
