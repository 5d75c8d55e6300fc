//! Hidden states of given token ids, from arrays in files to a file of tensors.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use lpp_files::{AtomicFile, FileError, Progress, npy};
use ndarray::{Array2, ArrayRef2};
use serde_json::json;

use crate::causal_model::CausalModel;
use crate::error::LlmError;
use crate::extract::Leftover;
use crate::model::{ModelInfo, ModelParams, WindowInput, model_files, warn_of_unknown_keys};
use crate::plan::Plan;
use crate::stream::{Identity, LayerReducer, LayerStream, WorkFolder, write_values};

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
        let model = CausalModel::load(&self.model)?;
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
        let mut file = TensorFile::create(&self.output, model.info(), dim)?;
        progress.start("hidden states", windows.len() as u64);
        let start = Instant::now();
        for (row, window) in windows.iter().enumerate() {
            model
                .forward(window, &mut |layer, states| file.write(row, layer, &states))
                .map_err(|source| self.in_row(row, source).at(|_| place_of_row(row)))?;
            progress.advance(1);
        }
        progress.finish();
        let seconds = start.elapsed().as_secs_f64();
        tracing::info!("{} windows through the model in {seconds:.2} s", windows.len());
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
        stream.run(&|_width| Box::new(AllStates { path: &self.output }), progress)?;
        let (info, work) = stream.into_parts();
        let mut file = TensorFile::create(&self.output, &info, (n_rows, n_tokens))?;
        for layer in 0..info.n_layers {
            let mut content = work.open_layer(layer)?;
            for row in 0..n_rows {
                file.write(row, layer, &content.next_matrix((n_tokens, info.width(layer)))?)?;
            }
        }
        file.commit()?;
        Ok((info, Leftover::of(work)))
    }

    fn load_mask(&self, ids: &Array2<i64>) -> Result<Option<Array2<i64>>, LlmError> {
        let Some(path) = &self.attention_mask else {
            return Ok(None);
        };
        let mask = load_integers(path)?;
        if mask.dim() == ids.dim() {
            return Ok(Some(mask));
        }
        Err(LlmError::InputArray {
            path: path.clone(),
            found: format!("shape {:?}", mask.dim()),
            expected: format!("{:?} as the token ids", ids.dim()),
        })
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

/// A matrix of integers with at least one element.
fn load_integers(path: &Path) -> Result<Array2<i64>, LlmError> {
    let array = npy::load_i64_matrix(path)?;
    if array.is_empty() {
        return Err(LlmError::InputArray {
            path: path.to_path_buf(),
            found: format!("an empty array of shape {:?}", array.dim()),
            expected: "at least one row and one token".to_string(),
        });
    }
    Ok(array)
}

/// A safetensors file that is written row by row.
#[derive(Debug)]
struct TensorFile {
    file: AtomicFile,
    /// First byte of each layer, and bytes of one row in it.
    places: Vec<(u64, u64)>,
}

impl TensorFile {
    fn create(path: &Path, model: &ModelInfo, (n_rows, n_tokens): (usize, usize)) -> Result<Self, LlmError> {
        let mut header = serde_json::Map::new();
        let mut places = Vec::with_capacity(model.n_layers);
        let mut end = 0;
        for layer in 0..model.n_layers {
            let width = model.width(layer);
            let row_bytes = (n_tokens * width * size_of::<f32>()) as u64;
            let start = end;
            end += n_rows as u64 * row_bytes;
            let entry =
                json!({"dtype": "F32", "shape": [n_rows, n_tokens, width], "data_offsets": [start, end]});
            header.insert(format!("layer-{layer}"), entry);
            places.push((start, row_bytes));
        }
        let mut text = serde_json::Value::Object(header).to_string();
        // Data start at a multiple of eight bytes, as the format asks for.
        text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
        let mut file = AtomicFile::create(path)?;
        file.write_all(&(text.len() as u64).to_le_bytes())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(|e| write_error(path, e))?;
        for place in &mut places {
            place.0 += 8 + text.len() as u64;
        }
        Ok(Self { file, places })
    }

    fn write(&mut self, row: usize, layer: usize, states: &ArrayRef2<f32>) -> Result<(), LlmError> {
        let Some(&(start, row_bytes)) = self.places.get(layer) else {
            return Ok(());
        };
        let path = self.file.target().to_path_buf();
        self.file
            .seek(SeekFrom::Start(start + row as u64 * row_bytes))
            .and_then(|_| write_values(states, &mut self.file))
            .map_err(|e| write_error(&path, e))
    }

    fn commit(self) -> Result<(), LlmError> {
        Ok(self.file.commit()?)
    }
}

fn write_error(path: &Path, source: std::io::Error) -> LlmError {
    FileError::Write {
        path: path.to_path_buf(),
        source,
    }
    .into()
}
