//! Hidden states of given token ids, from arrays in files to a file of tensors.

use std::io::Write;
use std::path::{Path, PathBuf};

use lpp_files::Progress;
use ndarray::Array2;

use crate::causal_model::{CausalModel, Given};
use crate::error::LlmError;
use crate::input_arrays::{load_integers, load_like};
use crate::model::{ModelInfo, ModelParams, WindowInput, model_files, warn_of_unknown_keys};
use crate::plan::Plan;
use crate::stream::{Identity, LayerReducer, LayerStream, Leftover, WorkFolder, write_values};
use crate::tensor_file::{Stored, TensorEntry, TensorFile};

/// Runs a model on rows of token ids and writes every hidden state.
///
/// Each row is a separate window. With dropout (untrained models) the rows get different masks.
///
/// # Examples
/// ```no_run
/// use lpp_files::Silent;
/// use lpp_llm::{HiddenStates, Identity, ModelParams};
///
/// # fn main() -> Result<(), lpp_llm::LlmError> {
/// let states = HiddenStates {
///     model: ModelParams::new("models/gpt2"),
///     ids: "ids.npy".into(),
///     attention_mask: None,
///     output: "out.safetensors".into(),
/// };
/// let identity = Identity::new("example", "0.1.0", &states.model, &[]);
/// let (model, leftover) = states.write(identity, &Silent)?;
/// leftover.remove()?;
/// println!("{} hidden states", model.n_layers);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HiddenStates {
    /// The model.
    pub model: ModelParams,
    /// Token ids, `.npy`, int64, (`n_rows`, `n_tokens`).
    pub ids: PathBuf,
    /// 1 for tokens, 0 for padding, `.npy`, int64, in the same shape.
    pub attention_mask: Option<PathBuf>,
    /// File to write: f32 tensors `layer-0`, …, each (`n_rows`, `n_tokens`, width of the layer).
    pub output: PathBuf,
}

impl HiddenStates {
    /// The files that decide the states: ids, mask and checkpoint.
    ///
    /// # Errors
    /// [`LlmError`] if the folder has no model.
    pub fn files(&self) -> Result<Vec<PathBuf>, LlmError> {
        // Most mistakes show before large files are hashed and read.
        ModelInfo::of_folder(&self.model.folder)?;
        let mut files = vec![self.ids.clone()];
        files.extend(self.attention_mask.clone());
        files.extend(model_files(&self.model.folder, self.model.training)?);
        Ok(files)
    }

    /// Computes and writes the file, completely or not at all. `identity` is that of the program and its input files:
    /// finished layers of a streamed run of the same identity are not computed again.
    ///
    /// # Errors
    /// [`LlmError`] if an array is of another type or shape, a row does not fit the model, or the model cannot be loaded.
    pub fn write(
        &self,
        identity: Identity,
        progress: &dyn Progress,
    ) -> Result<(ModelInfo, Leftover), LlmError> {
        ModelInfo::of_folder(&self.model.folder)?;
        warn_of_unknown_keys(&self.model.folder)?;
        let ids = load_integers(&self.ids)?;
        let mask = self.load_mask(&ids)?;
        let rows = Rows::new(&ids, mask.as_ref());
        let windows = rows.windows();
        if self.model.stream_layers {
            return self.run_streamed(identity, &windows, ids.dim(), progress);
        }
        let model = CausalModel::load_for(&self.model, &windows)?;
        self.run_whole(&model, &windows, ids.dim(), progress)?;
        Ok((model.info().clone(), Leftover::none()))
    }

