//! The choice of a model, how it is run, and the information in its configuration.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use tch::{Device, Kind, Tensor};

use crate::checkpoint;
use crate::config::ConfigFile;
use crate::error::{LlmError, first_of};
use crate::families::{self, Family, Layout};
use crate::parameter::{Parameter, n_elements};

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
    /// The device for libtorch, if it exists.
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
    /// Threads of libtorch, a setting of the whole process; `None` keeps the current value.
    pub n_threads: Option<usize>,
    /// Whether jobs keep only one block of weights in memory: every window passes through a block before the next block
    /// is read. The result is the same, bitwise for a fixed number of threads.
    ///
    /// A killed job resumes after the last finished block. [`crate::CausalModel`] itself always keeps all blocks in
    /// memory.
    pub stream_layers: bool,
    /// Whether the results have the same bits for any number of threads. Each window then goes through the model in one thread,
    /// which takes longer if there are fewer windows than threads.
    pub equal_bits: bool,
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
            equal_bits: false,
        }
    }

    /// The untrained control with this seed, with dropout active as in the reference.
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
    /// [`LlmError::Seed`] for an untrained model with the seed 0, which means trained weights.
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
    /// Number of hidden states: one more than the number of blocks.
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
    /// [`LlmError`] if there is no such folder, or if its configuration requests something that is not supported.
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

/// A window of text for a model, or several of equal length that go through it together without seeing each other.
#[derive(Debug, Clone, Copy)]
pub struct WindowInput<'a> {
    /// Token ids, row after row.
    pub ids: &'a [i64],
    /// Number of rows, 1 for a single window. States are delivered row after row, too.
    pub n_rows: usize,
    /// 1 for tokens, 0 for padding, in the length of a row; `None` means that there is no padding.
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
            n_rows: 1,
            attention_mask: None,
            first_needed: 0,
            key: 0,
        }
    }

    /// Tokens of a row.
    #[must_use]
    pub fn n_tokens(&self) -> usize {
        self.ids.len() / self.n_rows.max(1)
    }

    /// States of all positions of all rows, (`n_rows` x `n_tokens`, `width`), with an axis of rows if there are several.
    pub(crate) fn by_rows(&self, x: Tensor) -> Result<Tensor, LlmError> {
        if self.n_rows == 1 {
            return Ok(x);
        }
        let n_tokens = i64::try_from(self.n_tokens()).unwrap_or(i64::MAX);
        Ok(x.f_unflatten(0, &[-1, n_tokens][..])?)
    }
}

/// The files that determine the hidden states, for provenance: the configuration and the weights.
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

/// The family in the configuration of a folder, and its name.
pub(crate) fn described(folder: &Path) -> Result<(&'static str, Box<dyn Family>), LlmError> {
    if folder.is_dir() {
        return families::family_of(&ConfigFile::load(folder)?);
    }
    Err(LlmError::NoModelFolder {
        folder: folder.to_path_buf(),
        known: neighbours(folder),
    })
}

/// Unknown, non-empty keys in the `config.json` of a folder. They are ignored, even if the model needs them. Keys that
/// are known to change a model are refused, not listed.
///
/// # Errors
/// As [`ModelInfo::of_folder`].
pub fn unknown_keys(folder: &Path) -> Result<Vec<String>, LlmError> {
    families::unknown_keys(&ConfigFile::load(folder)?)
}

/// Warns of unknown keys of the configuration, once per job.
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
            "{}: unknown keys, which are not used: {}; if the model needs them, its hidden states are wrong",
            folder.join("config.json").display(),
            first_of(&keys)
        );
    }
    Ok(())
}

/// The model folders next to a missing one.
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
    let n_body_parameters = n_elements(parameters);
    let n_head_parameters = if layout.head.is_tied {
        0
    } else {
        layout.n_vocabulary * layout.last_width
    };
    let count = |n: i64| usize::try_from(n).unwrap_or(0);
    ModelInfo {
        family,
        n_parameters: n_body_parameters.saturating_add(n_head_parameters.unsigned_abs()),
        n_layers: count(layout.n_blocks) + 1,
        n_hidden: count(layout.width),
        n_hidden_last: count(layout.last_width),
        n_positions: layout.n_positions.map(count),
        n_vocabulary: count(layout.n_vocabulary),
    }
}
