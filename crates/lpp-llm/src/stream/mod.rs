//! All windows through one block at a time, so that a model larger than memory can run.
//!
//! Between blocks, the residual stream of all windows and the finished layers are in files of the work folder. One
//! block, one window, and the rows of the token embedding that occur are in memory. After each block, the progress is
//! written to a journal, from which a killed run resumes.

mod states;
mod work;

use std::io::Write;
use std::path::Path;

use ndarray::{Array2, ArrayRef2};
use tch::{Device, Kind};

use lpp_files::{AtomicFile, Progress, write_f32};

use crate::causal_model::{check_finite, matrix};
use crate::error::LlmError;
use crate::families::{Block, FirstState, Stem};
use crate::model::{ModelParams, WindowInput};
use crate::plan::{Plan, ids_that_occur};
use crate::stream::states::StatesFile;
use crate::weights::Weights;

pub(crate) use work::WorkFolder;
pub use work::{Identity, Leftover};

/// What becomes of the hidden states of a layer.
pub(crate) trait LayerReducer: Send {
    /// Receives the states of the next window and writes the completed part to `out`.
    fn add(&mut self, window: usize, states: &Array2<f32>, out: &mut dyn Write) -> Result<(), LlmError>;

    /// The position of a token of a window in the input, for messages.
    fn place(&self, window: usize, token: usize) -> String;

    /// Writes the rest after the last window.
    fn finish(&mut self, out: &mut dyn Write) -> Result<(), LlmError>;
}

/// Makes the reducer of a layer, given by its index.
pub(crate) type Reducers<'a> = dyn Fn(usize) -> Box<dyn LayerReducer + 'a> + 'a;

/// Writes a matrix as little-endian f32, row by row.
pub(crate) fn write_values(values: &ArrayRef2<f32>, out: &mut dyn Write) -> std::io::Result<()> {
    write_f32(values.as_standard_layout().as_slice().unwrap_or_default(), out)
}

/// A model that is to be streamed over its windows.
#[derive(Debug)]
pub(crate) struct LayerStream<'a> {
    params: &'a ModelParams,
    plan: Plan,
    windows: &'a [WindowInput<'a>],
    states: StatesFile,
    work: WorkFolder,
}

