//! The tensors of a simulated checkpoint.

use std::borrow::Cow;

use ndarray::Array2;
use safetensors::{Dtype, View};

/// A named tensor of a checkpoint.
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) values: Vec<f32>,
    pub(crate) shape: Vec<usize>,
}

impl Parameter {
    pub(crate) fn matrix(name: impl Into<String>, values: &Array2<f32>) -> Self {
        let shape = values.shape().to_vec();
        Self {
            name: name.into(),
            values: values.iter().copied().collect(),
            shape,
        }
    }

    pub(crate) fn constant(name: impl Into<String>, value: f32, n: usize) -> Self {
        Self {
            name: name.into(),
            values: vec![value; n],
            shape: vec![n],
        }
    }
}

impl View for &Parameter {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>()
            .into()
    }

    fn data_len(&self) -> usize {
        self.values.len() * size_of::<f32>()
    }
}
