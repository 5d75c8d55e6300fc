//! The decoder that Llama introduced and Qwen, Mistral and Gemma share: RMS norms, rotary positions, a gated
//! feed-forward part. Each family's file says what is particular to it.

use tch::Tensor;

use crate::blocks::Pass;
use crate::blocks::activation::Activation;
use crate::blocks::attention::{Heads, attend};
use crate::blocks::dense::Linear;
use crate::blocks::embedding::Embedding;
use crate::blocks::norm::RmsNorm;
use crate::blocks::rotary::RotaryParams;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::{Block, Family, FirstState, Layout, Naming, Stem, View, n_blocks, rotary};
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
    /// Norm weights are stored as the difference from one (Gemma).
    pub(super) norms_around_one: bool,
    /// Factor of the embedding (Gemma).
    pub(super) embedding_scale: Option<f64>,
    /// Number of earlier keys that a query sees (Mistral).
    pub(super) reach: Option<i64>,
    pub(super) is_tied: bool,
    pub(super) std: f64,
    /// Row of the embedding that is zero in an untrained model.
    pub(super) pad_row: Option<i64>,
}

impl Decoder {
    /// Reads the keys that the families have in common, under `heads`, which they derive differently.
    pub(super) fn from_config(
        config: &ConfigFile,
        heads: Heads,
        defaults: &Defaults,
    ) -> Result<Self, LlmError> {
        let n_vocabulary = config.size("vocab_size")?;
        if heads.width % 2 != 0 {
            return Err(config.refuse("num_attention_heads", "heads of even width, for rotary positions"));
        }
        Ok(Self {
            n_vocabulary,
            n_positions: config.size_or("max_position_embeddings", defaults.n_positions)?,
            width: config.size("hidden_size")?,
            n_blocks: n_blocks(config, "num_hidden_layers")?,
            intermediate: config.size("intermediate_size")?,
            heads,
            rotary: rotary(config, "rope_theta", heads.width)?,
            activation: Activation::from_config(config, "hidden_act", "silu")?,
            eps: config.number_or("rms_norm_eps", 1e-6)?,
            qkv_bias: false,
            o_bias: false,
            norms_around_one: false,
            embedding_scale: None,
            reach: None,
            is_tied: config.flag_or("tie_word_embeddings", defaults.is_tied)?,
            std: config.number_or("initializer_range", 0.02)?,
            pad_row: config.optional_row("pad_token_id", n_vocabulary)?,
        })
    }

    fn norm(&self, weights: &Weights, name: &str) -> Result<RmsNorm, LlmError> {
        if self.norms_around_one {
            RmsNorm::load_around_one(weights, name, self.eps)
        } else {
            RmsNorm::load(weights, name, self.eps)
        }
    }

    fn norm_parameter(&self, name: String) -> Parameter {
        Parameter::constant(name, &[self.width], if self.norms_around_one { 0.0 } else { 1.0 })
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
            ("mlp.gate_proj", f, d, false),
            ("mlp.up_proj", f, d, false),
            ("mlp.down_proj", d, f, false),
        ] {
            all.push(Parameter::linear(
                name(&format!("{part}.weight")),
                [n_out, n_in],
                std,
            ));
            if has_bias {
                all.push(Parameter::linear_bias(name(&format!("{part}.bias")), n_out, n_in));
            }
        }
        all.push(self.norm_parameter(name("input_layernorm.weight")));
        all.push(self.norm_parameter(name("post_attention_layernorm.weight")));
        all
    }
}

/// Values of keys that a family's configuration may leave out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Defaults {
    pub(super) n_positions: i64,
    pub(super) is_tied: bool,
}

impl Family for Decoder {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_blocks,
            width: self.width,
            last_width: self.width,
            n_positions: Some(self.n_positions),
            n_vocabulary: self.n_vocabulary,
            n_head_parameters: if self.is_tied {
                0
            } else {
                self.n_vocabulary * self.width
            },
            first_state: FirstState::Embedding,
            view: View {
                rotary: Some(self.rotary),
                reach: self.reach,
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
        all.push(self.norm_parameter("norm.weight".to_string()));
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
        Ok(Box::new(DecoderBlock {
            input_layernorm: self.norm(weights, &name("input_layernorm"))?,
            q_proj: linear("self_attn.q_proj", self.qkv_bias)?,
            k_proj: linear("self_attn.k_proj", self.qkv_bias)?,
            v_proj: linear("self_attn.v_proj", self.qkv_bias)?,
            o_proj: linear("self_attn.o_proj", self.o_bias)?,
            heads: self.heads,
            post_attention_layernorm: self.norm(weights, &name("post_attention_layernorm"))?,
            mlp: GatedMlp::load(weights, &name("mlp"), self.activation)?,
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
    input_layernorm: RmsNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    o_proj: Linear,
    heads: Heads,
    post_attention_layernorm: RmsNorm,
    mlp: GatedMlp,
}

impl DecoderBlock {
    fn attention(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let heads = &self.heads;
        let q = heads.split(&self.q_proj.forward(&pass.needed(x)?)?)?;
        let k = heads.split(&self.k_proj.forward(x)?)?;
        let v = heads.split(&self.v_proj.forward(x)?)?;
        let (q, k) = rotated(&q, &k, pass)?;
        self.o_proj.forward(&attend(&q, &k, &v, heads, pass)?)
    }
}

impl Block for DecoderBlock {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let x = pass
            .needed(x)?
            .f_add(&self.attention(&self.input_layernorm.forward(x)?, pass)?)?;
        Ok(x.f_add(&self.mlp.forward(&self.post_attention_layernorm.forward(&x)?)?)?)
    }
}

/// Queries and keys with their positions.
pub(super) fn rotated(q: &Tensor, k: &Tensor, pass: &Pass<'_>) -> Result<(Tensor, Tensor), LlmError> {
    match pass.rotary {
        Some(table) => Ok((table.rotate(q, pass.first_row)?, table.rotate(k, 0)?)),
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
    pub(super) fn load(weights: &Weights, name: &str, activation: Activation) -> Result<Self, LlmError> {
        let linear = |part: &str| Linear::load(weights, &format!("{name}.{part}"), false);
        Ok(Self {
            gate_proj: linear("gate_proj")?,
            up_proj: linear("up_proj")?,
            down_proj: linear("down_proj")?,
            activation,
        })
    }

    /// (`n_tokens`, `width`) to the same shape.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        let gate = self.activation.apply(&self.gate_proj.forward(x)?)?;
        self.down_proj.forward(&gate.f_mul(&self.up_proj.forward(x)?)?)
    }
}
