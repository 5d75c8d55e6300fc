//! The decoder that Llama introduced and Qwen, Mistral, Gemma and `OLMo` 2 share: RMS norms, rotary positions, a gated
//! feed-forward part. Each family's file describes its differences.

use tch::Tensor;

use crate::blocks::activation::Activation;
use crate::blocks::attention::{Heads, attend};
use crate::blocks::dense::Linear;
use crate::blocks::embedding::Embedding;
use crate::blocks::norm::RmsNorm;
use crate::blocks::pass::Pass;
use crate::blocks::rotary::RotaryParams;
use crate::checkpoint::Naming;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::family::{Block, Family, FirstState, Layout, Stem, View};
use crate::families::rope::{self, RopeKeys, rotary};
use crate::families::sizes::{n_blocks, pad_row};
use crate::head_layout::HeadLayout;
use crate::parameter::Parameter;
use crate::weights::Weights;

/// A decoder's sizes and options.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the configuration file"
)]
pub(super) struct Decoder {
    pub(super) n_vocabulary: i64,
    pub(super) n_positions: i64,
    pub(super) width: i64,
    pub(super) n_blocks: i64,
    pub(super) intermediate: i64,
    pub(super) heads: Heads,
    pub(super) rotary: RotaryParams,
    pub(super) activation: Activation,
    pub(super) eps: f64,
    /// Biases of the query, key and value projections.
    pub(super) qkv_bias: bool,
    /// Bias of the attention's output projection.
    pub(super) o_bias: bool,
    /// Biases of the feed-forward part.
    pub(super) mlp_bias: bool,
    /// Norm weights are stored as the difference from one (Gemma).
    pub(super) norms_around_one: bool,
    /// Factor of the embedding (Gemma).
    pub(super) embedding_scale: Option<f64>,
    /// Logits z become c tanh(z / c) with this c (Gemma 2).
    pub(super) final_softcap: Option<f64>,
    /// Number of earlier keys that a query sees (Mistral).
    pub(super) reach: Option<i64>,
    /// Blocks that see positions in another way (Gemma 2 and 3).
    pub(super) local: Option<LocalBlocks>,
    pub(super) norms: NormPlaces,
    pub(super) qk_norms: QkNorms,
    pub(super) is_tied: bool,
    pub(super) std: f64,
    /// Row of the embedding that is zero in an untrained model.
    pub(super) pad_row: Option<i64>,
}

/// Blocks with a different view.
#[derive(Debug, Clone)]
pub(super) struct LocalBlocks {
    /// Which blocks.
    pub(super) are_local: Vec<bool>,
    pub(super) view: View,
}

/// The positions of the norms of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NormPlaces {
    /// Before attention and feed-forward part (Llama).
    Before,
    /// Behind them, before the residual sum (`OLMo` 2).
    Behind,
    /// On both sides (Gemma 2 and 3).
    Around,
}

impl NormPlaces {
    /// Names of the norms: before and after the attention, before and after the feed-forward part.
    fn names(self) -> [Option<&'static str>; 4] {
        let behind_attention = Some("post_attention_layernorm");
        let behind_feed_forward = Some("post_feedforward_layernorm");
        match self {
            // Llama's second norm is called after what is in front of it.
            Self::Before => [Some("input_layernorm"), None, behind_attention, None],
            Self::Behind => [None, behind_attention, None, behind_feed_forward],
            Self::Around => [
                Some("input_layernorm"),
                behind_attention,
                Some("pre_feedforward_layernorm"),
                behind_feed_forward,
            ],
        }
    }
}

/// RMS norms of queries and keys, before they are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QkNorms {
    /// None.
    Absent,
    /// Over the features of each head, one weight for all heads (Qwen3, Gemma 3).
    Heads,
    /// Over all features together (`OLMo` 2).
    Together,
}

