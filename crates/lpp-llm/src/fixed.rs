//! Tensors of a loaded model, which several threads read at the same time.

#![expect(
    unsafe_code,
    reason = "tch does not declare that several threads may read a tensor"
)]

use std::ops::Deref;

use tch::Tensor;

/// A tensor that does not change any more.
#[derive(Debug)]
pub(crate) struct FixedTensor(Tensor);

// SAFETY: libtorch lets any number of threads read a tensor and counts references to it atomically. This crate changes no
// tensor in place once it is part of a model.
unsafe impl Sync for FixedTensor {}

impl Deref for FixedTensor {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.0
    }
}

impl From<Tensor> for FixedTensor {
    fn from(tensor: Tensor) -> Self {
        Self(tensor)
    }
}