impl<'a> LayerStream<'a> {
    /// Lays out the windows, which [`Plan::check`] has found fit.
    pub(crate) fn new(
        params: &'a ModelParams,
        plan: Plan,
        windows: &'a [WindowInput<'a>],
        work: WorkFolder,
    ) -> Self {
        let lengths = windows.iter().map(|window| window.ids.len());
        Self {
            params,
            states: StatesFile::new(lengths, plan.info.n_hidden),
            plan,
            windows,
            work,
        }
    }

    /// The model, and the folder with the finished layers.
    pub(crate) fn into_parts(self) -> (Plan, WorkFolder) {
        (self.plan, self.work)
    }

    /// The folder with the finished layers.
    pub(crate) fn path(&self) -> &Path {
        self.work.path()
    }

    /// The weights for [`run`](Self::run), read or drawn block by block.
    pub(crate) fn weights(&self) -> Result<Weights, LlmError> {
        self.plan
            .weights_in_order(self.params, ids_that_occur(self.windows))
    }

    /// Creates the files of all layers in the work folder, except those that already exist.
    pub(crate) fn run(
        &mut self,
        weights: &Weights,
        reducers: &Reducers<'_>,
        progress: &dyn Progress,
    ) -> Result<(), LlmError> {
        let n_stages = self.plan.info.n_layers;
        let first = self.work.n_stages_done();
        if first >= n_stages {
            return Ok(());
        }
        if first > 0 {
            tracing::info!("resuming after block {} of {}", first - 1, n_stages - 1);
        }
        let stem = self.plan.family.stem(weights)?;
        for stage in 1..first {
            if weights.come_in_order() {
                drop(self.load_block(weights, stage)?);
            }
        }
        progress.start(
            "windows through blocks",
            ((n_stages - first) * self.windows.len()) as u64,
        );
        for stage in first..n_stages {
            let block = match stage {
                0 => None,
                _ => Some(self.load_block(weights, stage)?),
            };
            let parts = Parts {
                stem: stem.as_ref(),
                block: block.as_deref(),
            };
            self.run_stage(stage, parts, reducers, progress)?;
            self.work.finish_stage(stage)?;
        }
        progress.finish();
        Ok(())
    }

    /// The block after which stage `stage` ends; stage 0 is the embedding.
    fn load_block(&self, weights: &Weights, stage: usize) -> Result<Box<dyn Block>, LlmError> {
        let index = i64::try_from(stage - 1).unwrap_or(i64::MAX);
        self.plan.family.block(weights, index)
    }

    /// Takes all windows through the embedding (stage 0) or through one block.
    fn run_stage(
        &self,
        stage: usize,
        parts: Parts<'_>,
        reducers: &Reducers<'_>,
        progress: &dyn Progress,
    ) -> Result<(), LlmError> {
        let is_last = self.is_last(stage);
        let before = match stage {
            0 => None,
            _ => Some(self.states.open(&self.work.states_path(stage - 1))?),
        };
        // The residual stream after the last block is not needed.
        let after = if is_last {
            None
        } else {
            Some(self.states.create(&self.work.states_path(stage))?)
        };
        let mut layers = self.open_layers(stage, reducers)?;
        let indices: Vec<usize> = layers.iter().map(|layer| layer.index).collect();
        let workers = self.plan.workers(self.params, self.windows);
        let run = workers.run(0..self.windows.len(), &mut layers, &|index, turns| {
            let window = &self.windows[index];
            let frame = self.plan.frame(window, None)?;
            let x = match (parts.block, &before) {
                (Some(block), Some(before)) => {
                    let x = before.read(index)?;
                    let x = window.by_rows(x)?;
                    let x = x.f_to_kind(self.plan.kind)?.f_to_device(self.plan.device)?;
                    let first_row = if is_last { frame.first_needed() } else { 0 };
                    block.forward(&x, &frame.pass(stage - 1, first_row))?
                }
                _ => self.plan.embed(parts.stem, window, &frame)?,
            };
            if let Some(after) = &after {
                after.write(index, &x.f_to_kind(Kind::Float)?.f_to_device(Device::Cpu)?)?;
            }
            for (place, &layer) in indices.iter().enumerate() {
                let states = if layer + 1 == self.plan.info.n_layers {
                    matrix(&parts.stem.finish(&x)?)?
                } else if is_last {
                    matrix(&x)?
                } else {
                    matrix(&x.f_slice(-2, frame.first_needed(), None, 1)?)?
                };
                let checked = check_finite(&states, layer, window);
                turns.deliver(|layers| {
                    let OpenLayer { file, reducer, .. } = &mut layers[place];
                    checked
                        .and_then(|()| reducer.add(index, &states, file))
                        .map_err(|error| error.at(|token| reducer.place(index, token)))
                })?;
            }
            progress.advance(1);
            Ok(())
        });
        run.map_err(|(_window, problem)| problem)?;
        for mut layer in layers {
            layer.reducer.finish(&mut layer.file)?;
            layer.file.commit()?;
        }
        match after {
            Some(after) => after.sync(),
            None => Ok(()),
        }
    }

    fn is_last(&self, stage: usize) -> bool {
        stage + 1 == self.plan.info.n_layers
    }

    /// The layers that are computed after a stage.
    fn open_layers<'r>(&self, stage: usize, reducers: &Reducers<'r>) -> Result<Vec<OpenLayer<'r>>, LlmError> {
        let layers = match self.plan.layout.first_state {
            FirstState::Embedding => stage..stage + 1,
            // The embedding is not stored, the last block is stored twice.
            FirstState::FirstBlock => stage.saturating_sub(1)..stage + usize::from(self.is_last(stage)),
        };
        layers
            .map(|layer| {
                Ok(OpenLayer {
                    file: self.work.create_layer(layer)?,
                    reducer: reducers(layer),
                    index: layer,
                })
            })
            .collect()
    }
}

/// What a stage computes with.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    stem: &'a dyn Stem,
    block: Option<&'a dyn Block>,
}

/// A layer that is being made.
struct OpenLayer<'a> {
    file: AtomicFile,
    reducer: Box<dyn LayerReducer + 'a>,
    index: usize,
}
