//! Hidden states of causal language models through libtorch, and their means over the words of a story.
//!
//! Subjects listened to a story; language models read the same text. For each layer of a model this crate computes
//! one vector a spoken word, which other crates turn into predictors of brain activity. From the bottom up:
//!
//! 1. **Checkpoints** as hubs publish them: `config.json`, safetensors or `.bin` files, single or sharded, mapped
//!    into memory and converted to f32 tensor by tensor. Pickles are parsed, never executed. What is missing,
//!    mis-shaped or not supported is refused by name.
//! 2. **Families**: GPT-2, OPT, Llama, Mistral, Qwen, Gemma, `OLMo` 2, `StableLM`, GPT-NeoX and Mamba, one file each,
//!    made of shared blocks. Hidden states are those of transformers 4.40 (4.57 for newer families): the residual
//!    stream after each block, the last one normalised.
//! 3. **[`CausalModel`]** runs a window and passes on each layer as soon as it is computed; jobs run several side by side, each in
//!    its own thread. The last block is computed only where it is needed.
//! 4. **Untrained twins** ([`Training::Untrained`]): weights that equal torch's for the same seed to the bit.
//! 5. **Streaming** ([`ModelParams::stream_layers`]): one block in memory at a time, all windows through it, for models
//!    larger than memory. The results are bitwise the same, and a killed run can be resumed.
//! 6. **[`Extraction`]** writes one vector per word and layer, **[`HiddenStates`]** all hidden states of given token ids.
//! 7. **[`Scoring`]** gives log-probabilities of tokens through the output matrix, **[`TokenScores`]** those of given ids,
//!    **[`Generation`]** draws texts from them.
//!
//! ```no_run
//! use lpp_llm::{CausalModel, ModelParams, WindowInput};
//!
//! # fn main() -> Result<(), lpp_llm::LlmError> {
//! let model = CausalModel::load(&ModelParams::new("models/gpt2"))?;
//! let ids = [15496, 995]; // "Hello world"
//! let mut norms = Vec::new();
//! model.forward(&WindowInput::new(&ids), &mut |_layer, states| {
//!     norms.push(states.mapv(|x| x * x).sum().sqrt());
//!     Ok(())
//! })?;
//! assert_eq!(norms.len(), model.info().n_layers);
//! # Ok(())
//! # }
//! ```
//!
//! Tensors of libtorch do not leave the crate; arrays do. Results are equal from run to run at a fixed number of
//! threads, and with [`ModelParams::equal_bits`] for any number.

#![allow(
    clippy::many_single_char_names,
    reason = "q, k, v, x and the letters of the papers say more than long names in formulas"
)]

mod blocks;
mod causal_model;
mod checkpoint;
mod config;
mod drawn_size;
mod dropout;
mod error;
mod extract;
mod families;
mod fixed;
mod generate;
mod head;
mod head_layout;
mod hidden_states;
mod input_arrays;
mod model;
mod parameter;
mod plan;
mod scan;
mod score;
mod stream;
mod tensor_file;
mod untrained;
mod weights;
mod word_vectors;
mod workers;

pub use causal_model::CausalModel;
pub use error::LlmError;
pub use extract::{Extraction, UNLIMITED_WINDOW};
pub use generate::{Continuation, Generation, Sampling};
pub use hidden_states::HiddenStates;
pub use model::{
    ComputeDevice, ModelInfo, ModelParams, Precision, Training, WindowInput, model_files, unknown_keys,
    warn_of_unknown_keys,
};
pub use score::{BATCH_TOKENS, RowScores, Scoring, TextScores, TextScoring, TokenScores};
pub use stream::{Identity, Leftover};
