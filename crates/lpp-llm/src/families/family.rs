//! A model family: sizes, embedding, final norm and blocks.

use tch::Tensor;

use crate::blocks::pass::Pass;
use crate::blocks::rotary::RotaryParams;
use crate::checkpoint::Naming;
use crate::error::LlmError;
use crate::head_layout::HeadLayout;
use crate::parameter::Parameter;
use crate::weights::Weights;

/// The sizes of a model that concern its user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Layout {
    /// Number of blocks; there is one more hidden state.
    pub(crate) n_blocks: i64,
    /// Width of the residual stream.
    pub(crate) width: i64,
    /// Width of the last hidden state.
    pub(crate) last_width: i64,
    /// Positions the model was made for; `None` if it has no limit.
    pub(crate) n_positions: Option<i64>,
    /// Rows of the token embedding.
    pub(crate) n_vocabulary: i64,
    /// The output matrix, which only log-probabilities need.
    pub(crate) head: HeadLayout,
    /// What the first hidden state is.
    pub(crate) first_state: FirstState,
    /// How all blocks see positions, unless [`Family::view`] overrides it.
    pub(crate) view: View,
}

/// How a block sees positions. Most models have one view; in some, local and global blocks alternate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// Rotation of queries and keys.
    pub(crate) rotary: Option<RotaryParams>,
    /// Number of earlier keys that a query sees, where a sliding window limits them.
    pub(crate) reach: Option<i64>,
}

/// The content of index 0 of the hidden states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstState {
    /// The embedding; then block outputs follow, and the last one is normalised.
    Embedding,
    /// The output of the first block; the last block appears twice, as it is and normalised (Mamba).
    FirstBlock,
}

/// A family with the sizes of one configuration.
pub(crate) trait Family: std::fmt::Debug + Send + Sync {
    /// Sizes.
    fn layout(&self) -> Layout;

    /// How block `block` sees positions.
    fn view(&self, _block: i64) -> View {
        self.layout().view
    }

    /// How checkpoints name tensors.
    fn naming(&self) -> Naming;

    /// All parameters, in the definition order of the reference (see [`crate::untrained`]).
    fn parameters(&self) -> Vec<Parameter>;

    /// Loads the embedding and the final norm.
    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError>;

    /// Loads one block.
    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError>;
}

/// What comes before and after the blocks.
pub(crate) trait Stem: std::fmt::Debug + Send + Sync {
    /// The input of the first block, (`n_tokens`, `width`), for token ids and attention mask (both `n_tokens`).
    fn embed(&self, ids: &Tensor, mask: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError>;

    /// The last hidden state from the output of the last block.
    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError>;
}

/// One block of the residual stream.
pub(crate) trait Block: std::fmt::Debug + Send + Sync {
    /// (`n_tokens`, `width`) to (`n_tokens` - `pass.first_row`, `width`).
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError>;
}
