//! Where a model takes its tensors from: a checkpoint, or a seeded draw.

use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use crate::checkpoint::Checkpoint;
use crate::error::LlmError;

/// Named tensors, delivered in the precision and on the device of the model.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) source: Source,
    pub(crate) kind: Kind,
    pub(crate) device: Device,
}

/// Either kind of origin.
#[derive(Debug)]
pub(crate) enum Source {
    /// Files of a trained model.
    Checkpoint(Checkpoint),
    /// Tensors of an untrained model.
    Drawn(HashMap<String, Tensor>),
}

impl Weights {
    /// The tensor `name` (without base prefix).
    pub(crate) fn get(&self, name: &str) -> Result<Tensor, LlmError> {
        Ok(self.exact(name)?.f_to_device(self.device)?.f_to_kind(self.kind)?)
    }

    /// The tensor `name` in f32, whatever the precision of the model.
    pub(crate) fn get_f32(&self, name: &str) -> Result<Tensor, LlmError> {
        Ok(self.exact(name)?.f_to_device(self.device)?)
    }

    fn exact(&self, name: &str) -> Result<Tensor, LlmError> {
        match &self.source {
            Source::Checkpoint(checkpoint) => checkpoint.read(name),
            Source::Drawn(tensors) => {
                let tensor = tensors.get(name).map(Tensor::shallow_clone);
                tensor.ok_or_else(|| LlmError::MissingTensors {
                    folder: "the drawn weights".into(),
                    names: vec![name.to_string()],
                })
            }
        }
    }
}
