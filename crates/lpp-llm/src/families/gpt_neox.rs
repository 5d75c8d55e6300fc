//! GPT-NeoX, the architecture of Pythia.
//!
//! S. Black et al. (2022), <https://arxiv.org/abs/2204.06745>; S. Biderman et al. (2023),
//! <https://arxiv.org/abs/2304.01373>

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
use crate::families::decoder::rotated;
use crate::families::family::{Block, Family, FirstState, Layout, Stem, View};
use crate::families::rope::{self, RopeKeys, rotary};
use crate::families::sizes::{head_width, n_blocks};
use crate::head_layout::HeadLayout;
use crate::parameter::Parameter;
use crate::weights::Weights;

const ROPE: RopeKeys = RopeKeys {
    theta: &["rotary_emb_base"],
    share: Some((&["rotary_pct"], 0.25)),
    may_scale: false,
    ..rope::LLAMA
};

#[derive(Debug, Clone)]
struct GptNeoX {
    n_vocabulary: i64,
    n_positions: i64,
    width: i64,
    n_blocks: i64,
    intermediate: i64,
    heads: Heads,
    rotary: RotaryParams,
    activation: Activation,
    eps: f64,
    attention_bias: bool,
    is_parallel: bool,
    hidden_dropout: f64,
    is_tied: bool,
    std: f64,
}

/// Reads a configuration of `model_type` `gpt_neox`.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    config.ignore(&["classifier_dropout"]);
    let n_heads = config.size_or("num_attention_heads", 64)?;
    let width = config.size_or("hidden_size", 6144)?;
    let head = head_width(config, "num_attention_heads", width, n_heads)?;
    Ok(Box::new(GptNeoX {
        n_vocabulary: config.size_or("vocab_size", 50_432)?,
        n_positions: config.size_or("max_position_embeddings", 2048)?,
        width,
        n_blocks: n_blocks(config, "num_hidden_layers", 44)?,
        intermediate: config.size_or("intermediate_size", 24_576)?,
        heads: Heads {
            n_heads,
            n_kv_heads: n_heads,
            width: head,
            dropout: config.probability_or("attention_dropout", 0.0)?,
            scale: None,
            softcap: None,
        },
        rotary: said_twice(config, rotary(config, &ROPE, head)?, head)?,
        activation: Activation::from_config(config, "hidden_act", "gelu")?,
        eps: config.positive_or("layer_norm_eps", 1e-5)?,
        attention_bias: config.flag_or("attention_bias", true)?,
        is_parallel: config.flag_or("use_parallel_residual", true)?,
        hidden_dropout: config.probability_or("hidden_dropout", 0.0)?,
        is_tied: config.flag_or("tie_word_embeddings", false)?,
        std: config.not_negative_or("initializer_range", 0.02)?,
    }))
}

/// Later releases write base and share a second time under the names of other families; the values must agree.
fn said_twice(config: &ConfigFile, rotary: RotaryParams, head: i64) -> Result<RotaryParams, LlmError> {
    let share = rotary.n_features as f64 / head as f64;
    let echoes = [("rope_theta", rotary.theta), ("partial_rotary_factor", share)];
    for (key, value) in echoes {
        // A share that is no multiple of a feature is cut to one.
        if config
            .optional_number(key)?
            .is_some_and(|again| (again - value).abs() * head as f64 >= 1.0)
        {
            return Err(config.refuse(key, format!("{value}, as the other keys say")));
        }
    }
    Ok(rotary)
}

impl GptNeoX {
    fn block_parameters(&self, index: i64) -> Vec<Parameter> {
        let (d, f) = (self.width, self.intermediate);
        let name = |part: &str| format!("layers.{index}.{part}");
        let mut all = Vec::new();
        all.extend(Parameter::layer_norm(&name("input_layernorm"), d));
        all.extend(Parameter::layer_norm(&name("post_attention_layernorm"), d));
        for (part, n_out, n_in, has_bias) in [
            ("attention.query_key_value", 3 * d, d, self.attention_bias),
            ("attention.dense", d, d, self.attention_bias),
            ("mlp.dense_h_to_4h", f, d, true),
            ("mlp.dense_4h_to_h", d, f, true),
        ] {
            all.extend(Parameter::linear_map(
                &name(part),
                [n_out, n_in],
                self.std,
                has_bias,
            ));
        }
        all
    }
}

