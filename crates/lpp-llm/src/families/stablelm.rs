//! `StableLM` 3B-4E1T and `StableLM` 2 (1.6B and 12B).
//!
//! M. Bellagente et al. (2024), <https://arxiv.org/abs/2402.17834>

use tch::Tensor;

use crate::blocks::activation::Activation;
use crate::blocks::attention::{Heads, attend};
use crate::blocks::dense::Linear;
use crate::blocks::embedding::Embedding;
use crate::blocks::norm::LayerNorm;
use crate::blocks::pass::Pass;
use crate::blocks::rotary::RotaryParams;
use crate::checkpoint::Naming;
use crate::config::ConfigFile;
use crate::dropout::Site;
use crate::error::LlmError;
use crate::families::decoder::{GatedMlp, rotated};
use crate::families::family::{Block, Family, FirstState, Layout, Stem, View};
use crate::families::rope::{self, RopeKeys, rotary};
use crate::families::sizes::{head_width, kv_heads, n_blocks, pad_row};
use crate::fixed::FixedTensor;
use crate::head_layout::HeadLayout;
use crate::parameter::Parameter;
use crate::weights::Weights;

/// Key-value heads if the configuration does not give them (the reference's default).
const DEFAULT_KV_HEADS: i64 = 32;

/// The share has another name in older files.
const ROPE: RopeKeys = RopeKeys {
    share: Some((&["partial_rotary_factor", "rope_pct"], 0.25)),
    may_scale: false,
    ..rope::LLAMA
};

#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the configuration file"
)]
struct StableLm {
    n_vocabulary: i64,
    n_positions: i64,
    width: i64,
    n_blocks: i64,
    intermediate: i64,
    heads: Heads,
    rotary: RotaryParams,
    activation: Activation,
    eps: f64,
    use_qkv_bias: bool,
    qk_layernorm: bool,
    is_parallel: bool,
    hidden_dropout: f64,
    is_tied: bool,
    std: f64,
    pad_row: Option<i64>,
}

/// More norms of heads than any model has (the largest has 40 blocks of 32 heads): each is an entry in the list of
/// parameters, which is made before a weight is read.
const MOST_HEAD_NORMS: i64 = 100_000;

/// Reads a configuration of `model_type` stablelm, or of the older `stablelm_epoch` with its own key names.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    let n_heads = config.size_or("num_attention_heads", 32)?;
    let width = config.size_or("hidden_size", 2560)?;
    let head = head_width(config, "num_attention_heads", width, n_heads)?;
    let n_vocabulary = config.size_or("vocab_size", 50_304)?;
    let n_blocks = n_blocks(config, "num_hidden_layers", 32)?;
    let qk_layernorm = config.flag_or("qk_layernorm", false)?;
    let most_heads = MOST_HEAD_NORMS / (2 * n_blocks);
    if qk_layernorm && n_heads > most_heads {
        let expected = format!("at most {most_heads} heads with a norm each in {n_blocks} blocks");
        return Err(config.refuse("num_attention_heads", expected));
    }
    Ok(Box::new(StableLm {
        n_vocabulary,
        n_positions: config.size_or("max_position_embeddings", 4096)?,
        width,
        n_blocks,
        intermediate: config.size_or("intermediate_size", 6912)?,
        heads: Heads {
            n_heads,
            n_kv_heads: kv_heads(config, DEFAULT_KV_HEADS, n_heads)?,
            width: head,
            dropout: config.probability_or("attention_dropout", 0.0)?,
            scale: None,
            softcap: None,
        },
        rotary: rotary(config, &ROPE, head)?,
        activation: Activation::from_config(config, "hidden_act", "silu")?,
        eps: config.positive_or("layer_norm_eps", config.positive_or("norm_eps", 1e-5)?)?,
        use_qkv_bias: config.flag_or("use_qkv_bias", false)?,
        qk_layernorm,
        is_parallel: config.flag_or("use_parallel_residual", false)?,
        hidden_dropout: config.probability_or("hidden_dropout", 0.0)?,
        is_tied: config.flag_or("tie_word_embeddings", false)?,
        std: config.not_negative_or("initializer_range", 0.02)?,
        pad_row: pad_row(config, n_vocabulary, None)?,
    }))
}

impl StableLm {
    fn block_parameters(&self, index: i64) -> Vec<Parameter> {
        let (d, f, std) = (self.width, self.intermediate, self.std);
        let kv = self.heads.n_kv_heads * self.heads.width;
        let name = |part: &str| format!("layers.{index}.{part}");
        let mut all = Vec::new();
        for (part, n_out, n_in, has_bias) in [
            ("self_attn.q_proj", d, d, self.use_qkv_bias),
            ("self_attn.k_proj", kv, d, self.use_qkv_bias),
            ("self_attn.v_proj", kv, d, self.use_qkv_bias),
            ("self_attn.o_proj", d, d, false),
            ("mlp.gate_proj", f, d, false),
            ("mlp.up_proj", f, d, false),
            ("mlp.down_proj", d, f, false),
        ] {
            all.extend(Parameter::linear_map(&name(part), [n_out, n_in], std, has_bias));
        }
        if self.qk_layernorm {
            for (part, n) in [("q", self.heads.n_heads), ("k", self.heads.n_kv_heads)] {
                all.extend((0..n).map(|head| {
                    let norm = name(&format!("self_attn.{part}_layernorm.norms.{head}.weight"));
                    Parameter::constant(norm, &[self.heads.width], 1.0)
                }));
            }
        }
        all.extend(Parameter::layer_norm(&name("input_layernorm"), d));
        if !self.is_parallel {
            all.extend(Parameter::layer_norm(&name("post_attention_layernorm"), d));
        }
        all
    }

