//! Mamba in the transformers layout (the `-hf` repositories): a selective state-space model without attention.
//!
//! A. Gu, T. Dao (2023), <https://arxiv.org/abs/2312.00752>

use tch::{Kind, Tensor};

use crate::blocks::activation::Activation;
use crate::blocks::dense::Linear;
use crate::blocks::embedding::Embedding;
use crate::blocks::memory::BlockMemory;
use crate::blocks::norm::RmsNorm;
use crate::blocks::pass::Pass;
use crate::checkpoint::Naming;
use crate::config::ConfigFile;
use crate::error::LlmError;
use crate::families::family::{Block, Family, FirstState, Layout, Stem, View};
use crate::families::sizes::n_blocks;
use crate::fixed::FixedTensor;
use crate::head_layout::HeadLayout;
use crate::parameter::{Construction, Initial, Parameter, uniform_for};
use crate::scan::{ScanInput, selective_scan};
use crate::weights::Weights;

/// Above this, softplus is the identity in the reference.
const SOFTPLUS_THRESHOLD: f32 = 20.0;

/// Keys that repeat others, or that configure the original code. The inner width of a block is recomputed from
/// `expand`, as in the reference.
const OTHER_NAMES: [&str; 12] = [
    "d_inner",
    "d_model",
    "fused_add_norm",
    "intermediate_size",
    "n_layer",
    "numb_hidden_layers",
    "pad_vocab_size_multiple",
    "residual_in_fp32",
    "rms_norm",
    "ssm_cfg",
    "use_mambapy",
    "time_step_limit",
];

#[derive(Debug, Clone)]
struct Mamba {
    n_vocabulary: i64,
    width: i64,
    /// Channels inside of a block.
    n_channels: i64,
    n_states: i64,
    kernel: i64,
    rank: i64,
    n_blocks: i64,
    eps: f64,
    use_bias: bool,
    use_conv_bias: bool,
    activation: Activation,
    is_tied: bool,
    std: f64,
    time_step: Initial,
    time_step_weight: Initial,
}

/// Reads a configuration of `model_type` mamba.
pub(super) fn family(config: &ConfigFile) -> Result<Box<dyn Family>, LlmError> {
    config.only_flag("rescale_prenorm_residual", false, false)?;
    config.ignore(&OTHER_NAMES);
    let width = config.size_or("hidden_size", 768)?;
    #[expect(clippy::cast_possible_truncation, reason = "the reference truncates, too")]
    let n_channels = (config.number_or("expand", 2.0)? * width as f64) as i64;
    if n_channels < 1 || n_channels > 64 * width {
        return Err(config.refuse("expand", "a factor from 1/hidden_size to 64"));
    }
    let rank = match config.text_or("time_step_rank", "") {
        Ok("" | "auto") => (width + 15) / 16,
        _ => config.size_or("time_step_rank", 1)?,
    };
    let spread = config.number_or("time_step_scale", 1.0)? / (rank as f64).sqrt();
    Ok(Box::new(Mamba {
        n_vocabulary: config.size_or("vocab_size", 50_280)?,
        width,
        n_channels,
        n_states: config.size_or("state_size", 16)?,
        kernel: config.size_or("conv_kernel", 4)?,
        rank,
        n_blocks: n_blocks(config, "num_hidden_layers", 32)?,
        eps: config.positive_or("layer_norm_epsilon", 1e-5)?,
        use_bias: config.flag_or("use_bias", false)?,
        use_conv_bias: config.flag_or("use_conv_bias", true)?,
        activation: Activation::from_config(config, "hidden_act", "silu")?,
        is_tied: config.flag_or("tie_word_embeddings", true)?,
        std: config.not_negative_or("initializer_range", 0.1)?,
        time_step: time_step(config)?,
        time_step_weight: match config.text_or("time_step_init_scheme", "random")? {
            "constant" => Initial::Constant(spread),
            "random" => Initial::Uniform(spread),
            _ => return Err(config.refuse("time_step_init_scheme", "random or constant")),
        },
    }))
}

fn time_step(config: &ConfigFile) -> Result<Initial, LlmError> {
    Ok(Initial::TimeStep {
        min: config.positive_or("time_step_min", 0.001)?,
        max: config.positive_or("time_step_max", 0.1)?,
        floor: config.positive_or("time_step_floor", 1e-4)?,
    })
}