impl Decoder {
    /// Reads the keys that the families have in common, under `heads`, which they derive differently.
    pub(super) fn from_config(
        config: &ConfigFile,
        heads: Heads,
        defaults: &Defaults,
    ) -> Result<Self, LlmError> {
        let n_vocabulary = config.size_or("vocab_size", defaults.n_vocabulary)?;
        if heads.softcap.is_none() {
            config.only_absent("attn_logit_softcapping")?;
        }
        Ok(Self {
            n_vocabulary,
            n_positions: config.size_or("max_position_embeddings", defaults.n_positions)?,
            width: defaults.width(config)?,
            n_blocks: defaults.n_blocks(config)?,
            intermediate: config.size_or("intermediate_size", defaults.intermediate)?,
            heads,
            rotary: rotary(config, &defaults.rope, heads.width)?,
            activation: Activation::from_config(config, "hidden_act", "silu")?,
            eps: config.positive_or("rms_norm_eps", defaults.eps)?,
            qkv_bias: false,
            o_bias: false,
            mlp_bias: false,
            norms_around_one: false,
            embedding_scale: None,
            final_softcap: None,
            reach: None,
            local: None,
            norms: NormPlaces::Before,
            qk_norms: QkNorms::Absent,
            is_tied: config.flag_or("tie_word_embeddings", defaults.is_tied)?,
            std: config.not_negative_or("initializer_range", 0.02)?,
            pad_row: pad_row(config, n_vocabulary, defaults.pad_row)?,
        })
    }

    fn norm(&self, weights: &Weights, name: &str) -> Result<RmsNorm, LlmError> {
        if self.norms_around_one {
            RmsNorm::load_around_one(weights, name, self.eps)
        } else {
            RmsNorm::load(weights, name, self.eps)
        }
    }

    fn norm_parameter(&self, name: String, width: i64) -> Parameter {
        Parameter::constant(name, &[width], if self.norms_around_one { 0.0 } else { 1.0 })
    }

    /// Names and widths of the norms of queries and keys.
    fn qk_norm_widths(&self) -> Option<[(&'static str, i64); 2]> {
        let Heads {
            n_heads,
            n_kv_heads,
            width,
            ..
        } = self.heads;
        let (q, k) = match self.qk_norms {
            QkNorms::Absent => return None,
            QkNorms::Heads => (width, width),
            QkNorms::Together => (n_heads * width, n_kv_heads * width),
        };
        Some([("self_attn.q_norm", q), ("self_attn.k_norm", k)])
    }

    fn block_parameters(&self, index: i64) -> Vec<Parameter> {
        let (d, f, std) = (self.width, self.intermediate, self.std);
        let q = self.heads.n_heads * self.heads.width;
        let kv = self.heads.n_kv_heads * self.heads.width;
        let name = |part: &str| format!("layers.{index}.{part}");
        let mut all = Vec::new();
        for (part, n_out, n_in, has_bias) in [
            ("self_attn.q_proj", q, d, self.qkv_bias),
            ("self_attn.k_proj", kv, d, self.qkv_bias),
            ("self_attn.v_proj", kv, d, self.qkv_bias),
            ("self_attn.o_proj", d, q, self.o_bias),
            ("mlp.gate_proj", f, d, self.mlp_bias),
            ("mlp.up_proj", f, d, self.mlp_bias),
            ("mlp.down_proj", d, f, self.mlp_bias),
        ] {
            all.extend(Parameter::linear_map(&name(part), [n_out, n_in], std, has_bias));
        }
        let norms = self.norms.names().into_iter().flatten().map(|part| (part, d));
        let qk_norms = self.qk_norm_widths().into_iter().flatten();
        all.extend(
            norms
                .chain(qk_norms)
                .map(|(part, width)| self.norm_parameter(name(&format!("{part}.weight")), width)),
        );
        all
    }
}

/// Values of keys that a family's configuration may leave out: those of its configuration class in transformers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) n_vocabulary: i64,
    pub(super) width: i64,
    pub(super) n_blocks: i64,
    pub(super) n_heads: i64,
    pub(super) intermediate: i64,
    pub(super) n_positions: i64,
    pub(super) is_tied: bool,
    pub(super) eps: f64,
    pub(super) rope: RopeKeys,
    pub(super) pad_row: Option<i64>,
}