    fn head_norms(&self, weights: &Weights, name: &str, n: i64) -> Result<Option<HeadNorms>, LlmError> {
        if self.qk_layernorm {
            Ok(Some(HeadNorms::load(
                weights,
                name,
                n,
                self.heads.width,
                self.eps,
            )?))
        } else {
            Ok(None)
        }
    }
}

impl Family for StableLm {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_blocks,
            width: self.width,
            last_width: self.width,
            n_positions: Some(self.n_positions),
            n_vocabulary: self.n_vocabulary,
            head: HeadLayout::new(self.is_tied, "embed_tokens.weight", self.std),
            first_state: FirstState::Embedding,
            view: View {
                rotary: Some(self.rotary),
                reach: None,
            },
        }
    }

    fn naming(&self) -> Naming {
        Naming {
            prefix: "model.",
            ignored: &[".rotary_emb.inv_freq"],
            synonyms: &[],
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let shape = [self.n_vocabulary, self.width];
        let mut all = vec![Parameter::embedding(
            "embed_tokens.weight",
            shape,
            self.std,
            self.pad_row,
        )];
        all.extend((0..self.n_blocks).flat_map(|i| self.block_parameters(i)));
        all.extend(Parameter::layer_norm("norm", self.width));
        all
    }

    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError> {
        Ok(Box::new(StableLmStem {
            embed_tokens: Embedding::load(weights, "embed_tokens.weight")?,
            norm: LayerNorm::load(weights, "norm", self.width, self.eps)?,
        }))
    }

    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError> {
        let name = |part: &str| format!("layers.{index}.{part}");
        let linear = |part: &str, has_bias: bool| Linear::load(weights, &name(part), has_bias);
        let norm = |part: &str| LayerNorm::load(weights, &name(part), self.width, self.eps);
        Ok(Box::new(StableLmBlock {
            input_layernorm: norm("input_layernorm")?,
            q_proj: linear("self_attn.q_proj", self.use_qkv_bias)?,
            k_proj: linear("self_attn.k_proj", self.use_qkv_bias)?,
            v_proj: linear("self_attn.v_proj", self.use_qkv_bias)?,
            o_proj: linear("self_attn.o_proj", false)?,
            q_layernorm: self.head_norms(weights, &name("self_attn.q_layernorm"), self.heads.n_heads)?,
            k_layernorm: self.head_norms(weights, &name("self_attn.k_layernorm"), self.heads.n_kv_heads)?,
            heads: self.heads,
            post_attention_layernorm: if self.is_parallel {
                None
            } else {
                Some(norm("post_attention_layernorm")?)
            },
            mlp: GatedMlp::load(weights, &name("mlp"), self.activation, false)?,
            hidden_dropout: self.hidden_dropout,
        }))
    }
}

#[derive(Debug)]
struct StableLmStem {
    embed_tokens: Embedding,
    norm: LayerNorm,
}

impl Stem for StableLmStem {
    fn embed(&self, ids: &Tensor, _mask: &Tensor, _pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        self.embed_tokens.rows(ids)
    }

    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        self.norm.forward(x)
    }
}

/// One layer norm a head, without bias.
#[derive(Debug)]
struct HeadNorms {
    plain: LayerNorm,
    /// (`n_heads`, 1, `width`).
    weight: FixedTensor,
}

impl HeadNorms {
    fn load(weights: &Weights, name: &str, n: i64, width: i64, eps: f64) -> Result<Self, LlmError> {
        let rows = (0..n)
            .map(|head| weights.get(&format!("{name}.norms.{head}.weight")))
            .collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<&Tensor> = rows.iter().map(|row| &**row).collect();
        Ok(Self {
            plain: LayerNorm::plain(width, eps),
            weight: Tensor::f_stack(&rows, 0)?.f_unsqueeze(1)?.into(),
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        Ok(self.plain.forward(x)?.f_mul(&self.weight)?)
    }
}

#[derive(Debug)]
struct StableLmBlock {
    input_layernorm: LayerNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Linear,
    q_layernorm: Option<HeadNorms>,
    k_layernorm: Option<HeadNorms>,
    heads: Heads,
    /// Absent where attention and feed-forward part run side by side on one norm (12B).
    post_attention_layernorm: Option<LayerNorm>,
    mlp: GatedMlp,
    hidden_dropout: f64,
}

impl StableLmBlock {
    fn attention(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let heads = &self.heads;
        let mut q = heads.split(&self.q_proj.forward(&pass.needed(x)?)?)?;
        let mut k = heads.split(&self.k_proj.forward(x)?)?;
        let v = heads.split(&self.v_proj.forward(x)?)?;
        if let Some(norms) = &self.q_layernorm {
            q = norms.forward(&q)?;
        }
        if let Some(norms) = &self.k_layernorm {
            k = norms.forward(&k)?;
        }
        let (q, k) = rotated(&q, &k, pass)?;
        self.o_proj.forward(&attend(&q, &k, &v, heads, pass)?)
    }

    fn feed_forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        pass.drop_out(self.mlp.forward(x)?, Site::FeedForwardOutput, self.hidden_dropout)
    }
}

impl Block for StableLmBlock {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let normed = self.input_layernorm.forward(x)?;
        let rows = pass.needed(x)?;
        let attended = self.attention(&normed, pass)?;
        if let Some(norm) = &self.post_attention_layernorm {
            let x = rows.f_add(&attended)?;
            return Ok(x.f_add(&self.feed_forward(&norm.forward(&x)?, pass)?)?);
        }
        let fed = self.feed_forward(&pass.needed(&normed)?, pass)?;
        Ok(rows.f_add(&attended)?.f_add(&fed)?)
    }
}