impl Mamba {
    fn block_parameters(&self, index: i64) -> Vec<Parameter> {
        let Self {
            width: d,
            n_channels: i,
            n_states: n,
            kernel,
            rank,
            ..
        } = *self;
        let mixer = |part: &str| format!("layers.{index}.mixer.{part}");
        let kept = |name: String, shape: &[i64], n_in: i64| {
            Parameter::drawn(name, shape, uniform_for(n_in), Initial::Constructed)
        };
        let mut all = vec![
            Parameter::constant(format!("layers.{index}.norm.weight"), &[d], 1.0),
            Parameter::drawn(mixer("A_log"), &[i, n], Construction::Nothing, Initial::LogCount),
            Parameter::constant(mixer("D"), &[i], 1.0),
            kept(mixer("conv1d.weight"), &[i, 1, kernel], kernel),
        ];
        if self.use_conv_bias {
            all.push(kept(mixer("conv1d.bias"), &[i], kernel));
        }
        all.push(kept(mixer("in_proj.weight"), &[2 * i, d], d));
        if self.use_bias {
            all.push(Parameter::linear_bias(mixer("in_proj.bias"), 2 * i, d));
        }
        all.push(kept(mixer("x_proj.weight"), &[rank + 2 * n, i], i));
        let constructed = uniform_for(rank);
        all.push(Parameter::drawn(
            mixer("dt_proj.weight"),
            &[i, rank],
            constructed,
            self.time_step_weight,
        ));
        all.push(Parameter::drawn(
            mixer("dt_proj.bias"),
            &[i],
            constructed,
            self.time_step,
        ));
        all.push(kept(mixer("out_proj.weight"), &[d, i], i));
        if self.use_bias {
            all.push(Parameter::linear_bias(mixer("out_proj.bias"), d, i));
        }
        all
    }
}

impl Family for Mamba {
    fn layout(&self) -> Layout {
        Layout {
            n_blocks: self.n_blocks,
            width: self.width,
            last_width: self.width,
            n_positions: None,
            n_vocabulary: self.n_vocabulary,
            head: HeadLayout {
                // The reference leaves it as it is constructed.
                initial: Initial::Constructed,
                ..HeadLayout::new(self.is_tied, "embeddings.weight", self.std)
            },
            first_state: FirstState::FirstBlock,
            view: View {
                rotary: None,
                reach: None,
            },
        }
    }

    fn naming(&self) -> Naming {
        Naming {
            prefix: "backbone.",
            ignored: &[],
            synonyms: &[("embedding.weight", "embeddings.weight")],
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let shape = [self.n_vocabulary, self.width];
        let mut all = vec![Parameter::embedding("embeddings.weight", shape, self.std, None)];
        all.extend((0..self.n_blocks).flat_map(|i| self.block_parameters(i)));
        all.push(Parameter::constant(
            "norm_f.weight".to_string(),
            &[self.width],
            1.0,
        ));
        all
    }

    fn stem(&self, weights: &Weights) -> Result<Box<dyn Stem>, LlmError> {
        Ok(Box::new(MambaStem {
            embeddings: Embedding::load(weights, "embeddings.weight")?,
            norm_f: RmsNorm::load(weights, "norm_f", self.eps)?,
        }))
    }

    fn block(&self, weights: &Weights, index: i64) -> Result<Box<dyn Block>, LlmError> {
        let mixer = |part: &str| format!("layers.{index}.mixer.{part}");
        let conv_bias = self
            .use_conv_bias
            .then(|| weights.get(&mixer("conv1d.bias")))
            .transpose()?;
        Ok(Box::new(MambaBlock {
            norm: RmsNorm::load(weights, &format!("layers.{index}.norm"), self.eps)?,
            in_proj: Linear::load(weights, &mixer("in_proj"), self.use_bias)?,
            conv_weight: weights.get(&mixer("conv1d.weight"))?,
            conv_bias,
            x_proj: Linear::load(weights, &mixer("x_proj"), false)?,
            dt_proj: Linear::load(weights, &mixer("dt_proj"), true)?,
            a: weights.get_f32(&mixer("A_log"))?.f_exp()?.f_neg()?.into(),
            d: weights.get_f32(&mixer("D"))?.into(),
            out_proj: Linear::load(weights, &mixer("out_proj"), self.use_bias)?,
            config: self.clone(),
        }))
    }
}

#[derive(Debug)]
struct MambaStem {
    embeddings: Embedding,
    norm_f: RmsNorm,
}

impl Stem for MambaStem {
    fn embed(&self, ids: &Tensor, _mask: &Tensor, _pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        self.embeddings.rows(ids)
    }

