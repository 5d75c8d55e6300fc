//! A causal language model, from a folder to its hidden states.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use ndarray::Array2;
use tch::{Device, Kind, Tensor};

use crate::checkpoint;
use crate::config::ConfigFile;
use crate::error::{LlmError, shortened};
use crate::families::{self, Block, Family, FirstState, Layout, Stem};
use crate::parameter::Parameter;
use crate::plan::Plan;

/// Arithmetic of the forward passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32-bit floats, as in the reference.
    #[default]
    F32,
    /// 16-bit "brain" floats: half the memory traffic, hidden states about 1 % off.
    Bf16,
}

impl Precision {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }

    /// `f32` or `bf16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

/// Where the forward passes run.
///
/// ```
/// use lpp_llm::ComputeDevice;
///
/// assert_eq!("cuda:1".parse(), Ok(ComputeDevice::Cuda(1)));
/// assert!("gpu".parse::<ComputeDevice>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ComputeDevice {
    /// The first CUDA device if libtorch sees one, the processor otherwise.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The CUDA device of this number, from 0.
    Cuda(usize),
}

impl ComputeDevice {
    /// The device for libtorch, once it is known to be there.
    pub(crate) fn torch(self) -> Result<Device, LlmError> {
        let n_devices = usize::try_from(tch::Cuda::device_count()).unwrap_or(0);
        match self {
            Self::Auto if n_devices > 0 => Ok(Device::Cuda(0)),
            Self::Auto | Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(index) if index < n_devices => Ok(Device::Cuda(index)),
            Self::Cuda(index) => Err(LlmError::NoSuchDevice { index, n_devices }),
        }
    }
}

impl FromStr for ComputeDevice {
    type Err = String;

    /// Reads `auto`, `cpu`, `cuda` (the first) or `cuda:N`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.strip_prefix("cuda:")?.parse().ok();
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => number(text)
                .map(Self::Cuda)
                .ok_or_else(|| "expected auto, cpu, cuda or cuda:N".to_string()),
        }
    }
}

/// Where the weights of a model come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Training {
    /// From the checkpoint.
    #[default]
    Pretrained,
    /// Drawn from a seed; only `config.json` is needed.
    Untrained {
        /// Seed of torch's generator, 1 or more.
        seed: u64,
        /// Whether dropout stays active in the forward passes, as it does in the reference.
        dropout: bool,
    },
}

/// What to load and how to run it.
///
/// ```
/// let params = lpp_llm::ModelParams::new("models/gpt2").untrained(1);
/// assert_eq!(params.training, lpp_llm::Training::Untrained { seed: 1, dropout: true });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelParams {
    /// Folder with `config.json` and the weights.
    pub folder: PathBuf,
    /// Trained weights or drawn ones.
    pub training: Training,
    /// Arithmetic.
    pub precision: Precision,
    /// Where to run.
    pub device: ComputeDevice,
    /// Threads of libtorch, a setting of the whole process; `None` leaves it as it is.
    pub n_threads: Option<usize>,
    /// Whether jobs hold the weights of one block at a time instead of all: every window passes through a block
    /// before the next block is read. The result is the same, to the bit at a fixed number of threads.
    ///
    /// A job that was killed goes on behind the last finished block. [`CausalModel`] itself always holds all blocks.
    pub stream_layers: bool,
}

impl ModelParams {
    /// The pretrained model of a folder, in f32.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            training: Training::Pretrained,
            precision: Precision::F32,
            device: ComputeDevice::Auto,
            n_threads: None,
            stream_layers: false,
        }
    }

    /// The untrained twin with this seed, dropout active as in the reference.
    #[must_use]
    pub fn untrained(self, seed: u64) -> Self {
        Self {
            training: Training::Untrained { seed, dropout: true },
            ..self
        }
    }

    /// Seed of an untrained model, 0 for trained weights, and whether dropout stays active; trained models have none.
    ///
    /// # Errors
    /// [`LlmError::Seed`] for an untrained model with the seed 0, which stands for trained weights.
    pub fn seed_and_dropout(&self) -> Result<(u64, Option<bool>), LlmError> {
        match self.training {
            Training::Pretrained => Ok((0, None)),
            Training::Untrained { seed: 0, .. } => Err(LlmError::Seed { seed: 0 }),
            Training::Untrained { seed, dropout } => Ok((seed, Some(dropout))),
        }
    }
}

