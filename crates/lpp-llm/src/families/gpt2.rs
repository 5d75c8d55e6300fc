//! GPT-2, with or without the `transformer.` prefix and the language-model head.
//!
//! A. Radford et al. (2019), "Language models are unsupervised multitask learners",
//! <https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf>

use tch::Tensor;

use crate::blocks::activation::Activation;
use crate::blocks::attention::{Heads, attend};
use crate::blocks::dense::Linear;
use crate::blocks::embedding::Embedding;
use crate::blocks::norm::LayerNorm;
use crate::blocks::pass::Pass;
use crate::checkpoint::Naming;
use crate::config::ConfigFile;
use crate::dropout::Site;
use crate::error::LlmError;
use crate::families::family::{Block, Family, FirstState, Layout, Stem, View};
use crate::families::sizes::{head_width, n_blocks};
use crate::fixed::FixedTensor;
use crate::head_layout::HeadLayout;
use crate::parameter::{Construction, Initial, Parameter};
use crate::weights::Weights;

/// Deviation with which the reference constructs a `Conv1D`, before any configuration is looked at.
const CONV1D_STD: f64 = 0.02;

/// Names that transformers treats as the same settings: (found, wanted).
const SYNONYMS: [(&str, &str); 4] = [
    ("hidden_size", "n_embd"),
    ("num_hidden_layers", "n_layer"),
    ("num_attention_heads", "n_head"),
    ("max_position_embeddings", "n_positions"),
];

/// Heads of other tasks, and the number of positions a second time.
const NO_PART: [&str; 8] = [
    "n_ctx",
    "n_special",
    "predict_special_tokens",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
];

#[derive(Debug, Clone)]
struct Gpt2 {
    n_vocabulary: i64,
    n_positions: i64,
    n_embd: i64,
    n_layer: i64,
    n_inner: i64,
    heads: Heads,
    activation: Activation,
    eps: f64,
    embd_pdrop: f64,
    resid_pdrop: f64,
    std: f64,
    is_tied: bool,
}

/// Reads a configuration of `model_type` gpt2.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    let config = &config.clone().with_synonyms(&SYNONYMS)?;
    config.ignore(&NO_PART);
    config.only_flag("scale_attn_weights", true, true)?;
    config.only_flag("scale_attn_by_inverse_layer_idx", false, false)?;
    config.only_flag("reorder_and_upcast_attn", false, false)?;
    config.only_flag("add_cross_attention", false, false)?;
    let n_embd = config.size_or("n_embd", 768)?;
    let n_heads = config.size_or("n_head", 12)?;
    Ok(Box::new(Gpt2 {
        n_vocabulary: config.size_or("vocab_size", 50_257)?,
        n_positions: config.size_or("n_positions", 1024)?,
        n_embd,
        n_layer: n_blocks(config, "n_layer", 12)?,
        n_inner: config.size_or("n_inner", 4 * n_embd)?,
        heads: Heads {
            n_heads,
            n_kv_heads: n_heads,
            width: head_width(config, "n_head", n_embd, n_heads)?,
            dropout: config.probability_or("attn_pdrop", 0.1)?,
            scale: None,
            softcap: None,
        },
        activation: Activation::from_config(config, "activation_function", "gelu_new")?,
        eps: config.positive_or("layer_norm_epsilon", 1e-5)?,
        embd_pdrop: config.probability_or("embd_pdrop", 0.1)?,
        resid_pdrop: config.probability_or("resid_pdrop", 0.1)?,
        std: config.not_negative_or("initializer_range", 0.02)?,
        is_tied: config.flag_or("tie_word_embeddings", true)?,
    }))
}

impl Gpt2 {
    fn block_parameters(&self, index: i64) -> Vec<Parameter> {
        let (d, f) = (self.n_embd, self.n_inner);
        let std = Initial::Normal(self.std);
        // Outputs onto the residual stream are drawn a second time, narrower the more blocks there are.
        let onto_residual = Initial::NormalTwice(self.std, self.std / (2.0 * self.n_layer as f64).sqrt());
        let conv = |name: &str, n_in: i64, n_out: i64, initial: Initial| {
            let drawn = Construction::Normal(CONV1D_STD);
            [
                Parameter::drawn(format!("h.{index}.{name}.weight"), &[n_in, n_out], drawn, initial),
                Parameter::constant(format!("h.{index}.{name}.bias"), &[n_out], 0.0),
            ]
        };
        let norm = |name: &str| Parameter::layer_norm(&format!("h.{index}.{name}"), d);
        [
            norm("ln_1"),
            conv("attn.c_attn", d, 3 * d, std),
            conv("attn.c_proj", d, d, onto_residual),
            norm("ln_2"),
            conv("mlp.c_fc", d, f, std),
            conv("mlp.c_proj", f, d, onto_residual),
        ]
        .concat()
    }
}