impl Defaults {
    /// Those of Llama.
    pub(super) const LLAMA: Self = Self {
        n_vocabulary: 32_000,
        width: 4096,
        n_blocks: 32,
        n_heads: 32,
        intermediate: 11_008,
        n_positions: 2048,
        is_tied: false,
        eps: 1e-6,
        rope: rope::LLAMA,
        pad_row: None,
    };

    /// Width of the residual stream.
    pub(super) fn width(&self, config: &ConfigFile) -> Result<i64, LlmError> {
        config.size_or("hidden_size", self.width)
    }

    /// Number of blocks.
    pub(super) fn n_blocks(&self, config: &ConfigFile) -> Result<i64, LlmError> {
        n_blocks(config, "num_hidden_layers", self.n_blocks)
    }

    /// Number of heads.
    pub(super) fn n_heads(&self, config: &ConfigFile) -> Result<i64, LlmError> {
        config.size_or("num_attention_heads", self.n_heads)
    }
}

impl Family for Decoder {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_blocks,
            width: self.width,
            last_width: self.width,
            n_positions: Some(self.n_positions),
            n_vocabulary: self.n_vocabulary,
            head: HeadLayout {
                softcap: self.final_softcap,
                ..HeadLayout::new(self.is_tied, "embed_tokens.weight", self.std)
            },
            first_state: FirstState::Embedding,
            view: View {
                rotary: Some(self.rotary),
                reach: self.reach,
            },
        }
    }

    fn view(&self, block: i64) -> View {
        let index = usize::try_from(block).unwrap_or(usize::MAX);
        match &self.local {
            Some(local) if local.are_local.get(index) == Some(&true) => local.view,
            _ => self.layout().view,
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
        all.push(self.norm_parameter("norm.weight".to_string(), self.width));
        all
    }

    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError> {
        Ok(Box::new(DecoderStem {
            embed_tokens: Embedding::load(weights, "embed_tokens.weight")?,
            embedding_scale: self.embedding_scale,
            norm: self.norm(weights, "norm")?,
        }))
    }

    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError> {
        let name = |part: &str| format!("layers.{index}.{part}");
        let linear = |part: &str, has_bias: bool| Linear::load(weights, &name(part), has_bias);
        let norm = |part: Option<&str>| part.map(|part| self.norm(weights, &name(part))).transpose();
        let [
            before_attention,
            behind_attention,
            before_feed_forward,
            behind_feed_forward,
        ] = self.norms.names();
        Ok(Box::new(DecoderBlock {
            before_attention: norm(before_attention)?,
            q_proj: linear("self_attn.q_proj", self.qkv_bias)?,
            k_proj: linear("self_attn.k_proj", self.qkv_bias)?,
            v_proj: linear("self_attn.v_proj", self.qkv_bias)?,
            o_proj: linear("self_attn.o_proj", self.o_bias)?,
            qk_norms: self.qk_norms,
            q_norm: norm(self.qk_norm_widths().map(|[(q, _), _]| q))?,
            k_norm: norm(self.qk_norm_widths().map(|[_, (k, _)]| k))?,
            heads: self.heads,
            behind_attention: norm(behind_attention)?,
            before_feed_forward: norm(before_feed_forward)?,
            mlp: GatedMlp::load(weights, &name("mlp"), self.activation, self.mlp_bias)?,
            behind_feed_forward: norm(behind_feed_forward)?,
        }))
    }
}

#[derive(Debug)]
struct DecoderStem {
    embed_tokens: Embedding,
    embedding_scale: Option<f64>,
    norm: RmsNorm,
}

