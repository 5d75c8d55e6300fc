//! A Llama checkpoint (H. Touvron et al. 2023), with the tensor names of the published checkpoints; Mistral's and Qwen2's differ
//! in the configuration, Qwen2's in biases too.

use ndarray::Array2;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::parameter::Parameter;
use super::spec::{Architecture, ModelSpec};
use crate::random::normal_matrix;

/// Longest window of tokens: long enough for a whole run of the demo.
const N_POSITIONS: usize = 2048;
/// Standard deviation of the output of a block, per unit of its normalised input, as in the GPT-2 models.
const BLOCK_GAIN: f32 = 0.35;

/// Configuration and parameters around a given token embedding.
pub(super) fn checkpoint(
    spec: ModelSpec,
    embedding: &Array2<f32>,
    rng: &mut ChaCha8Rng,
) -> (Value, Vec<Parameter>) {
    let d = spec.width;
    let n_inner = 8 * d / 3;
    let (name, class) = match spec.architecture {
        Architecture::Mistral => ("mistral", "MistralForCausalLM"),
        Architecture::Qwen2 => ("qwen2", "Qwen2ForCausalLM"),
        _ => ("llama", "LlamaForCausalLM"),
    };
    let mut config = json!({
        "model_type": name, "architectures": [class], "vocab_size": embedding.nrows(),
        "hidden_size": d, "intermediate_size": n_inner, "num_hidden_layers": spec.n_blocks(),
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": N_POSITIONS,
        "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true, "initializer_range": 0.02,
        "bos_token_id": 1, "eos_token_id": 2,
    });
    let own = match spec.architecture {
        Architecture::Mistral => json!({"sliding_window": null}),
        Architecture::Qwen2 => json!({"use_sliding_window": false}),
        _ => json!({"rope_scaling": null, "attention_bias": false, "mlp_bias": false}),
    };
    if let (Value::Object(config), Value::Object(own)) = (&mut config, own) {
        config.extend(own);
    }
    let mut parameters = vec![Parameter::matrix("model.embed_tokens.weight", embedding)];
    for block in 0..spec.n_blocks() {
        let name = |part: &str| format!("model.layers.{block}.{part}.weight");
        let mut projection = |part: &str, rows: usize, columns: usize, gain: f32| {
            let std = gain / (columns as f32).sqrt();
            Parameter::matrix(name(part), &normal_matrix(rng, (rows, columns), std))
        };
        parameters.extend([
            projection("self_attn.q_proj", d, d, 1.0),
            projection("self_attn.k_proj", d / 2, d, 1.0),
            projection("self_attn.v_proj", d / 2, d, 1.0),
            projection("self_attn.o_proj", d, d, BLOCK_GAIN),
            projection("mlp.gate_proj", n_inner, d, 1.0),
            projection("mlp.up_proj", n_inner, d, 1.0),
            projection("mlp.down_proj", d, n_inner, BLOCK_GAIN),
        ]);
        if spec.architecture == Architecture::Qwen2 {
            for (part, width) in [("q", d), ("k", d / 2), ("v", d / 2)] {
                let bias = format!("model.layers.{block}.self_attn.{part}_proj.bias");
                parameters.push(Parameter::constant(bias, 0.0, width));
            }
        }
        parameters.push(Parameter::constant(name("input_layernorm"), 1.0, d));
        parameters.push(Parameter::constant(name("post_attention_layernorm"), 1.0, d));
    }
    parameters.push(Parameter::constant("model.norm.weight", 1.0, d));
    (config, parameters)
}