    fn finish(&self, x: &Tensor) -> Result<Tensor, LlmError> {
        self.norm_f.forward(x)
    }
}

#[derive(Debug)]
struct MambaBlock {
    norm: RmsNorm,
    in_proj: Linear,
    conv_weight: FixedTensor,
    conv_bias: Option<FixedTensor>,
    x_proj: Linear,
    dt_proj: Linear,
    /// -exp(`A_log`), (`n_channels`, `n_states`).
    a: FixedTensor,
    /// (`n_channels`).
    d: FixedTensor,
    out_proj: Linear,
    config: Mamba,
}

impl MambaBlock {
    /// Causal convolution of each channel on its own: (`n_tokens`, `n_channels`) to the same shape. `before` are the inputs of the last
    /// tokens before, if a text is continued; those for the next tokens are returned, too.
    fn convolved(&self, u: &Tensor, before: Option<&Tensor>) -> Result<[Tensor; 2], LlmError> {
        let Mamba {
            n_channels, kernel, ..
        } = self.config;
        let n_new = n_tokens(u);
        let inputs = match before {
            Some(before) => Tensor::f_cat(&[before, u], -2)?,
            None => u.shallow_clone(),
        };
        let n_tokens = n_tokens(&inputs);
        let channels = inputs.f_reshape([-1, n_tokens, n_channels])?.f_transpose(1, 2)?;
        // Padding of K-1 on both sides; the outputs past the end look into the future and are cut off.
        let full = channels.f_conv1d(
            &self.conv_weight,
            self.conv_bias.as_deref(),
            &[1_i64][..],
            &[kernel - 1][..],
            &[1_i64][..],
            n_channels,
        )?;
        let outputs = full.f_narrow(-1, n_tokens - n_new, n_new)?.f_transpose(1, 2)?;
        let n_kept = n_tokens.min(kernel - 1);
        let kept = inputs.f_narrow(-2, n_tokens - n_kept, n_kept)?;
        Ok([outputs.f_contiguous()?.f_view_as(u)?, kept])
    }

    /// The state-space part in f32: (`n_tokens`, `n_channels`) to the same shape. It starts from the states `before`, or from none;
    /// the states after the last token, (…, `n_channels`, `n_states`), are returned, too.
    fn scanned(&self, u: &Tensor, before: Option<&Tensor>) -> Result<[Tensor; 2], LlmError> {
        let Mamba {
            n_channels,
            n_states,
            rank,
            ..
        } = self.config;
        let selected = self.x_proj.forward(u)?;
        let steps = self.dt_proj.forward(&selected.f_narrow(-1, 0, rank)?)?;
        let values = |x: &Tensor| -> Result<Vec<f32>, LlmError> {
            Ok(Vec::try_from(
                x.f_to_kind(Kind::Float)?.f_contiguous()?.f_flatten(0, -1)?,
            )?)
        };
        let delta = values(&steps)?.into_iter().map(softplus).collect::<Vec<_>>();
        let n_rows = u.numel() / usize::try_from(n_tokens(u) * n_channels).unwrap_or(1).max(1);
        let mut shape = u.size();
        shape.truncate(shape.len() - 2);
        shape.extend([n_channels, n_states]);
        let n_values = n_rows * usize::try_from(n_channels * n_states).unwrap_or(0);
        let mut states = match before {
            Some(states) => values(states)?,
            None => vec![0.0; n_values],
        };
        let input = ScanInput {
            n_tokens: usize::try_from(n_tokens(u)).unwrap_or(0),
            n_channels: usize::try_from(n_channels).unwrap_or(0),
            n_states: usize::try_from(n_states).unwrap_or(0),
            u: &values(u)?,
            delta: &delta,
            a: &values(&self.a)?,
            b: &values(&selected.f_narrow(-1, rank, n_states)?)?,
            c: &values(&selected.f_narrow(-1, rank + n_states, n_states)?)?,
            d: &values(&self.d)?,
            n_threads: usize::try_from(tch::get_num_threads()).unwrap_or(1),
        };
        let y = Tensor::f_from_slice(&selective_scan(&input, &mut states))?
            .f_view_as(u)?
            .f_to_kind(u.f_kind()?)?
            .f_to_device(u.device())?;
        Ok([y, Tensor::f_from_slice(&states)?.f_view(&shape[..])?])
    }
}

/// Tokens of each row of (…, `n_tokens`, `n_channels`).
fn n_tokens(x: &Tensor) -> i64 {
    x.size().iter().rev().nth(1).copied().unwrap_or(0)
}

/// ln(1 + exp(x)), as libtorch computes it in f32.
fn softplus(x: f32) -> f32 {
    if x > SOFTPLUS_THRESHOLD {
        x
    } else {
        x.exp().ln_1p()
    }
}

impl Block for MambaBlock {
    fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, LlmError> {
        let n = self.config.n_channels;
        let z = self.in_proj.forward(&self.norm.forward(x)?)?;
        let before = pass.memory.and_then(BlockMemory::take);
        let before = |place: usize| before.as_ref().map(|kept| &kept[place]);
        let [convolved, inputs] = self.convolved(&z.f_narrow(-1, 0, n)?, before(0))?;
        let u = self.config.activation.apply(&convolved)?;
        let gate = self.config.activation.apply(&z.f_narrow(-1, n, n)?)?;
        let [scanned, states] = self.scanned(&u, before(1))?;
        if let Some(memory) = pass.memory {
            memory.keep([inputs, states]);
        }
        let gated = scanned.f_mul(&gate)?;
        Ok(pass
            .needed(x)?
            .f_add(&self.out_proj.forward(&pass.needed(&gated)?)?)?)
    }
}
