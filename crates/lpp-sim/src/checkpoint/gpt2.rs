//! A GPT-2 checkpoint (A. Radford et al. 2019), with the tensor names of the published checkpoints.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::parameter::Parameter;
use super::spec::ModelSpec;
use crate::random::normal_matrix;

/// Longest window of tokens: short, so that stories of the demo need several windows.
const N_POSITIONS: usize = 256;
/// Standard deviation of the position embeddings, small relative to that of the words, which is 1.
const POSITION_STD: f32 = 0.05;
/// Standard deviation of the output of a block, per unit of its normalised input; small enough that the words can be
/// decoded in every layer.
const BLOCK_GAIN: f32 = 0.35;

/// Configuration and parameters around a given token embedding.
pub(super) fn checkpoint(
    spec: ModelSpec,
    embedding: &Array2<f32>,
    rng: &mut ChaCha8Rng,
) -> (Value, Vec<Parameter>) {
    let d = spec.width;
    let n_tokens = embedding.nrows();
    let config = json!({
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": n_tokens, "n_embd": d,
        "n_layer": spec.n_blocks(), "n_head": 2, "n_positions": N_POSITIONS, "n_ctx": N_POSITIONS, "n_inner": null,
        "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5, "initializer_range": 0.02,
        "embd_pdrop": 0.1, "attn_pdrop": 0.1, "resid_pdrop": 0.1,
        "bos_token_id": n_tokens - 1, "eos_token_id": n_tokens - 1, "tie_word_embeddings": true,
    });
    let mut parameters = vec![
        Parameter::matrix("wte.weight", embedding),
        Parameter::matrix("wpe.weight", &normal_matrix(rng, (N_POSITIONS, d), POSITION_STD)),
    ];
    for block in 0..spec.n_blocks() {
        let name = |part: &str| format!("h.{block}.{part}");
        let mut projection = |part: &str, rows: usize, columns: usize, gain: f32| {
            let std = gain / (rows as f32).sqrt();
            vec![
                Parameter::matrix(
                    name(&format!("{part}.weight")),
                    &normal_matrix(rng, (rows, columns), std),
                ),
                Parameter::constant(name(&format!("{part}.bias")), 0.0, columns),
            ]
        };
        let dense = [
            projection("attn.c_attn", d, 3 * d, 1.0),
            projection("attn.c_proj", d, d, BLOCK_GAIN),
            projection("mlp.c_fc", d, 4 * d, 1.0),
            projection("mlp.c_proj", 4 * d, d, BLOCK_GAIN),
        ];
        parameters.extend(dense.into_iter().flatten());
        parameters.extend(
            ["ln_1", "ln_2"]
                .into_iter()
                .flat_map(|norm| layer_norm(&name(norm), d)),
        );
    }
    parameters.extend(layer_norm("ln_f", d));
    (config, parameters)
}

fn layer_norm(name: &str, width: usize) -> [Parameter; 2] {
    [
        Parameter::constant(format!("{name}.weight"), 1.0, width),
        Parameter::constant(format!("{name}.bias"), 0.0, width),
    ]
}
