//! OPT, including the 350M model with its norms after the sums and its narrower embedding.
//!
//! S. Zhang et al. (2022), <https://arxiv.org/abs/2205.01068>

use tch::{Kind, Tensor};

use crate::blocks::activation::Activation;
use crate::blocks::attention::{Heads, attend};
use crate::blocks::dense::Linear;
use crate::blocks::embedding::{Embedding, embedded};
use crate::blocks::norm::LayerNorm;
use crate::blocks::pass::Pass;
use crate::checkpoint::Naming;
use crate::config::ConfigFile;
use crate::dropout::Site;
use crate::error::LlmError;
use crate::families::family::{Block, Family, FirstState, Layout, Stem, View};
use crate::families::sizes::{head_width, n_blocks, pad_row};
use crate::fixed::FixedTensor;
use crate::head_layout::HeadLayout;
use crate::parameter::Parameter;
use crate::weights::Weights;

/// Fixed in the reference; no configuration key changes it.
const EPS: f64 = 1e-5;

/// The position table starts with two rows that no real token uses.
const POSITION_OFFSET: i64 = 2;

#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of the configuration file"
)]
struct Opt {
    n_vocabulary: i64,
    n_positions: i64,
    width: i64,
    embedding_width: i64,
    n_blocks: i64,
    ffn_dim: i64,
    heads: Heads,
    activation: Activation,
    is_pre_norm: bool,
    has_final_norm: bool,
    has_bias: bool,
    has_affine_norms: bool,
    dropout: f64,
    is_tied: bool,
    std: f64,
    pad_row: Option<i64>,
}

/// Reads a configuration of `model_type` opt.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    config.ignore(&["activation_dropout"]);
    let n_heads = config.size_or("num_attention_heads", 12)?;
    let width = config.size_or("hidden_size", 768)?;
    let n_vocabulary = config.size_or("vocab_size", 50_272)?;
    if config.number_or("layerdrop", 0.0)? != 0.0 {
        return Err(config.refuse("layerdrop", "0 (dropping whole layers is not supported)"));
    }
    let is_pre_norm = config.flag_or("do_layer_norm_before", true)?;
    Ok(Box::new(Opt {
        n_vocabulary,
        n_positions: config.size_or("max_position_embeddings", 2048)?,
        width,
        embedding_width: config.size_or("word_embed_proj_dim", width)?,
        n_blocks: n_blocks(config, "num_hidden_layers", 12)?,
        ffn_dim: config.size_or("ffn_dim", 3072)?,
        heads: Heads {
            n_heads,
            n_kv_heads: n_heads,
            width: head_width(config, "num_attention_heads", width, n_heads)?,
            dropout: config.probability_or("attention_dropout", 0.0)?,
            scale: None,
            softcap: None,
        },
        activation: Activation::from_config(config, "activation_function", "relu")?,
        is_pre_norm,
        has_final_norm: is_pre_norm && !config.flag_or("_remove_final_layer_norm", false)?,
        has_bias: config.flag_or("enable_bias", true)?,
        has_affine_norms: config.flag_or("layer_norm_elementwise_affine", true)?,
        dropout: config.probability_or("dropout", 0.1)?,
        is_tied: config.flag_or("tie_word_embeddings", true)?,
        std: config.number_or("init_std", 0.02)?,
        pad_row: pad_row(config, n_vocabulary, Some(1))?,
    }))
}

impl Opt {
    fn norm_parameters(&self, name: &str) -> Vec<Parameter> {
        if !self.has_affine_norms {
            return Vec::new();
        }
        Parameter::layer_norm(name, self.width).into()
    }

    fn norm(&self, weights: &Weights, name: &str) -> Result<LayerNorm, LlmError> {
        if self.has_affine_norms {
            LayerNorm::load(weights, name, self.width, EPS)
        } else {
            Ok(LayerNorm::plain(self.width, EPS))
        }
    }

    fn block_parameters(&self, index: i64) -> Vec<Parameter> {
        let (d, f) = (self.width, self.ffn_dim);
        let name = |part: &str| format!("decoder.layers.{index}.{part}");
        let mut all = Vec::new();
        for (part, n_out, n_in) in [
            ("self_attn.k_proj", d, d),
            ("self_attn.v_proj", d, d),
            ("self_attn.q_proj", d, d),
            ("self_attn.out_proj", d, d),
            ("fc1", f, d),
            ("fc2", d, f),
        ] {
            all.extend(Parameter::linear_map(
                &name(part),
                [n_out, n_in],
                self.std,
                self.has_bias,
            ));
        }
        all.extend(self.norm_parameters(&name("self_attn_layer_norm")));
        all.extend(self.norm_parameters(&name("final_layer_norm")));
        all
    }

    fn is_projected(&self) -> bool {
        self.embedding_width != self.width
    }
}

