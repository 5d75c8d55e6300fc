//! Hidden states of causal language models through libtorch.

mod blocks;
mod checkpoint;
mod config;
mod dropout;
mod error;
mod extract;
mod families;
mod hidden_states;
mod model;
mod parameter;
mod scan;
mod untrained;
mod weights;

pub use error::LlmError;
pub use extract::{ExtractJob, ExtractReport};
pub use hidden_states::HiddenStatesJob;
pub use model::{
    CausalModel, ComputeDevice, ModelInfo, ModelParams, Precision, Training, WindowInput, model_files,
};