    fn run_whole(
        &self,
        model: &CausalModel,
        windows: &[WindowInput<'_>],
        dim: (usize, usize),
        progress: &dyn Progress,
    ) -> Result<(), LlmError> {
        let mut file = TensorFile::create(&self.output, &layer_tensors(model.info(), dim))?;
        progress.start("hidden states", windows.len() as u64);
        let mut write = |row: usize, given: Given<()>| match given {
            Given::Layer(layer, states) => file.write_matrix(layer, row, &states),
            Given::Last(()) => Ok(()),
        };
        model
            .forward_all(&self.model, windows, progress, &|_, _| Ok(None), &mut write)
            .map_err(|(row, source)| self.in_row(row, source).at(|_| place_of_row(row)))?;
        progress.finish();
        file.commit()
    }

    fn run_streamed(
        &self,
        mut identity: Identity,
        windows: &[WindowInput<'_>],
        (n_rows, n_tokens): (usize, usize),
        progress: &dyn Progress,
    ) -> Result<(ModelInfo, Leftover), LlmError> {
        let plan = Plan::new(&self.model)?;
        for (row, window) in windows.iter().enumerate() {
            plan.check(window).map_err(|source| self.in_row(row, source))?;
        }
        identity.add_windows(windows);
        let work = WorkFolder::open(&self.output, identity, false)?;
        let mut stream = LayerStream::new(&self.model, plan, windows, work);
        let weights = stream.weights()?;
        stream.run(
            &weights,
            &|_layer| Box::new(AllStates { path: &self.output }),
            progress,
        )?;
        let (plan, work) = stream.into_parts();
        let info = plan.info;
        let mut file = TensorFile::create(&self.output, &layer_tensors(&info, (n_rows, n_tokens)))?;
        for layer in 0..info.n_layers {
            let mut content = work.open_layer(layer)?;
            for row in 0..n_rows {
                file.write_matrix(layer, row, &content.next_matrix((n_tokens, info.width(layer)))?)?;
            }
        }
        file.commit()?;
        Ok((info, Leftover::of(work)))
    }

    fn load_mask(&self, ids: &Array2<i64>) -> Result<Option<Array2<i64>>, LlmError> {
        let load = |path: &PathBuf| load_like(path, ids);
        self.attention_mask.as_ref().map(load).transpose()
    }

    fn in_row(&self, row: usize, source: LlmError) -> LlmError {
        match source {
            LlmError::TokenId { .. }
            | LlmError::TooManyTokens { .. }
            | LlmError::AttentionMask { .. }
            | LlmError::EmptyWindow => LlmError::InputRow {
                path: self.ids.clone(),
                row,
                source: Box::new(source),
            },
            other => other,
        }
    }
}

/// The rows of the input arrays as plain vectors.
#[derive(Debug)]
struct Rows {
    ids: Vec<Vec<i64>>,
    masks: Option<Vec<Vec<i64>>>,
}

impl Rows {
    fn new(ids: &Array2<i64>, mask: Option<&Array2<i64>>) -> Self {
        let rows = |x: &Array2<i64>| x.outer_iter().map(|row| row.to_vec()).collect();
        Self {
            ids: rows(ids),
            masks: mask.map(rows),
        }
    }

    fn windows(&self) -> Vec<WindowInput<'_>> {
        let mask = |row: usize| Some(self.masks.as_ref()?.get(row)?.as_slice());
        self.ids
            .iter()
            .enumerate()
            .map(|(row, ids)| WindowInput {
                attention_mask: mask(row),
                key: row as u64,
                ..WindowInput::new(ids)
            })
            .collect()
    }
}

/// One tensor a layer, of a matrix a row.
fn layer_tensors(model: &ModelInfo, (n_rows, n_tokens): (usize, usize)) -> Vec<TensorEntry> {
    let entry = |layer| TensorEntry {
        name: format!("layer-{layer}"),
        stored: Stored::F32,
        shape: vec![n_rows, n_tokens, model.width(layer)],
    };
    (0..model.n_layers).map(entry).collect()
}

/// How a message names a row of the input array.
fn place_of_row(row: usize) -> String {
    format!("row {row}: ")
}

/// Keeps the states of every position.
#[derive(Debug)]
struct AllStates<'a> {
    path: &'a Path,
}

impl LayerReducer for AllStates<'_> {
    fn add(&mut self, _window: usize, states: &Array2<f32>, out: &mut dyn Write) -> Result<(), LlmError> {
        write_values(states, out).map_err(LlmError::write(self.path))
    }

    fn place(&self, window: usize, _token: usize) -> String {
        place_of_row(window)
    }

    fn finish(&mut self, _out: &mut dyn Write) -> Result<(), LlmError> {
        Ok(())
    }
}
