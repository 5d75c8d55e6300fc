//! The model families: one file each, tensors named as in the checkpoint.
//!
//! A family reads its `config.json`, lists its parameters in the reference's order, and builds two kinds of
//! parts: the stem (what comes before and after the blocks) and the blocks. The model that drives them is
//! [`crate::CausalModel`], and knows no family.

mod decoder;
mod gemma;
mod gemma2;
mod gemma3;
mod gpt2;
mod gpt_neox;
mod keys;
mod llama;
mod mamba;
mod mistral;
mod olmo2;
mod opt;
mod qwen2;
mod qwen3;
mod rope;
mod stablelm;

use tch::Tensor;

use crate::blocks::Pass;
use crate::blocks::rotary::RotaryParams;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::parameter::Parameter;
use crate::weights::Weights;

/// Reads the configuration of a family.
type Builder = fn(&ConfigFile) -> Result<Box<dyn Family>, LlmError>;

/// The families, by the `model_type` of their configurations.
const FAMILIES: [(&str, Builder); 13] = [
    ("gemma", gemma::family),
    ("gemma2", gemma2::family),
    ("gemma3_text", gemma3::family),
    ("gpt2", gpt2::family),
    ("gpt_neox", gpt_neox::family),
    ("llama", llama::family),
    ("mamba", mamba::family),
    ("mistral", mistral::family),
    ("olmo2", olmo2::family),
    ("opt", opt::family),
    ("qwen2", qwen2::family),
    ("qwen3", qwen3::family),
    ("stablelm", stablelm::family),
];

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
    /// Elements of an output matrix of its own (0 if it is tied to the embedding); counted, never loaded.
    pub(crate) n_head_parameters: i64,
    /// What the first hidden state is.
    pub(crate) first_state: FirstState,
    /// How all blocks see positions, unless [`Family::view`] says otherwise.
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

/// What stands at index 0 of the hidden states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstState {
    /// The embedding; then block outputs follow, and the last one is normalised.
    Embedding,
    /// The output of the first block; the last block appears twice, as it is and normalised (Mamba).
    FirstBlock,
}

/// How the checkpoints of a family name their tensors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming {
    /// Prefix of the base model, present or absent.
    pub(crate) prefix: &'static str,
    /// Ends of names that are no parameters: mask buffers, rotary tables, output matrices.
    pub(crate) ignored: &'static [&'static str],
    /// Other spellings: (found, wanted).
    pub(crate) synonyms: &'static [(&'static str, &'static str)],
}

impl Naming {
    /// The name without prefix and in the usual spelling.
    pub(crate) fn canonical<'a>(&self, name: &'a str) -> &'a str {
        let name = name.strip_prefix(self.prefix).unwrap_or(name);
        self.synonyms
            .iter()
            .find(|(found, _)| *found == name)
            .map_or(name, |(_, wanted)| wanted)
    }

    /// Whether a tensor is known to be of no use here.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        ["lm_head.weight", "embed_out.weight"].contains(&name)
            || self.ignored.iter().any(|end| name.ends_with(end))
    }
}

/// A family with the sizes of one configuration.
pub(crate) trait Family: std::fmt::Debug + Send {
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

    /// Loads what comes before and after the blocks.
    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError>;

    /// Loads one block.
    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError>;
}