impl Family for Opt {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_blocks,
            width: self.width,
            last_width: self.embedding_width,
            n_positions: Some(self.n_positions),
            n_vocabulary: self.n_vocabulary,
            head: HeadLayout::new(self.is_tied, "decoder.embed_tokens.weight", self.std),
            first_state: FirstState::Embedding,
            view: View {
                rotary: None,
                reach: None,
            },
        }
    }

    fn naming(&self) -> Naming {
        Naming {
            prefix: "model.",
            ignored: &[],
            synonyms: &[],
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let (d, e) = (self.width, self.embedding_width);
        let tokens = [self.n_vocabulary, e];
        let positions = [self.n_positions + POSITION_OFFSET, d];
        let mut all = vec![
            Parameter::embedding("decoder.embed_tokens.weight", tokens, self.std, self.pad_row),
            Parameter::embedding("decoder.embed_positions.weight", positions, self.std, None),
        ];
        if self.is_projected() {
            all.push(Parameter::linear(
                "decoder.project_out.weight".to_string(),
                [e, d],
                self.std,
            ));
            all.push(Parameter::linear(
                "decoder.project_in.weight".to_string(),
                [d, e],
                self.std,
            ));
        }
        if self.has_final_norm {
            all.extend(self.norm_parameters("decoder.final_layer_norm"));
        }
        all.extend((0..self.n_blocks).flat_map(|i| self.block_parameters(i)));
        all
    }

    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError> {
        let projection = |name: &str| -> Result<Option<Linear>, LlmError> {
            self.is_projected()
                .then(|| Linear::load(weights, name, false))
                .transpose()
        };
        Ok(Box::new(OptStem {
            embed_tokens: Embedding::load(weights, "decoder.embed_tokens.weight")?,
            embed_positions: weights.get("decoder.embed_positions.weight")?,
            project_in: projection("decoder.project_in")?,
            project_out: projection("decoder.project_out")?,
            final_layer_norm: self
                .has_final_norm
                .then(|| self.norm(weights, "decoder.final_layer_norm"))
                .transpose()?,
        }))
    }

    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError> {
        let name = |part: &str| format!("decoder.layers.{index}.{part}");
        let linear = |part: &str| Linear::load(weights, &name(part), self.has_bias);
        Ok(Box::new(OptBlock {
            self_attn_layer_norm: self.norm(weights, &name("self_attn_layer_norm"))?,
            q_proj: linear("self_attn.q_proj")?,
            k_proj: linear("self_attn.k_proj")?,
            v_proj: linear("self_attn.v_proj")?,
            out_proj: linear("self_attn.out_proj")?,
            final_layer_norm: self.norm(weights, &name("final_layer_norm"))?,
            fc1: linear("fc1")?,
            fc2: linear("fc2")?,
            heads: self.heads,
            activation: self.activation,
            is_pre_norm: self.is_pre_norm,
            dropout: self.dropout,
        }))
    }
}

#[derive(Debug)]
struct OptStem {
    embed_tokens: Embedding,
    embed_positions: FixedTensor,
    project_in: Option<Linear>,
    project_out: Option<Linear>,
    final_layer_norm: Option<LayerNorm>,
}

/// Row of the position table for each token of a text: 2, 3, … for real tokens, 1 for padding.
fn position_rows(mask: &Tensor) -> Result<Tensor, LlmError> {
    let count = mask.f_cumsum(-1, Kind::Int64)?;
    Ok(count.f_mul(mask)?.f_add_scalar(POSITION_OFFSET - 1)?)
}

impl Stem for OptStem {
    fn embed(&self, ids: &Tensor, mask: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let mut tokens = self.embed_tokens.rows(ids)?;
        if let Some(project_in) = &self.project_in {
            tokens = project_in.forward(&tokens)?;
        }
        let rows = position_rows(mask)?.f_add_scalar(pass.n_past)?;
        Ok(tokens.f_add(&embedded(&self.embed_positions, &rows)?)?)
    }

    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        let mut x = x.shallow_clone();
        if let Some(norm) = &self.final_layer_norm {
            x = norm.forward(&x)?;
        }
        if let Some(project_out) = &self.project_out {
            x = project_out.forward(&x)?;
        }
        Ok(x)
    }
}

#[derive(Debug)]
struct OptBlock {
    self_attn_layer_norm: LayerNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    final_layer_norm: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    heads: Heads,
    activation: Activation,
    is_pre_norm: bool,
    dropout: f64,
}

impl OptBlock {
    fn attention(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let heads = &self.heads;
        let q = heads.split(&self.q_proj.forward(&pass.needed(x)?)?)?;
        let k = heads.split(&self.k_proj.forward(x)?)?;
        let v = heads.split(&self.v_proj.forward(x)?)?;
        let attended = self.out_proj.forward(&attend(&q, &k, &v, heads, pass)?)?;
        pass.drop_out(attended, Site::AttentionOutput, self.dropout)
    }

    fn feed_forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let fed = self.fc2.forward(&self.fc1.activated(x, self.activation)?)?;
        pass.drop_out(fed, Site::FeedForwardOutput, self.dropout)
    }
}

impl Block for OptBlock {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        if self.is_pre_norm {
            let normed = self.self_attn_layer_norm.forward(x)?;
            let x = pass.needed(x)?.f_add(&self.attention(&normed, pass)?)?;
            return Ok(x.f_add(&self.feed_forward(&self.final_layer_norm.forward(&x)?, pass)?)?);
        }
        let x = self
            .self_attn_layer_norm
            .forward(&pass.needed(x)?.f_add(&self.attention(x, pass)?)?)?;
        self.final_layer_norm
            .forward(&x.f_add(&self.feed_forward(&x, pass)?)?)
    }
}
