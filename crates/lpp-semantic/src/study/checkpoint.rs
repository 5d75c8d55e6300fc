//! Small random language models.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::json;

use super::{Study, byte_level_bpe, story};
use crate::files::{Array, Content, Element, Tensor, Tensors};
use crate::random::Draw;

const VOCABULARY: usize = 40;
const WIDTH: usize = 16;
const INNER: usize = 24;
const N_BLOCKS: usize = 2;

/// A Llama of two blocks and some token ids.
pub(crate) fn checkpoint(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let config = json!({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": VOCABULARY, "hidden_size": WIDTH,
        "intermediate_size": INNER, "num_hidden_layers": N_BLOCKS, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "bos_token_id": 1, "eos_token_id": 2,
        "hidden_act": "silu", "tie_word_embeddings": false,
    });
    study.files.put_text("model/config.json", format!("{config:#}"));
    let mut tensors = Vec::new();
    let mut weight = |name: String, shape: &[usize], spread: f64| {
        let n = shape.iter().product();
        let base = if shape.len() == 1 { 1.0 } else { 0.0 };
        let values = rng.normals(n).into_iter().map(|v| base + spread * v).collect();
        tensors.push(Tensor::new(name, shape, values));
    };
    weight("lm_head.weight".to_owned(), &[VOCABULARY, WIDTH], 0.3);
    weight("model.embed_tokens.weight".to_owned(), &[VOCABULARY, WIDTH], 1.0);
    for block in 0..N_BLOCKS {
        let name = |part: &str| format!("model.layers.{block}.{part}.weight");
        for norm in ["input_layernorm", "post_attention_layernorm"] {
            weight(name(norm), &[WIDTH], 0.1);
        }
        for (part, shape) in [
            ("self_attn.q_proj", [WIDTH, WIDTH]),
            ("self_attn.k_proj", [WIDTH / 2, WIDTH]),
            ("self_attn.v_proj", [WIDTH / 2, WIDTH]),
            ("self_attn.o_proj", [WIDTH, WIDTH]),
            ("mlp.gate_proj", [INNER, WIDTH]),
            ("mlp.up_proj", [INNER, WIDTH]),
            ("mlp.down_proj", [WIDTH, INNER]),
        ] {
            weight(name(part), &shape, 0.35);
        }
    }
    weight("model.norm.weight".to_owned(), &[WIDTH], 0.1);
    let pt = [("format", "pt".to_owned())];
    study.files.put(
        "model/model.safetensors",
        Content::Tensors(Tensors::new(&pt, tensors)),
    );
    let ids = (0..2 * 12)
        .map(|_| (3 + rng.below(VOCABULARY - 3)) as f64)
        .collect();
    study
        .files
        .put("ids.npy", Content::Array(Array::new(&[2, 12], ids, Element::I64)));
    study
}

/// A story and a GPT-2 of one block, in the study's folder of models.
pub(crate) fn language_model(seed: u64) -> Study {
    let mut study = story(seed);
    study.files.move_folder("tokenizer", "models/tiny");
    gpt2(&mut study, "models/tiny", seed);
    study.give("model", vec!["tiny".to_owned()]);
    study
}

/// Writes a GPT-2 of one block, drawn from a seed, to a folder.
pub(crate) fn gpt2(study: &mut Study, folder: &str, seed: u64) {
    const WIDTH: usize = 8;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let n_tokens = byte_level_bpe()["model"]["vocab"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    let config = json!({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": n_tokens,
        "n_positions": 128, "n_embd": WIDTH, "n_layer": 1, "n_head": 2, "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new", "bos_token_id": 0, "eos_token_id": 0});
    study
        .files
        .put_text(format!("{folder}/config.json"), format!("{config:#}"));
    let mut tensors = Vec::new();
    let mut weight = |name: &str, shape: &[usize], base: f64| {
        let n = shape.iter().product();
        tensors.push(Tensor::new(
            name,
            shape,
            rng.normals(n).into_iter().map(|v| base + 0.2 * v).collect(),
        ));
    };
    weight("wte.weight", &[n_tokens, WIDTH], 0.0);
    weight("wpe.weight", &[128, WIDTH], 0.0);
    for norm in ["h.0.ln_1", "h.0.ln_2", "ln_f"] {
        weight(&format!("{norm}.weight"), &[WIDTH], 1.0);
        weight(&format!("{norm}.bias"), &[WIDTH], 0.0);
    }
    for (part, rows, columns) in [
        ("attn.c_attn", WIDTH, 3 * WIDTH),
        ("attn.c_proj", WIDTH, WIDTH),
        ("mlp.c_fc", WIDTH, 4 * WIDTH),
        ("mlp.c_proj", 4 * WIDTH, WIDTH),
    ] {
        weight(&format!("h.0.{part}.weight"), &[rows, columns], 0.0);
        weight(&format!("h.0.{part}.bias"), &[columns], 0.0);
    }
    let pt = [("format", "pt".to_owned())];
    study.files.put(
        format!("{folder}/model.safetensors"),
        Content::Tensors(Tensors::new(&pt, tensors)),
    );
}
