//! A causal language model, from a folder to its hidden states.

use std::time::Instant;

use lpp_files::Progress;
use ndarray::Array2;
use tch::{Kind, Tensor};

use crate::blocks::memory::Memory;
use crate::error::LlmError;
use crate::families::{Block, FirstState, Stem};
use crate::head::Head;
use crate::model::{ModelInfo, ModelParams, WindowInput};
use crate::plan::{Plan, ids_that_occur};
use crate::weights::Weights;
use crate::workers::WindowError;

/// What a window gives.
pub(crate) enum Given<T> {
    /// The states of a layer, (`n_tokens`, width).
    Layer(usize, Array2<f32>),
    /// What is made of the last hidden state.
    Last(T),
}

/// Receives it, with the index of the window.
pub(crate) type WindowSink<'a, T> = dyn FnMut(usize, Given<T>) -> Result<(), LlmError> + Send + 'a;

/// Makes something of the last hidden state of a window, (positions from `first_needed` on, width), or nothing.
pub(crate) type OfLast<'a, T> = dyn Fn(usize, &Tensor) -> Result<Option<T>, LlmError> + Sync + 'a;

/// A model that is ready to run.
///
/// # Examples
/// ```no_run
/// use lpp_llm::{CausalModel, ModelParams, WindowInput};
///
/// # fn main() -> Result<(), lpp_llm::LlmError> {
/// let model = CausalModel::load(&ModelParams::new("models/gpt2"))?;
/// let ids = [15496, 995]; // "Hello world"
/// model.forward(&WindowInput::new(&ids), &mut |layer, states| {
///     println!("layer {layer}: {:?}", states.dim());
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CausalModel {
    plan: Plan,
    stem: Box<dyn Stem>,
    blocks: Vec<Box<dyn Block>>,
}

impl CausalModel {
    /// Loads a model, or draws it.
    ///
    /// # Errors
    /// [`LlmError`] if the folder lacks a needed file, the configuration requests something that is not supported,
    /// tensors are missing or mis-shaped, or a weights file is damaged.
    pub fn load(params: &ModelParams) -> Result<Self, LlmError> {
        let plan = Plan::new(params)?;
        let weights = plan.weights(params)?;
        Self::of(plan, &weights)
    }

