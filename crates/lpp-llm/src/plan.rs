//! A model without its weights: family, sizes, and the inputs of its blocks for a window.

use tch::{Device, Kind, Tensor};

use crate::blocks::memory::Memory;
use crate::blocks::pass::Pass;
use crate::blocks::rotary::RotaryTable;
use crate::blocks::visibility::Visibility;
use crate::checkpoint::Checkpoint;
use crate::drawn_size;
use crate::dropout::Dropout;
use crate::error::LlmError;
use crate::families::{Family, Layout, Stem, View};
use crate::model::{ModelInfo, ModelParams, Training, WindowInput, described, info};
use crate::untrained::{self, DrawnSequence};
use crate::weights::{Source, Weights};
use crate::workers::Workers;

/// Everything about a model that does not depend on its weights.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) family: Box<dyn Family>,
    pub(crate) layout: Layout,
    pub(crate) info: ModelInfo,
    pub(crate) kind: Kind,
    pub(crate) device: Device,
    /// The views that occur, and which of them each block has.
    views: Vec<View>,
    view_of_block: Vec<usize>,
    /// Seed of the dropout masks, if dropout is active.
    dropout_seed: Option<u64>,
}

impl Plan {
    /// Reads the configuration; also sets the threads of libtorch.
    pub(crate) fn new(params: &ModelParams) -> Result<Self, LlmError> {
        if let Some(n) = params.n_threads {
            tch::set_num_threads(i32::try_from(n).unwrap_or(i32::MAX).max(1));
        }
        let (name, family) = described(&params.folder)?;
        let layout = family.layout();
        let mut views = Vec::new();
        let mut view_of_block = Vec::new();
        for block in 0..layout.n_blocks {
            let view = family.view(block);
            let known = views.iter().position(|v| *v == view);
            view_of_block.push(known.unwrap_or(views.len()));
            if known.is_none() {
                views.push(view);
            }
        }
        Ok(Self {
            info: info(name, &layout, &family.parameters()),
            family,
            layout,
            kind: params.precision.kind(),
            device: params.device.torch()?,
            views,
            view_of_block,
            dropout_seed: match params.training {
                Training::Untrained { seed, dropout: true } => Some(seed),
                _ => None,
            },
        })
    }

    /// All weights of the model: tensors of the checkpoint are read when requested, random ones are drawn now.
    pub(crate) fn weights(&self, params: &ModelParams) -> Result<Weights, LlmError> {
        let parameters = self.family.parameters();
        Ok(self.weights_from(match params.training {
            Training::Pretrained => self.checkpoint(params)?,
            Training::Untrained { seed, .. } => {
                drawn_size::check_whole(&params.folder, &parameters)?;
                Source::Drawn(untrained::draw(&parameters, seed)?)
            }
        }))
    }

    /// Weights that are requested block by block. Only the rows of `ids`, sorted, of the token embedding are kept.
    pub(crate) fn weights_in_order(&self, params: &ModelParams, ids: Vec<i64>) -> Result<Weights, LlmError> {
        let source = match params.training {
            Training::Pretrained => self.checkpoint(params)?,
            Training::Untrained { seed, .. } => {
                let parameters = self.family.parameters();
                drawn_size::check_block_by_block(&params.folder, &parameters)?;
                let sequence = DrawnSequence::new(parameters, seed)?;
                Source::DrawnInOrder(sequence.into())
            }
        };
        Ok(Weights {
            rows: Some(ids),
            ..self.weights_from(source)
        })
    }

    fn checkpoint(&self, params: &ModelParams) -> Result<Source, LlmError> {
        let parameters = self.family.parameters();
        let opened = Checkpoint::open(&params.folder, &self.family.naming(), &parameters)?;
        Ok(Source::Checkpoint(opened))
    }

    fn weights_from(&self, source: Source) -> Weights {
        Weights {
            source,
            kind: self.kind,
            device: self.device,
            rows: None,
        }
    }

    /// How the threads are divided among windows.
    pub(crate) fn workers(&self, params: &ModelParams, windows: &[WindowInput<'_>]) -> Workers {
        // The states of a window, four times as many in the inner layer, twice, and the scores of some heads.
        let bytes = |window: &WindowInput<'_>| {
            size_of::<f32>() * window.ids.len() * (12 * self.info.n_hidden + 4 * window.n_tokens())
        };
        let most = windows.iter().map(bytes).max().unwrap_or(0);
        Workers::new(params, self.device, windows.len(), most)
    }

    /// Checks that a window fits the model.
    pub(crate) fn check(&self, window: &WindowInput<'_>) -> Result<(), LlmError> {
        checked_mask(&self.info, window, 0).map(drop)
    }