/// What comes before and after the blocks.
pub(crate) trait Stem: std::fmt::Debug + Send {
    /// The input of the first block, (`n_tokens`, `width`), for token ids and attention mask (both `n_tokens`).
    fn embed(&self, ids: &Tensor, mask: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError>;

    /// The last hidden state from the output of the last block.
    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError>;
}

/// One block of the residual stream.
pub(crate) trait Block: std::fmt::Debug + Send {
    /// (`n_tokens`, `width`) to (`n_tokens` - `pass.first_row`, `width`).
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError>;
}

/// The `model_type`s that can be run.
pub(crate) fn supported() -> String {
    FAMILIES.map(|(name, _)| name).join(", ")
}

/// The family and name that a configuration asks for.
pub(crate) fn family_of(config: &ConfigFile) -> Result<(&'static str, Box<dyn Family>), LlmError> {
    let model_type = config.text_or("model_type", "")?;
    // The first release of stablelm-3b-4e1t carried its own code under this name.
    let model_type = if model_type == "stablelm_epoch" {
        "stablelm"
    } else {
        model_type
    };
    match FAMILIES.iter().find(|(name, _)| *name == model_type) {
        Some((name, build)) => {
            keys::refuse_foreign(config)?;
            Ok((name, build(config)?))
        }
        None => Err(LlmError::UnknownFamily {
            path: config.path().to_path_buf(),
            model_type: model_type.to_string(),
            supported: supported(),
        }),
    }
}

/// Keys of a configuration that the family does not know.
///
/// # Errors
/// As [`family_of`].
pub(crate) fn unknown_keys(config: &ConfigFile) -> Result<Vec<String>, LlmError> {
    family_of(config)?;
    Ok(keys::unknown(config))
}

/// Elements of the output matrix, unless it is tied to the embedding.
pub(crate) fn head_parameters(is_tied: bool, [n_vocabulary, width]: [i64; 2]) -> i64 {
    if is_tied { 0 } else { n_vocabulary * width }
}

/// Width of a head, refusing heads that do not divide the model's width.
pub(crate) fn head_width(config: &ConfigFile, key: &str, width: i64, n_heads: i64) -> Result<i64, LlmError> {
    if width % n_heads == 0 {
        Ok(width / n_heads)
    } else {
        Err(config.refuse(key, format!("a divisor of the width {width}")))
    }
}

/// Width of a head under `head_dim`, or its share of the model's width.
pub(crate) fn own_head_width(config: &ConfigFile, width: i64, n_heads: i64) -> Result<i64, LlmError> {
    match config.optional_size("head_dim")? {
        Some(width) => Ok(width),
        None => head_width(config, "num_attention_heads", width, n_heads),
    }
}

/// Number of key-value heads, which divides the number of heads. `null` means as many; a file without the key means the
/// family's default.
pub(crate) fn kv_heads(config: &ConfigFile, default: i64, n_heads: i64) -> Result<i64, LlmError> {
    let default = if config.is_null("num_key_value_heads") {
        n_heads
    } else {
        default
    };
    let n = config.size_or("num_key_value_heads", default)?;
    if n_heads % n == 0 {
        Ok(n)
    } else {
        Err(config.refuse("num_key_value_heads", format!("a divisor of the {n_heads} heads")))
    }
}

/// Which blocks are local by `layer_types`; nothing if the configuration has no such list.
pub(crate) fn local_blocks(config: &ConfigFile, n_blocks: i64) -> Result<Option<Vec<bool>>, LlmError> {
    const KINDS: &str = "one of full_attention and sliding_attention for each block";
    let Some(kinds) = config.texts("layer_types")? else {
        return Ok(None);
    };
    let is_known = |kind: &&str| ["full_attention", "sliding_attention"].contains(kind);
    if i64::try_from(kinds.len()) != Ok(n_blocks) || !kinds.iter().all(is_known) {
        return Err(config.refuse("layer_types", KINDS));
    }
    Ok(Some(
        kinds.iter().map(|kind| *kind == "sliding_attention").collect(),
    ))
}

/// Refuses a configuration with local blocks among its `n_blocks`.
pub(crate) fn only_global_blocks(config: &ConfigFile, n_blocks: i64) -> Result<(), LlmError> {
    match local_blocks(config, n_blocks)? {
        Some(local) if local.contains(&true) => {
            Err(config.refuse("layer_types", "full_attention for each block"))
        }
        _ => Ok(()),
    }
}

/// More blocks than any model has; the list of parameters is made before a weight is read.
const MOST_BLOCKS: i64 = 1000;

/// Number of blocks under `key`, or `default`.
pub(crate) fn n_blocks(config: &ConfigFile, key: &str, default: i64) -> Result<i64, LlmError> {
    let n = config.size_or(key, default)?;
    if n <= MOST_BLOCKS {
        Ok(n)
    } else {
        Err(config.refuse(key, format!("at most {MOST_BLOCKS} blocks")))
    }
}

/// The row under `pad_token_id` that is zero in an untrained model; a file without the key means the family's default,
/// `null` none.
pub(crate) fn pad_row(
    config: &ConfigFile,
    n_vocabulary: i64,
    default: Option<i64>,
) -> Result<Option<i64>, LlmError> {
    if config.is_null("pad_token_id") {
        return Ok(None);
    }
    let row = config.optional_row("pad_token_id", n_vocabulary)?;
    let is_absent = !config.keys().any(|key| key == "pad_token_id");
    Ok(row.or(default.filter(|&row| is_absent && row < n_vocabulary)))
}

/// The rows of a table for `ids`.
pub(crate) fn embedded(table: &Tensor, ids: &Tensor) -> Result<Tensor, LlmError> {
    Ok(Tensor::f_embedding(table, ids, -1, false, false)?)
}