impl Family for GptNeoX {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_blocks,
            width: self.width,
            last_width: self.width,
            n_positions: Some(self.n_positions),
            n_vocabulary: self.n_vocabulary,
            head: HeadLayout {
                own: "embed_out.weight",
                ..HeadLayout::new(self.is_tied, "embed_in.weight", self.std)
            },
            first_state: FirstState::Embedding,
            view: View {
                rotary: Some(self.rotary),
                reach: None,
            },
        }
    }

    fn naming(&self) -> Naming {
        Naming {
            prefix: "gpt_neox.",
            ignored: &[
                ".attention.bias",
                ".attention.masked_bias",
                ".rotary_emb.inv_freq",
            ],
            synonyms: &[],
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let shape = [self.n_vocabulary, self.width];
        let mut all = vec![Parameter::embedding("embed_in.weight", shape, self.std, None)];
        all.extend((0..self.n_blocks).flat_map(|i| self.block_parameters(i)));
        all.extend(Parameter::layer_norm("final_layer_norm", self.width));
        all
    }

    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError> {
        Ok(Box::new(GptNeoXStem {
            embed_in: Embedding::load(weights, "embed_in.weight")?,
            final_layer_norm: LayerNorm::load(weights, "final_layer_norm", self.width, self.eps)?,
            hidden_dropout: self.hidden_dropout,
        }))
    }

    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError> {
        let name = |part: &str| format!("layers.{index}.{part}");
        let linear = |part: &str, has_bias: bool| Linear::load(weights, &name(part), has_bias);
        let norm = |part: &str| LayerNorm::load(weights, &name(part), self.width, self.eps);
        Ok(Box::new(GptNeoXBlock {
            input_layernorm: norm("input_layernorm")?,
            query_key_value: linear("attention.query_key_value", self.attention_bias)?,
            dense: linear("attention.dense", self.attention_bias)?,
            heads: self.heads,
            post_attention_layernorm: norm("post_attention_layernorm")?,
            dense_h_to_4h: linear("mlp.dense_h_to_4h", true)?,
            dense_4h_to_h: linear("mlp.dense_4h_to_h", true)?,
            activation: self.activation,
            is_parallel: self.is_parallel,
            hidden_dropout: self.hidden_dropout,
        }))
    }
}

#[derive(Debug)]
struct GptNeoXStem {
    embed_in: Embedding,
    final_layer_norm: LayerNorm,
    hidden_dropout: f64,
}

impl Stem for GptNeoXStem {
    fn embed(&self, ids: &Tensor, _mask: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        pass.drop_out(self.embed_in.rows(ids)?, Site::Embedding, self.hidden_dropout)
    }

    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        self.final_layer_norm.forward(x)
    }
}

#[derive(Debug)]
struct GptNeoXBlock {
    input_layernorm: LayerNorm,
    query_key_value: Linear,
    dense: Linear,
    heads: Heads,
    post_attention_layernorm: LayerNorm,
    dense_h_to_4h: Linear,
    dense_4h_to_h: Linear,
    activation: Activation,
    is_parallel: bool,
    hidden_dropout: f64,
}

impl GptNeoXBlock {
    /// In the fused projection, query, key and value of one head are next to each other.
    fn attention(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let Heads { n_heads, width, .. } = self.heads;
        let fused = self
            .query_key_value
            .forward(x)?
            .f_unflatten(-1, &[n_heads, 3, width][..])?;
        let part =
            |index: i64| -> Result<Tensor, LlmError> { Ok(fused.f_select(-2, index)?.f_transpose(-3, -2)?) };
        let q = part(0)?.f_slice(-2, pass.first_row, None, 1)?;
        let (q, k) = rotated(&q, &part(1)?, pass)?;
        let attended = self
            .dense
            .forward(&attend(&q, &k, &part(2)?, &self.heads, pass)?)?;
        pass.drop_out(attended, Site::AttentionOutput, self.hidden_dropout)
    }

    fn mlp(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let inner = self.dense_h_to_4h.activated(x, self.activation)?;
        pass.drop_out(
            self.dense_4h_to_h.forward(&inner)?,
            Site::FeedForwardOutput,
            self.hidden_dropout,
        )
    }
}

impl Block for GptNeoXBlock {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let attended = self.attention(&self.input_layernorm.forward(x)?, pass)?;
        let rows = pass.needed(x)?;
        if self.is_parallel {
            let fed = self.mlp(&self.post_attention_layernorm.forward(&rows)?, pass)?;
            return Ok(fed.f_add(&attended)?.f_add(&rows)?);
        }
        let x = rows.f_add(&attended)?;
        Ok(x.f_add(&self.mlp(&self.post_attention_layernorm.forward(&x)?, pass)?)?)
    }
}