impl Stem for DecoderStem {
    fn embed(&self, ids: &Tensor, _mask: &Tensor, _pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let tokens = self.embed_tokens.rows(ids)?;
        Ok(match self.embedding_scale {
            Some(scale) => tokens.f_mul_scalar(scale)?,
            None => tokens,
        })
    }

    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        self.norm.forward(x)
    }
}

#[derive(Debug)]
struct DecoderBlock {
    before_attention: Option<RmsNorm>,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Linear,
    qk_norms: QkNorms,
    q_norm: Option<RmsNorm>,
    k_norm: Option<RmsNorm>,
    heads: Heads,
    behind_attention: Option<RmsNorm>,
    before_feed_forward: Option<RmsNorm>,
    mlp: GatedMlp,
    behind_feed_forward: Option<RmsNorm>,
}

/// `x` through a norm that may be absent.
fn normed(norm: Option<&RmsNorm>, x: &Tensor) -> Result<Tensor, LlmError> {
    match norm {
        Some(norm) => norm.forward(x),
        None => Ok(x.shallow_clone()),
    }
}

impl DecoderBlock {
    /// Queries or keys by heads, normalised where the family does so.
    fn split(&self, x: &Tensor, norm: Option<&RmsNorm>) -> Result<Tensor, LlmError> {
        match self.qk_norms {
            QkNorms::Absent => self.heads.split(x),
            QkNorms::Heads => normed(norm, &self.heads.split(x)?),
            QkNorms::Together => self.heads.split(&normed(norm, x)?),
        }
    }

    fn attention(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let q = self.split(&self.q_proj.forward(&pass.needed(x)?)?, self.q_norm.as_ref())?;
        let k = self.split(&self.k_proj.forward(x)?, self.k_norm.as_ref())?;
        let v = self.heads.split(&self.v_proj.forward(x)?)?;
        let (q, k) = rotated(&q, &k, pass)?;
        self.o_proj.forward(&attend(&q, &k, &v, &self.heads, pass)?)
    }
}

impl Block for DecoderBlock {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let attended = self.attention(&normed(self.before_attention.as_ref(), x)?, pass)?;
        let x = pass
            .needed(x)?
            .f_add(&normed(self.behind_attention.as_ref(), &attended)?)?;
        let fed = self
            .mlp
            .forward(&normed(self.before_feed_forward.as_ref(), &x)?)?;
        Ok(x.f_add(&normed(self.behind_feed_forward.as_ref(), &fed)?)?)
    }
}

/// Queries and keys with their positions.
pub(super) fn rotated(q: &Tensor, k: &Tensor, pass: &Pass<'_>) -> Result<(Tensor, Tensor), LlmError> {
    match pass.rotary {
        Some(table) => Ok((
            table.rotate(q, pass.first_position())?,
            table.rotate(k, pass.n_past)?,
        )),
        None => Ok((q.shallow_clone(), k.shallow_clone())),
    }
}

/// `down(activation(gate x) * up x)`.
///
/// N. Shazeer (2020), <https://arxiv.org/abs/2002.05202>
#[derive(Debug)]
pub(super) struct GatedMlp {
    gate_proj: Linear,
    up_proj: Linear,
    down_proj: Linear,
    activation: Activation,
}

impl GatedMlp {
    /// Loads the three projections below `name`.
    pub(super) fn load(
        weights: &Weights,
        name: &str,
        activation: Activation,
        has_bias: bool,
    ) -> Result<Self, LlmError> {
        let linear = |part: &str| Linear::load(weights, &format!("{name}.{part}"), has_bias);
        Ok(Self {
            gate_proj: linear("gate_proj")?,
            up_proj: linear("up_proj")?,
            down_proj: linear("down_proj")?,
            activation,
        })
    }

    /// (`n_tokens`, `width`) to the same shape.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        let gate = self.gate_proj.activated(x, self.activation)?;
        self.down_proj.forward(&gate.f_mul(&self.up_proj.forward(x)?)?)
    }
}
