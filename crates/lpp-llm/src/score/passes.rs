//! Batches through a model, whole or block by block, up to the last hidden states.

use std::io::Write;
use std::path::Path;

use lpp_files::Progress;
use ndarray::Array2;
use tch::Tensor;

use crate::causal_model::CausalModel;
use crate::error::LlmError;
use crate::head::Head;
use crate::model::{ModelParams, WindowInput};
use crate::plan::Plan;
use crate::stream::{LayerReducer, LayerStream, WorkFolder, write_values};

/// Receives the last hidden states of a window, (`n_rows` x positions, width), and the output matrix.
pub(super) type Consumer<'a> = dyn FnMut(usize, &Tensor, &Head) -> Result<(), LlmError> + 'a;

/// Windows that go through a model.
pub(super) struct Passes<'a> {
    pub(super) params: &'a ModelParams,
    pub(super) windows: &'a [WindowInput<'a>],
    /// The windows before this one were finished by an earlier run.
    pub(super) first: usize,
    pub(super) progress: &'a dyn Progress,
}

impl Passes<'_> {
    /// Hands over the last hidden states of the windows from `first` on, in order. Returns the work folder, which keeps what a
    /// streamed run has finished.
    pub(super) fn last_states(
        &self,
        work: WorkFolder,
        consume: &mut Consumer<'_>,
    ) -> Result<WorkFolder, LlmError> {
        if self.params.stream_layers {
            return self.streamed(work, consume);
        }
        let Self {
            windows,
            first,
            progress,
            ..
        } = *self;
        let (model, head) = CausalModel::load_with_head(self.params)?;
        progress.start("batches", (windows.len() - first) as u64);
        for (index, window) in windows.iter().enumerate().skip(first) {
            consume(index, &model.last_states(window)?, &head)?;
            progress.advance(1);
        }
        progress.finish();
        Ok(work)
    }

    fn streamed(&self, work: WorkFolder, consume: &mut Consumer<'_>) -> Result<WorkFolder, LlmError> {
        let Self {
            params,
            windows,
            first,
            progress,
        } = *self;
        let plan = Plan::new(params)?;
        let last = plan.info.n_layers - 1;
        let width = plan.info.width(last);
        let mut stream = LayerStream::new(params, plan, windows, work);
        let weights = stream.weights()?;
        let path = stream.path().to_owned();
        let reducer = |layer| -> Box<dyn LayerReducer + '_> {
            Box::new(LastStates {
                is_kept: layer == last,
                path: &path,
            })
        };
        stream.run(&weights, &reducer, progress)?;
        let (plan, work) = stream.into_parts();
        let head = Head::load(&plan, params, weights)?;
        let mut states = work.open_layer(last)?;
        progress.start("batches", (windows.len() - first) as u64);
        for (index, window) in windows.iter().enumerate() {
            let n_positions = window.n_rows * (window.n_tokens() - window.first_needed);
            let states = states.next_matrix((n_positions, width))?;
            if index >= first {
                // What was stored as f32 is exact in the model's precision.
                consume(index, &tensor(&states)?, &head)?;
                progress.advance(1);
            }
        }
        progress.finish();
        Ok(work)
    }
}

fn tensor(x: &Array2<f32>) -> Result<Tensor, LlmError> {
    let columns = i64::try_from(x.ncols()).unwrap_or(i64::MAX);
    let values = x.as_slice().unwrap_or_default();
    Ok(Tensor::f_from_slice(values)?.f_view([-1, columns])?)
}

/// Keeps the states of the last layer and no others.
#[derive(Debug)]
struct LastStates<'a> {
    is_kept: bool,
    path: &'a Path,
}

impl LayerReducer for LastStates<'_> {
    fn add(&mut self, _window: usize, states: &Array2<f32>, out: &mut dyn Write) -> Result<(), LlmError> {
        if self.is_kept {
            write_values(states, out).map_err(LlmError::write(self.path))?;
        }
        Ok(())
    }

    fn place(&self, window: usize, _token: usize) -> String {
        format!("batch {window}: ")
    }

    fn finish(&mut self, _out: &mut dyn Write) -> Result<(), LlmError> {
        Ok(())
    }
}