/// Facts about a model that tables and metadata need.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// `model_type` of its configuration, such as `gpt2`.
    pub family: &'static str,
    /// Parameters, counted as in the published tables: with the output matrix unless it is tied to the embedding.
    pub n_parameters: u64,
    /// Hidden states: one more than there are blocks.
    pub n_layers: usize,
    /// Width of all hidden states but the last.
    pub n_hidden: usize,
    /// Width of the last hidden state (opt-350m projects it to 512 of 1024).
    pub n_hidden_last: usize,
    /// Positions the model was made for; `None` if there is no limit.
    pub n_positions: Option<usize>,
    /// Number of token ids.
    pub n_vocabulary: usize,
}

impl ModelInfo {
    /// Reads the facts from the `config.json` of a folder; no weight is touched.
    ///
    /// # Errors
    /// [`LlmError`] if there is no such folder, or if its configuration asks for something that is not supported.
    pub fn of_folder(folder: &Path) -> Result<Self, LlmError> {
        let (name, family) = described(folder)?;
        Ok(info(name, &family.layout(), &family.parameters()))
    }

    /// Width of the hidden state `layer`.
    #[must_use]
    pub fn width(&self, layer: usize) -> usize {
        if layer + 1 == self.n_layers {
            self.n_hidden_last
        } else {
            self.n_hidden
        }
    }
}

/// A window of text for a model.
#[derive(Debug, Clone, Copy)]
pub struct WindowInput<'a> {
    /// Token ids.
    pub ids: &'a [i64],
    /// 1 for tokens, 0 for padding, in the same length; `None` means that there is no padding.
    pub attention_mask: Option<&'a [i64]>,
    /// Hidden states are delivered from this position on; the last block is not computed before it.
    pub first_needed: usize,
    /// Tells windows apart for dropout: equal keys get equal masks.
    pub key: u64,
}

