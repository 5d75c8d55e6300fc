//! What blocks keep of the tokens so far, so that a text can be continued token by token.

use std::cell::RefCell;

use tch::Tensor;

use crate::error::LlmError;

/// What all blocks keep of the tokens so far.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Tokens so far.
    pub(crate) n_tokens: i64,
    blocks: Vec<BlockMemory>,
}

/// What one block keeps: keys and values of its attention, or the inputs and states of Mamba's recurrence.
#[derive(Debug, Default)]
pub(crate) struct BlockMemory(RefCell<Option<[Tensor; 2]>>);

impl Memory {
    /// The memory of a model with `n_blocks` blocks before the first token.
    pub(crate) fn new(n_blocks: usize) -> Self {
        Self {
            n_tokens: 0,
            blocks: (0..n_blocks).map(|_| BlockMemory::default()).collect(),
        }
    }

    /// The memory of one block.
    pub(crate) fn block(&self, index: usize) -> Option<&BlockMemory> {
        self.blocks.get(index)
    }

    /// The memory of one row of tokens as that of `n_rows` equal rows.
    pub(crate) fn repeated(&self, n_rows: i64) -> Result<Self, LlmError> {
        let copy = |kept: &Tensor| -> Result<Tensor, LlmError> {
            let mut times = vec![1; kept.dim() + 1];
            times[0] = n_rows;
            Ok(kept.f_unsqueeze(0)?.f_repeat(&times[..])?)
        };
        let of_block = |block: &BlockMemory| -> Result<BlockMemory, LlmError> {
            let copies = match &*block.0.borrow() {
                Some([first, second]) => Some([copy(first)?, copy(second)?]),
                None => None,
            };
            Ok(BlockMemory(RefCell::new(copies)))
        };
        Ok(Self {
            n_tokens: self.n_tokens,
            blocks: self.blocks.iter().map(of_block).collect::<Result<_, _>>()?,
        })
    }
}

impl BlockMemory {
    /// What was kept, if there were tokens before; to be replaced by [`keep`](Self::keep).
    pub(crate) fn take(&self) -> Option<[Tensor; 2]> {
        self.0.take()
    }

    /// Keeps this for the next tokens.
    pub(crate) fn keep(&self, kept: [Tensor; 2]) {
        self.0.replace(Some(kept));
    }

    /// Keys and values of all tokens, (…, `n_tokens`, `width`), from those of the new ones; they are kept.
    pub(crate) fn extended(&self, k: &Tensor, v: &Tensor) -> Result<[Tensor; 2], LlmError> {
        let [k, v] = match self.take() {
            Some([old_k, old_v]) => [Tensor::f_cat(&[&old_k, k], -2)?, Tensor::f_cat(&[&old_v, v], -2)?],
            None => [k.shallow_clone(), v.shallow_clone()],
        };
        self.keep([k.shallow_clone(), v.shallow_clone()]);
        Ok([k, v])
    }
}
