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

/// What is computed from the last hidden states of a window, (`n_rows` x positions, width), and the output matrix.
pub(super) type Reduce<'a, T> = dyn Fn(usize, &Tensor, &Head) -> Result<T, LlmError> + Sync + 'a;

/// Receives it, in the order of the windows.
pub(super) type Keep<'a, T> = dyn FnMut(usize, T) -> Result<(), LlmError> + Send + 'a;

/// Windows that go through a model.
pub(super) struct Passes<'a> {
    pub(super) params: &'a ModelParams,
    pub(super) windows: &'a [WindowInput<'a>],
    /// The windows before this one were finished by an earlier run.
    pub(super) first: usize,
    pub(super) progress: &'a dyn Progress,
}

impl Passes<'_> {
    /// Reduces the last hidden states of the windows from `first` on. Returns the work folder, which keeps what a streamed run
    /// has finished.
    pub(super) fn run<T>(
        &self,
        work: WorkFolder,
        reduce: &Reduce<'_, T>,
        keep: &mut Keep<'_, T>,
    ) -> Result<WorkFolder, LlmError> {
        if self.params.stream_layers {
            return self.streamed(work, reduce, keep);
        }
        let (model, head) = CausalModel::load_with_head(self.params)?;
        let states = |window: usize| model.last_states(&self.windows[window]);
        self.reduce_all(model.plan(), &states, &head, reduce, keep)?;
        Ok(work)
    }

    fn reduce_all<T>(
        &self,
        plan: &Plan,
        states: &(dyn Fn(usize) -> Result<Tensor, LlmError> + Sync),
        head: &Head,
        reduce: &Reduce<'_, T>,
        mut keep: &mut Keep<'_, T>,
    ) -> Result<(), LlmError> {
        let Self {
            windows,
            first,
            progress,
            params,
        } = *self;
        progress.start("batches", (windows.len() - first) as u64);
        let workers = plan.workers(params, windows);
        let run = workers.run(first..windows.len(), &mut keep, &|window, turns| {
            let found = reduce(window, &states(window)?, head)?;
            turns.deliver(|keep| keep(window, found))?;
            progress.advance(1);
            Ok(())
        });
        progress.finish();
        run.map_err(|(_window, problem)| problem)
    }

    fn streamed<T>(
        &self,
        work: WorkFolder,
        reduce: &Reduce<'_, T>,
        keep: &mut Keep<'_, T>,
    ) -> Result<WorkFolder, LlmError> {
        let plan = Plan::new(self.params)?;
        let last = plan.info.n_layers - 1;
        let width = plan.info.width(last);
        let mut stream = LayerStream::new(self.params, plan, self.windows, work);
        let weights = stream.weights()?;
        let path = stream.path().to_owned();
        let reducer = |layer| -> Box<dyn LayerReducer + '_> {
            Box::new(LastStates {
                is_kept: layer == last,
                path: &path,
            })
        };
        stream.run(&weights, &reducer, self.progress)?;
        let (plan, work) = stream.into_parts();
        let head = Head::load(&plan, self.params, weights)?;
        let layer = work.open_layer(last)?;
        let mut n_before = 0;
        let places: Vec<_> = self
            .windows
            .iter()
            .map(|window| {
                let n_positions = window.n_rows * (window.n_tokens() - window.first_needed);
                n_before += n_positions;
                (n_before - n_positions, n_positions)
            })
            .collect();
        // What was stored as f32 is exact in the model's precision.
        let states = |window: usize| {
            let (start, n_positions) = places[window];
            tensor(&layer.matrix(start * width, (n_positions, width))?)
        };
        self.reduce_all(&plan, &states, &head, reduce, keep)?;
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