    /// The same with those rows of the token embedding that occur in `windows`.
    pub(crate) fn load_for(params: &ModelParams, windows: &[WindowInput<'_>]) -> Result<Self, LlmError> {
        let plan = Plan::new(params)?;
        let mut ids = ids_that_occur(windows);
        // Others are refused with the window that has them.
        ids.retain(|id| (0..plan.layout.n_vocabulary).contains(id));
        let weights = Weights {
            rows: Some(ids),
            ..plan.weights(params)?
        };
        Self::of(plan, &weights)
    }

    /// The same with the output matrix.
    pub(crate) fn load_with_head(params: &ModelParams) -> Result<(Self, Head), LlmError> {
        let plan = Plan::new(params)?;
        let weights = plan.weights(params)?;
        let model = Self::of(plan, &weights)?;
        let head = Head::load(&model.plan, params, weights)?;
        Ok((model, head))
    }

    fn of(plan: Plan, weights: &Weights) -> Result<Self, LlmError> {
        let blocks = (0..plan.layout.n_blocks)
            .map(|i| plan.family.block(weights, i))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            stem: plan.family.stem(weights)?,
            blocks,
            plan,
        })
    }

    /// The model without its weights.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Facts about the model.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.plan.info
    }

    /// Runs one window and passes on each hidden state as soon as it is computed, in order.
    ///
    /// `sink` is called with the index of the layer and the states of the positions from
    /// [`first_needed`](WindowInput::first_needed) on, (`n_tokens` - `first_needed`, width). Layer 0 is the embedding
    /// and the last layer is normalised. Mamba is an exception, as in `hidden_states` of the reference: layer 0 is the
    /// output of the first block, and the last block occurs twice.
    ///
    /// # Errors
    /// [`LlmError`] if an id is outside the vocabulary, the window is empty or longer than the model's
    /// positions, the mask is not usable, or `sink` fails.
    pub fn forward(
        &self,
        window: &WindowInput<'_>,
        sink: &mut dyn FnMut(usize, Array2<f32>) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        self.forward_to_last(window, sink).map(drop)
    }

    /// The same, and the last hidden state as the model has it, (positions from `first_needed` on, width).
    fn forward_to_last(
        &self,
        window: &WindowInput<'_>,
        sink: &mut dyn FnMut(usize, Array2<f32>) -> Result<(), LlmError>,
    ) -> Result<Tensor, LlmError> {
        let mut last = Tensor::new();
        let mut deliver = |layer: usize, x: &Tensor| -> Result<(), LlmError> {
            last = x.shallow_clone();
            let states = matrix(x)?;
            check_finite(&states, layer, window)?;
            sink(layer, states)
        };
        tch::no_grad(|| self.run(window, None, &mut deliver))?;
        Ok(last.f_flatten(0, -2)?)
    }

    /// Runs windows side by side. `sink` is called layer by layer as in [`forward`](Self::forward), and for each layer in the
    /// order of the windows. `of_last` is called in the thread of the window.
    pub(crate) fn forward_all<T>(
        &self,
        params: &ModelParams,
        windows: &[WindowInput<'_>],
        progress: &dyn Progress,
        of_last: &OfLast<'_, T>,
        mut sink: &mut WindowSink<'_, T>,
    ) -> Result<(), WindowError> {
        let workers = self.plan.workers(params, windows);
        let start = Instant::now();
        let run = workers.run(0..windows.len(), &mut sink, &|index, turns| {
            let last = self.forward_to_last(&windows[index], &mut |layer, states| {
                turns.deliver(|sink| sink(index, Given::Layer(layer, states)))
            })?;
            if let Some(made) = of_last(index, &last)? {
                turns.deliver(|sink| sink(index, Given::Last(made)))?;
            }
            progress.advance(1);
            Ok(())
        });
        let seconds = start.elapsed().as_secs_f64();
        tracing::info!("{} windows through the model in {seconds:.2} s", windows.len());
        run
    }

    /// The last hidden state of a window, (`n_rows` x positions from `first_needed` on, width).
    pub(crate) fn last_states(&self, window: &WindowInput<'_>) -> Result<Tensor, LlmError> {
        self.last_states_after(window, None)
    }

    /// An empty memory for [`continued`](Self::continued).
    pub(crate) fn memory(&self) -> Memory {
        Memory::new(self.blocks.len())
    }

    /// The same as [`last_states`](Self::last_states) for a window that continues the tokens in the memory, which then has those of the
    /// window, too.
    pub(crate) fn continued(
        &self,
        window: &WindowInput<'_>,
        memory: &mut Memory,
    ) -> Result<Tensor, LlmError> {
        let last = self.last_states_after(window, Some(memory))?;
        memory.n_tokens += i64::try_from(window.n_tokens()).unwrap_or(i64::MAX);
        Ok(last)
    }

    fn last_states_after(
        &self,
        window: &WindowInput<'_>,
        memory: Option<&Memory>,
    ) -> Result<Tensor, LlmError> {
        let mut last = Tensor::new();
        tch::no_grad(|| {
            self.run(window, memory, &mut |_layer, x| {
                last = x.shallow_clone();
                Ok(())
            })
        })?;
        Ok(last.f_flatten(0, -2)?)
    }

    fn run(
        &self,
        window: &WindowInput<'_>,
        memory: Option<&Memory>,
        sink: &mut dyn FnMut(usize, &Tensor) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        let frame = self.plan.frame(window, memory)?;
        let first_row = frame.first_needed();
        let mut x = self.plan.embed(self.stem.as_ref(), window, &frame)?;
        let mut layer = 0;
        let mut deliver = |x: &Tensor, start: i64| -> Result<(), LlmError> {
            let delivered = sink(layer, &x.f_slice(-2, start, None, 1)?);
            layer += 1;
            delivered
        };
        if self.plan.layout.first_state == FirstState::Embedding {
            deliver(&x, first_row)?;
        }
        for (index, block) in self.blocks.iter().enumerate() {
            if index + 1 < self.blocks.len() {
                x = block.forward(&x, &frame.pass(index, 0))?;
                deliver(&x, first_row)?;
            } else {
                x = block.forward(&x, &frame.pass(index, first_row))?;
            }
        }
        if self.plan.layout.first_state == FirstState::FirstBlock {
            deliver(&x, 0)?;
        }
        deliver(&self.stem.finish(&x)?, 0)
    }
}

/// Refuses states of a window with a value that is no number, where they arise.
pub(crate) fn check_finite(
    states: &Array2<f32>,
    layer: usize,
    window: &WindowInput<'_>,
) -> Result<(), LlmError> {
    let n_positions = (states.nrows() / window.n_rows.max(1)).max(1);
    if states.as_slice().is_some_and(all_finite) {
        return Ok(());
    }
    let found = states.indexed_iter().find(|(_, value)| !value.is_finite());
    match found {
        None => Ok(()),
        Some(((row, _), &value)) => Err(LlmError::NotFinite {
            place: None,
            layer,
            token: window.first_needed + row % n_positions,
            value,
        }),
    }
}

/// Whether there is neither NaN nor infinity; without a way out of the loop, so that it is vectorised.
fn all_finite(values: &[f32]) -> bool {
    values
        .chunks(4096)
        .all(|some| some.iter().fold(true, |all, value| all & value.is_finite()))
}

/// A tensor as an array of f32 whose columns are the last axis.
pub(crate) fn matrix(x: &Tensor) -> Result<Array2<f32>, LlmError> {
    let (rows, columns) = x.f_flatten(0, -2)?.size2()?;
    let dim = (
        usize::try_from(rows).unwrap_or(0),
        usize::try_from(columns).unwrap_or(0),
    );
    let values = Vec::<f32>::try_from(x.f_to_kind(Kind::Float)?.f_contiguous()?.f_flatten(0, -1)?)?;
    // libtorch delivered exactly the rows and columns it announced.
    Ok(Array2::from_shape_vec(dim, values).unwrap_or_else(|_| Array2::zeros((0, 0))))
}