impl<'a> WindowInput<'a> {
    /// A window without padding, all positions needed.
    #[must_use]
    pub fn new(ids: &'a [i64]) -> Self {
        Self {
            ids,
            attention_mask: None,
            first_needed: 0,
            key: 0,
        }
    }
}

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
    /// [`LlmError`] if the folder lacks what is needed, the configuration asks for something that is not
    /// supported, tensors are missing or mis-shaped, or a weights file is damaged.
    pub fn load(params: &ModelParams) -> Result<Self, LlmError> {
        let plan = Plan::new(params)?;
        let weights = plan.weights(params)?;
        let blocks = (0..plan.layout.n_blocks)
            .map(|i| plan.family.block(&weights, i))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            stem: plan.family.stem(&weights)?,
            blocks,
            plan,
        })
    }

    /// Facts about the model.
    #[must_use]
    pub fn info(&self) -> &ModelInfo {
        &self.plan.info
    }

    /// Runs one window and hands over each hidden state as soon as it is known, in order.
    ///
    /// `sink` is called with the index of the layer and the states of the positions from
    /// [`first_needed`](WindowInput::first_needed) on, (`n_tokens` - `first_needed`, width). Layer 0 is the
    /// embedding, the last layer is normalised, except as `hidden_states` of the reference has it for Mamba,
    /// where layer 0 is the output of the first block and the last block stands twice.
    ///
    /// # Errors
    /// [`LlmError`] if an id is outside the vocabulary, the window is empty or longer than the model's
    /// positions, the mask is not usable, or `sink` fails.
    pub fn forward(
        &self,
        window: &WindowInput<'_>,
        sink: &mut dyn FnMut(usize, Array2<f32>) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        tch::no_grad(|| self.run(window, sink))
    }

    fn run(
        &self,
        window: &WindowInput<'_>,
        sink: &mut dyn FnMut(usize, Array2<f32>) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        let frame = self.plan.frame(window)?;
        let first_row = frame.first_needed();
        let mut x = self.plan.embed(self.stem.as_ref(), window, &frame)?;
        let mut layer = 0;
        let mut deliver = |x: &Tensor, start: i64| -> Result<(), LlmError> {
            let states = matrix(&x.f_slice(0, start, None, 1)?)?;
            check_finite(&states, layer, window.first_needed)?;
            let delivered = sink(layer, states);
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

/// The files that decide what a model computes, for provenance: the configuration and the weights.
///
/// # Errors
/// [`LlmError`] if a pretrained model has no weights.
pub fn model_files(folder: &Path, training: Training) -> Result<Vec<PathBuf>, LlmError> {
    let mut files = vec![folder.join("config.json")];
    if training == Training::Pretrained {
        files.extend(checkpoint::weight_files(folder)?);
    }
    Ok(files)
}

/// The family that the configuration of a folder asks for, and its name.
pub(crate) fn described(folder: &Path) -> Result<(&'static str, Box<dyn Family>), LlmError> {
    if folder.is_dir() {
        return families::family_of(&ConfigFile::load(folder)?);
    }
    Err(LlmError::NoModelFolder {
        folder: folder.to_path_buf(),
        known: neighbours(folder),
    })
}

/// Keys in the `config.json` of a folder that its family does not know and that say something: a model that needs them is run
/// without. Keys that are known to change a model are refused, not listed.
///
/// # Errors
/// As [`ModelInfo::of_folder`].
pub fn unknown_keys(folder: &Path) -> Result<Vec<String>, LlmError> {
    families::unknown_keys(&ConfigFile::load(folder)?)
}

/// Warns of keys of the configuration that are not known here, once a job.
///
/// # Errors
/// As [`ModelInfo::of_folder`].
pub fn warn_of_unknown_keys(folder: &Path) -> Result<(), LlmError> {
    let keys: Vec<String> = unknown_keys(folder)?
        .iter()
        .map(|key| format!("`{key}`"))
        .collect();
    if !keys.is_empty() {
        tracing::warn!(
            "{}: keys that are not known here and not used: {}; if the model needs them, its hidden states are wrong",
            folder.join("config.json").display(),
            shortened(&keys)
        );
    }
    Ok(())
}

/// The model folders beside one that is not there.
fn neighbours(folder: &Path) -> String {
    let entries = folder.parent().and_then(|parent| parent.read_dir().ok());
    let mut names: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("config.json").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() {
        "none".to_string()
    } else {
        names.join(", ")
    }
}

pub(crate) fn info(family: &'static str, layout: &Layout, parameters: &[Parameter]) -> ModelInfo {
    let n_body_parameters: u64 = parameters.iter().map(Parameter::n_elements).sum();
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    ModelInfo {
        family,
        n_parameters: n_body_parameters + layout.n_head_parameters.unsigned_abs(),
        n_layers: count(layout.n_blocks) + 1,
        n_hidden: count(layout.width),
        n_hidden_last: count(layout.last_width),
        n_positions: layout.n_positions.map(count),
        n_vocabulary: count(layout.n_vocabulary),
    }
}

/// Refuses states with a value that is no number, where they arise. Their first row is that of token `first_token`.
pub(crate) fn check_finite(states: &Array2<f32>, layer: usize, first_token: usize) -> Result<(), LlmError> {
    let found = states.indexed_iter().find(|(_, value)| !value.is_finite());
    match found {
        None => Ok(()),
        Some(((row, _), &value)) => Err(LlmError::NotFinite {
            place: None,
            layer,
            token: first_token + row,
            value,
        }),
    }
}

/// A tensor of two axes as an array of f32.
pub(crate) fn matrix(x: &Tensor) -> Result<Array2<f32>, LlmError> {
    let (rows, columns) = x.size2()?;
    let dim = (
        usize::try_from(rows).unwrap_or(0),
        usize::try_from(columns).unwrap_or(0),
    );
    let values = Vec::<f32>::try_from(x.f_to_kind(Kind::Float)?.f_contiguous()?.f_flatten(0, 1)?)?;
    // libtorch delivered exactly the rows and columns it announced.
    Ok(Array2::from_shape_vec(dim, values).unwrap_or_else(|_| Array2::zeros((0, 0))))
}
