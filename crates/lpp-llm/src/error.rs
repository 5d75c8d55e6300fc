//! What can go wrong between a checkpoint folder and the hidden states.

use lpp_files::{FileError, MOST_QUOTED, quote, shortened};
use std::path::{Path, PathBuf};

/// Every error of this crate.
///
/// Messages name the file, what was found and what was expected, on one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// There is no folder with the requested model.
    #[error("{}: no such model folder (known here: {known}); download the model there or give a folder with --model-dir", folder.display())]
    NoModelFolder {
        /// The folder that was looked at.
        folder: PathBuf,
        /// The models in the same folder, or "none".
        known: String,
    },
    /// A model folder lacks `config.json`.
    #[error("{}: not found; a model folder needs a config.json", path.display())]
    NoConfig {
        /// The file that was looked for.
        path: PathBuf,
    },
    /// A JSON file is not valid JSON.
    #[error("{}: not valid JSON: {}", path.display(), shortened(&reason.to_string(), MOST_OF_PROBLEM))]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser reports. The message shortens it, because it can quote the whole file; for the same reason it is
        /// not an error source.
        reason: serde_json::Error,
    },
    /// A key of `config.json` has an invalid value.
    #[error("{}: `{key}` is {}, expected {expected}", path.display(), quote(found))]
    ConfigValue {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The value, as JSON.
        found: String,
        /// What is accepted.
        expected: String,
    },
    /// A model family that is not implemented.
    #[error("{}: model_type `{}` is not supported (supported: {supported})", path.display(), quote(model_type))]
    UnknownFamily {
        /// The `config.json`.
        path: PathBuf,
        /// The `model_type` found there.
        model_type: String,
        /// The families that are implemented.
        supported: String,
    },
    /// A folder without weights.
    #[error("{}: no weights (looked for {looked_for}); with --seed an untrained model needs only config.json", folder.display())]
    NoWeights {
        /// The folder.
        folder: PathBuf,
        /// The file names that would have served.
        looked_for: String,
    },
    /// A weights file is truncated, corrupt, or of a kind that is not read.
    #[error("{}: {}", path.display(), shortened(problem, MOST_OF_PROBLEM))]
    Weights {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected. The message shortens it to 600 characters.
        problem: String,
    },
    /// Tensors that the model needs are not in the checkpoint.
    #[error("{}: {} tensors are missing: {}{}", folder.display(), names.len(), first_of(names), found_instead(found))]
    MissingTensors {
        /// The checkpoint folder.
        folder: PathBuf,
        /// Their names, without the base prefix.
        names: Vec<String>,
        /// Tensors in the file that the model does not use.
        found: Vec<String>,
    },
    /// A hidden state is NaN or infinite.
    #[error("{}hidden state of layer {layer}, token {token}: found {value}, expected finite numbers; {}", place.as_deref().unwrap_or_default(), WHY_NOT_FINITE)]
    NotFinite {
        /// Where it arose in the input, such as the run and the word.
        place: Option<String>,
        /// The layer; 0 is the embedding.
        layer: usize,
        /// The token in its window, from 0.
        token: usize,
        /// The first such value.
        value: f32,
    },
    /// Tensors of the checkpoint whose shape contradicts `config.json`.
    #[error("{}: {} tensors have a wrong shape: {}", folder.display(), problems.len(), first_of(problems))]
    MisshapenTensors {
        /// The checkpoint folder.
        folder: PathBuf,
        /// One entry a tensor: name, shape found, shape expected.
        problems: Vec<String>,
    },
    /// A seed that cannot be handed to the generator.
    #[error("invalid seed {seed}: a seed is 1 or more (0 means pretrained weights)")]
    Seed {
        /// The requested seed.
        seed: u64,
    },
    /// The weights of an untrained model do not fit into memory.
    #[error("{}: found a model of {n_parameters} parameters, whose untrained weights take {needed}, expected at most the {available} of memory that are available; {advice}", path.display())]
    UntrainedTooLarge {
        /// The `config.json`.
        path: PathBuf,
        /// Number of parameters that it describes.
        n_parameters: u64,
        /// The memory that the weights take which are drawn together: all, or those of the largest block.
        needed: String,
        /// The memory that the machine has.
        available: String,
        /// What to do.
        advice: &'static str,
    },
    /// A window has no tokens.
    #[error("the window has no tokens")]
    EmptyWindow,
    /// A window is longer than the model's positions.
    #[error("{n_tokens} tokens in a window, but the model has only {n_positions} positions")]
    TooManyTokens {
        /// Length of the window.
        n_tokens: usize,
        /// `max_position_embeddings` of the model.
        n_positions: usize,
    },
    /// A token id outside the vocabulary.
    #[error(
        "token id {id} at position {position} is outside the vocabulary of {n_vocabulary} (vocab_size in config.json); is the tokenizer.json that of the model?"
    )]
    TokenId {
        /// The id.
        id: i64,
        /// Its position in the window.
        position: usize,
        /// Size of the vocabulary.
        n_vocabulary: usize,
    },
    /// An attention mask that is not usable.
    #[error("attention mask: {}, expected {expected}", quote(found))]
    AttentionMask {
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// An input array of the `hidden-states` command is not usable.
    #[error("{}: {}, expected {expected}", path.display(), quote(found))]
    InputArray {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// One row of an input array is refused by the model.
    #[error("{}: row {row}", path.display())]
    InputRow {
        /// The file of token ids.
        path: PathBuf,
        /// The row, counted from 0.
        row: usize,
        /// The reason.
        #[source]
        source: Box<LlmError>,
    },
    /// A text of the input is refused by the model.
    #[error("{place}")]
    InText {
        /// Which text: its file, its number.
        place: String,
        /// The reason.
        #[source]
        source: Box<LlmError>,
    },
    /// The folder of a streamed run cannot be used.
    #[error("{}: {problem}; if no such run is active, delete the folder", path.display())]
    PartialWork {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
    /// The requested CUDA device does not exist.
    #[error("device cuda:{index}: libtorch sees {n_devices} CUDA devices, expected at least {}; docs/gpu.md says how to use one", index + 1)]
    NoSuchDevice {
        /// Its number, from 0.
        index: usize,
        /// How many there are.
        n_devices: usize,
    },
    /// A file of the study could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Text, tokenizer or annotation are not usable.
    #[error(transparent)]
    Text(#[from] lpp_text::TextError),
    /// libtorch refused an operation, for instance because memory ran out.
    #[error("libtorch: {}", first_line(exception))]
    Torch {
        /// The exception with its C++ stack. The message has its first line. It is not an error source, because programs
        /// would print the stack.
        exception: tch::TchError,
    },
}

impl From<tch::TchError> for LlmError {
    fn from(exception: tch::TchError) -> Self {
        Self::Torch { exception }
    }
}

impl LlmError {
    /// The same error of a text that `place` names.
    pub(crate) fn of(self, place: String) -> Self {
        Self::InText {
            place,
            source: Box::new(self),
        }
    }

    /// A read error of `path`, ready for `map_err`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let error = FileError::read(path);
        move |source| error(source).into()
    }

    /// A write error of `path`, ready for `map_err`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let error = FileError::write(path);
        move |source| error(source).into()
    }

    /// A defect of a weights file.
    pub(crate) fn weights(path: &Path, problem: impl Into<String>) -> Self {
        Self::Weights {
            path: path.to_path_buf(),
            problem: problem.into(),
        }
    }

    /// The same error with the position of a NaN, if it is an error about NaN.
    pub(crate) fn at(self, where_it_arose: impl FnOnce(usize) -> String) -> Self {
        match self {
            Self::NotFinite {
                place: None,
                layer,
                token,
                value,
            } => Self::NotFinite {
                place: Some(where_it_arose(token)),
                layer,
                token,
                value,
            },
            other => other,
        }
    }
}

/// Longest description of a problem, in characters. It can contain two tensor names, and a name can be as long as its file.
const MOST_OF_PROBLEM: usize = 3 * MOST_QUOTED;

/// Likely causes of NaN or infinite values.
const WHY_NOT_FINITE: &str =
    "weights or settings of the model are damaged, or its numbers are too large for --dtype";

/// The tensors of a checkpoint that may correspond to missing ones.
fn found_instead(found: &[String]) -> String {
    if found.is_empty() {
        String::new()
    } else {
        format!(
            " (it has {}, which the model does not use; is model_type right?)",
            first_of(found)
        )
    }
}

/// The first entries of a list that may have hundreds.
pub(crate) fn first_of(names: &[String]) -> String {
    const SHOWN: usize = 4;
    const MOST_OF_NAME: usize = 60;
    let head: Vec<_> = names
        .iter()
        .take(SHOWN)
        .map(|name| shortened(name, MOST_OF_NAME))
        .collect();
    let head = head.join(", ");
    if names.len() > SHOWN {
        format!("{head}, … and {} more", names.len() - SHOWN)
    } else {
        head
    }
}

/// libtorch's messages carry a C++ stack after the first line.
fn first_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or("unknown error");
    line.to_string()
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use tch::{Device, Kind, Tensor};

    use super::*;

    #[test]
    fn the_stack_of_libtorch_is_neither_in_the_message_nor_a_cause() {
        let square = Tensor::zeros([2, 2], (Kind::Float, Device::Cpu));
        let exception = square.f_matmul(&Tensor::zeros([3, 3], (Kind::Float, Device::Cpu)));
        let exception = exception.unwrap_err();
        assert!(
            exception.to_string().lines().count() > 1,
            "libtorch gives no stack"
        );
        let refusal = LlmError::from(exception);
        assert_eq!(refusal.to_string().lines().count(), 1, "{refusal}");
        assert!(refusal.source().is_none());
    }
}