impl Family for Gpt2 {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_layer,
            width: self.n_embd,
            last_width: self.n_embd,
            n_positions: Some(self.n_positions),
            n_vocabulary: self.n_vocabulary,
            head: HeadLayout::new(self.is_tied, "wte.weight", self.std),
            first_state: FirstState::Embedding,
            view: View {
                rotary: None,
                reach: None,
            },
        }
    }

    fn naming(&self) -> Naming {
        // Masks of the attention, called "bias" in the OpenAI files; the real bias is `attn.c_attn.bias`.
        Naming {
            prefix: "transformer.",
            ignored: &[".attn.bias", ".attn.masked_bias"],
            synonyms: &[],
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let d = self.n_embd;
        let mut all = vec![
            Parameter::embedding("wte.weight", [self.n_vocabulary, d], self.std, None),
            Parameter::embedding("wpe.weight", [self.n_positions, d], self.std, None),
        ];
        all.extend((0..self.n_layer).flat_map(|i| self.block_parameters(i)));
        all.extend(Parameter::layer_norm("ln_f", d));
        all
    }

    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError> {
        Ok(Box::new(Gpt2Stem {
            wte: Embedding::load(weights, "wte.weight")?,
            wpe: weights.get("wpe.weight")?,
            ln_f: LayerNorm::load(weights, "ln_f", self.n_embd, self.eps)?,
            embd_pdrop: self.embd_pdrop,
        }))
    }

    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError> {
        let name = |part: &str| format!("h.{index}.{part}");
        let [c_attn_q, c_attn_kv] = Linear::load_split_conv1d(weights, &name("attn.c_attn"), self.n_embd)?;
        Ok(Box::new(Gpt2Block {
            ln_1: LayerNorm::load(weights, &name("ln_1"), self.n_embd, self.eps)?,
            c_attn_q,
            c_attn_kv,
            c_proj: Linear::load_conv1d(weights, &name("attn.c_proj"))?,
            ln_2: LayerNorm::load(weights, &name("ln_2"), self.n_embd, self.eps)?,
            mlp_c_fc: Linear::load_conv1d(weights, &name("mlp.c_fc"))?,
            mlp_c_proj: Linear::load_conv1d(weights, &name("mlp.c_proj"))?,
            config: self.clone(),
        }))
    }
}

#[derive(Debug)]
struct Gpt2Stem {
    wte: Embedding,
    wpe: FixedTensor,
    ln_f: LayerNorm,
    embd_pdrop: f64,
}

impl Stem for Gpt2Stem {
    fn embed(&self, ids: &Tensor, _mask: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let tokens = self.wte.rows(ids)?;
        let n_tokens = ids.size().last().copied().unwrap_or(0);
        let positions = self.wpe.f_narrow(0, pass.n_past, n_tokens)?;
        pass.drop_out(tokens.f_add(&positions)?, Site::Embedding, self.embd_pdrop)
    }

    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        self.ln_f.forward(x)
    }
}

#[derive(Debug)]
struct Gpt2Block {
    ln_1: LayerNorm,
    /// `c_attn` in two parts, since queries may be needed of fewer tokens than keys and values.
    c_attn_q: Linear,
    c_attn_kv: Linear,
    c_proj: Linear,
    ln_2: LayerNorm,
    mlp_c_fc: Linear,
    mlp_c_proj: Linear,
    config: Gpt2,
}

impl Gpt2Block {
    fn attention(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let (d, heads) = (self.config.n_embd, &self.config.heads);
        let q = self.c_attn_q.forward(&pass.needed(x)?)?;
        let kv = self.c_attn_kv.forward(x)?;
        let (k, v) = (kv.f_narrow(-1, 0, d)?, kv.f_narrow(-1, d, d)?);
        let mixed = attend(
            &heads.split(&q)?,
            &heads.split(&k)?,
            &heads.split(&v)?,
            heads,
            pass,
        )?;
        pass.drop_out(
            self.c_proj.forward(&mixed)?,
            Site::AttentionOutput,
            self.config.resid_pdrop,
        )
    }

    fn mlp(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let inner = self.mlp_c_fc.activated(x, self.config.activation)?;
        pass.drop_out(
            self.mlp_c_proj.forward(&inner)?,
            Site::FeedForwardOutput,
            self.config.resid_pdrop,
        )
    }
}

impl Block for Gpt2Block {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let x = pass
            .needed(x)?
            .f_add(&self.attention(&self.ln_1.forward(x)?, pass)?)?;
        Ok(x.f_add(&self.mlp(&self.ln_2.forward(&x)?, pass)?)?)
    }
}
