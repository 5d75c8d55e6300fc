//! The source of a model's tensors: a checkpoint, or a seeded draw.

use std::cell::RefCell;
use std::collections::HashMap;

use tch::{Device, Kind, Tensor};

use crate::checkpoint::Checkpoint;
use crate::error::LlmError;
use crate::fixed::FixedTensor;
use crate::untrained::DrawnSequence;

/// Named tensors, delivered in the precision and on the device of the model.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) source: Source,
    pub(crate) kind: Kind,
    pub(crate) device: Device,
    /// The tokens that occur, ascending, if the token embedding is to be restricted to them.
    pub(crate) rows: Option<Vec<i64>>,
}

/// The kinds of origin.
#[derive(Debug)]
pub(crate) enum Source {
    /// Files of a trained model.
    Checkpoint(Checkpoint),
    /// Tensors of an untrained model.
    Drawn(HashMap<String, Tensor>),
    /// Tensors of an untrained model that are drawn when requested, each once.
    DrawnInOrder(RefCell<DrawnSequence>),
}

impl Weights {
    /// The tensor `name` (without base prefix).
    pub(crate) fn get(&self, name: &str) -> Result<FixedTensor, LlmError> {
        self.placed(&self.exact(name)?)
    }

    /// The tensor `name` in f32, whatever the precision of the model.
    pub(crate) fn get_f32(&self, name: &str) -> Result<Tensor, LlmError> {
        Ok(self.exact(name)?.f_to_device(self.device)?)
    }

    /// The rows `ids` of the matrix `name`.
    pub(crate) fn get_rows(&self, name: &str, ids: &[i64]) -> Result<FixedTensor, LlmError> {
        let rows = match &self.source {
            Source::Checkpoint(checkpoint) => checkpoint.finite(name, checkpoint.read_rows(name, ids)?)?,
            _ => self.exact(name)?.f_index_select(0, &Tensor::f_from_slice(ids)?)?,
        };
        self.placed(&rows)
    }

    /// Whether earlier blocks have to be requested before later ones.
    pub(crate) fn come_in_order(&self) -> bool {
        matches!(self.source, Source::DrawnInOrder(_))
    }

    fn placed(&self, exact: &Tensor) -> Result<FixedTensor, LlmError> {
        Ok(exact.f_to_device(self.device)?.f_to_kind(self.kind)?.into())
    }

    fn exact(&self, name: &str) -> Result<Tensor, LlmError> {
        let drawn = match &self.source {
            Source::Checkpoint(checkpoint) => return checkpoint.read_finite(name),
            Source::Drawn(tensors) => tensors.get(name).map(Tensor::shallow_clone),
            Source::DrawnInOrder(sequence) => sequence.borrow_mut().take(name)?,
        };
        drawn.ok_or_else(|| LlmError::MissingTensors {
            folder: "the drawn weights".into(),
            names: vec![name.to_string()],
            found: Vec::new(),
        })
    }
}