    /// The inputs of the blocks for a window, which continues the tokens in the memory, if there is one; its ids and sizes are checked.
    pub(crate) fn frame<'a>(
        &'a self,
        window: &WindowInput<'_>,
        memory: Option<&'a Memory>,
    ) -> Result<WindowFrame<'a>, LlmError> {
        let n_past = memory.map_or(0, |memory| memory.n_tokens);
        let past = usize::try_from(n_past).unwrap_or(0);
        let mask = checked_mask(&self.info, window, past)?;
        let with_past = [vec![1; past], mask.clone()].concat();
        let n_tokens = i64::try_from(with_past.len()).unwrap_or(i64::MAX);
        let seen = |view: &View| -> Result<Seen, LlmError> {
            Ok(Seen {
                visibility: Visibility::new(&with_past, view.reach, self.device)?,
                rotary: match view.rotary {
                    Some(params) => Some(RotaryTable::new(params, n_tokens, self.kind, self.device)?),
                    None => None,
                },
            })
        };
        Ok(WindowFrame {
            plan: self,
            seen: self.views.iter().map(seen).collect::<Result<_, _>>()?,
            mask,
            first_needed: i64::try_from(window.first_needed).unwrap_or(i64::MAX),
            key: window.key,
            memory,
        })
    }

    /// The input of the first block, (`n_tokens`, width).
    pub(crate) fn embed(
        &self,
        stem: &dyn Stem,
        window: &WindowInput<'_>,
        frame: &WindowFrame<'_>,
    ) -> Result<Tensor, LlmError> {
        let on_device = |x: &[i64]| -> Result<Tensor, LlmError> {
            Ok(Tensor::f_from_slice(x)?.f_to_device(self.device)?)
        };
        stem.embed(
            &window.by_rows(on_device(window.ids)?)?,
            &on_device(&frame.mask)?,
            &frame.pass(0, 0),
        )
    }
}

/// A window under one view.
#[derive(Debug)]
struct Seen {
    visibility: Visibility,
    rotary: Option<RotaryTable>,
}

/// The inputs of the blocks of a model for one window.
#[derive(Debug)]
pub(crate) struct WindowFrame<'a> {
    plan: &'a Plan,
    seen: Vec<Seen>,
    mask: Vec<i64>,
    first_needed: i64,
    key: u64,
    memory: Option<&'a Memory>,
}

impl WindowFrame<'_> {
    /// First position whose hidden states are needed.
    pub(crate) fn first_needed(&self) -> i64 {
        self.first_needed
    }

    /// The input of block `block`, if its output is needed from `first_row` on.
    pub(crate) fn pass(&self, block: usize, first_row: i64) -> Pass<'_> {
        let view = self.plan.view_of_block.get(block).copied().unwrap_or(0);
        let seen = &self.seen[view];
        Pass {
            visibility: &seen.visibility,
            rotary: seen.rotary.as_ref(),
            dropout: self.plan.dropout_seed.map(|seed| Dropout {
                seed,
                window: self.key,
                block: block as u64,
            }),
            first_row,
            n_past: self.memory.map_or(0, |memory| memory.n_tokens),
            memory: self.memory.and_then(|memory| memory.block(block)),
        }
    }
}

/// The tokens of some windows, each once, ascending.
pub(crate) fn ids_that_occur(windows: &[WindowInput<'_>]) -> Vec<i64> {
    let mut ids: Vec<i64> = windows
        .iter()
        .flat_map(|window| window.ids.iter().copied())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The attention mask of a window whose ids and sizes fit the model after `n_past` tokens.
fn checked_mask(info: &ModelInfo, window: &WindowInput<'_>, n_past: usize) -> Result<Vec<i64>, LlmError> {
    let n_tokens = window.n_tokens();
    if window.first_needed >= n_tokens || n_tokens * window.n_rows != window.ids.len() {
        return Err(LlmError::EmptyWindow);
    }
    if let Some(n_positions) = info.n_positions.filter(|&n| n_past + n_tokens > n) {
        return Err(LlmError::TooManyTokens {
            n_tokens: n_past + n_tokens,
            n_positions,
        });
    }
    let n_vocabulary = info.n_vocabulary;
    let is_outside = |&(_, &id): &(usize, &i64)| usize::try_from(id).map_or(true, |id| id >= n_vocabulary);
    if let Some((place, &id)) = window.ids.iter().enumerate().find(is_outside) {
        return Err(LlmError::TokenId {
            id,
            position: place % n_tokens,
            n_vocabulary,
        });
    }
    let Some(mask) = window.attention_mask else {
        return Ok(vec![1; n_tokens]);
    };
    let refuse = |found: String, expected: &str| LlmError::AttentionMask {
        found,
        expected: expected.to_string(),
    };
    if mask.len() != n_tokens {
        return Err(refuse(
            format!("{} values for {n_tokens} tokens", mask.len()),
            "one value a token",
        ));
    }
    if let Some(value) = mask.iter().find(|&&m| m != 0 && m != 1) {
        return Err(refuse(format!("the value {value}"), "0 or 1"));
    }
    if mask.first() != Some(&1) {
        return Err(refuse(
            "padding at the first position".to_string(),
            "padding on the right",
        ));
    }
    Ok(mask.to_vec())
}
