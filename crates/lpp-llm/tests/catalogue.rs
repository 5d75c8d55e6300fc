//! Published models by their configurations: sizes equal those of the published tables, and what is not understood
//! is refused by name. No weights are needed.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use lpp_llm::{CausalModel, ModelInfo, ModelParams};

fn folder_with(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    folder
}

fn refusal(config: &str) -> String {
    ModelInfo::of_folder(folder_with(config).path())
        .unwrap_err()
        .to_string()
}

/// Name, parameters as published with the paper, hidden states, configuration.
const MODELS: [(&str, u64, usize, &str); 11] = [
    (
        "gpt2",
        124_439_808,
        13,
        r#"{"model_type": "gpt2", "vocab_size": 50257, "n_embd": 768, "n_layer": 12, "n_head": 12}"#,
    ),
    (
        "opt-350m",
        331_196_416,
        25,
        r#"{"model_type": "opt", "vocab_size": 50272, "hidden_size": 1024, "num_hidden_layers": 24,
            "num_attention_heads": 16, "ffn_dim": 4096, "word_embed_proj_dim": 512, "do_layer_norm_before": false}"#,
    ),
    (
        "opt-125m",
        125_239_296,
        13,
        r#"{"model_type": "opt", "vocab_size": 50272, "hidden_size": 768, "num_hidden_layers": 12,
            "num_attention_heads": 12, "ffn_dim": 3072}"#,
    ),
    (
        "Llama-2-7b-hf",
        6_738_415_616,
        33,
        r#"{"model_type": "llama", "vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "intermediate_size": 11008}"#,
    ),
    (
        "Qwen1.5-0.5B",
        463_987_712,
        25,
        r#"{"model_type": "qwen2", "vocab_size": 151936, "hidden_size": 1024, "num_hidden_layers": 24,
            "num_attention_heads": 16, "num_key_value_heads": 16, "intermediate_size": 2816,
            "tie_word_embeddings": true}"#,
    ),
    (
        "Qwen2-7B",
        7_615_616_512,
        29,
        r#"{"model_type": "qwen2", "vocab_size": 152064, "hidden_size": 3584, "num_hidden_layers": 28,
            "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944}"#,
    ),
    (
        "Mistral-7B-v0.1",
        7_241_732_096,
        33,
        r#"{"model_type": "mistral", "vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336}"#,
    ),
    (
        "gemma-2b",
        2_506_172_416,
        19,
        r#"{"model_type": "gemma", "vocab_size": 256000, "hidden_size": 2048, "num_hidden_layers": 18,
            "num_attention_heads": 8, "num_key_value_heads": 1, "intermediate_size": 16384}"#,
    ),
    (
        "stablelm-2-12b",
        12_143_185_920,
        41,
        r#"{"model_type": "stablelm", "vocab_size": 100352, "hidden_size": 5120, "num_hidden_layers": 40,
            "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 13824,
            "qk_layernorm": true, "use_parallel_residual": true}"#,
    ),
    (
        "mamba-130m-hf",
        129_135_360,
        25,
        r#"{"model_type": "mamba", "vocab_size": 50280, "hidden_size": 768, "num_hidden_layers": 24}"#,
    ),
    (
        "pythia-6.9b",
        6_857_302_016,
        33,
        r#"{"model_type": "gpt_neox", "vocab_size": 50432, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "intermediate_size": 16384}"#,
    ),
];

#[test]
fn parameters_are_counted_as_published() {
    for (name, n_parameters, n_layers, config) in MODELS {
        let info = ModelInfo::of_folder(folder_with(config).path()).unwrap();
        assert_eq!(
            (info.n_parameters, info.n_layers),
            (n_parameters, n_layers),
            "{name}"
        );
    }
}

#[test]
fn the_last_layer_of_opt_350m_is_narrower() {
    let info = ModelInfo::of_folder(folder_with(MODELS[1].3).path()).unwrap();
    assert_eq!((info.width(23), info.width(24)), (1024, 512));
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    assert!(refusal(r#"{"model_type": "bert"}"#).contains("`bert`"));
    assert!(refusal("{}").contains("model_type"));
    assert!(refusal("{").contains("not valid JSON"));
    for (config, option) in [
        (
            r#"{"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": true}"#,
            "scale_attn_by_inverse_layer_idx",
        ),
        (
            r#"{"model_type": "gpt2", "vocab_size": 9, "n_embd": 10, "n_layer": 1, "n_head": 3}"#,
            "n_head",
        ),
        (
            r#"{"model_type": "gpt2", "vocab_size": 9, "n_embd": 8, "n_layer": 99999999, "n_head": 2}"#,
            "n_layer",
        ),
        (
            r#"{"model_type": "gpt2", "vocab_size": 9, "n_embd": 8, "n_layer": 1, "n_head": 2,
             "activation_function": "mish"}"#,
            "activation_function",
        ),
        (
            r#"{"model_type": "qwen2", "use_sliding_window": true}"#,
            "use_sliding_window",
        ),
    ] {
        assert!(
            refusal(config).contains(&format!("`{option}`")),
            "{}",
            refusal(config)
        );
    }
    let scaled = r#""rope_scaling": {"type": "linear", "factor": 2.0}}"#;
    let llama = MODELS[3].3.trim_end_matches('}');
    assert!(refusal(&format!("{llama}, {scaled}")).contains("`rope_scaling`"));
}

#[test]
fn a_folder_that_is_not_there_names_those_beside_it() {
    let models = tempfile::tempdir().unwrap();
    std::fs::create_dir(models.path().join("tiny")).unwrap();
    std::fs::write(models.path().join("tiny/config.json"), "{}").unwrap();
    let message = CausalModel::load(&ModelParams::new(models.path().join("gpt2")))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("gpt2: no such model folder (known here: tiny)"),
        "{message}"
    );
}
