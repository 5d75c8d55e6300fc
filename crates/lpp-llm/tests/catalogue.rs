//! Published models by their configurations: sizes equal those of the published tables, and what is not understood
//! is refused by name. No weights are needed.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use lpp_files::{Silent, npy};
use lpp_llm::{CausalModel, HiddenStates, Identity, ModelInfo, ModelParams};

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

/// Name, parameters as published with the paper (from Llama 3 on: on the hub), hidden states, configuration.
const MODELS: [(&str, u64, usize, &str); 18] = [
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
    (
        "Meta-Llama-3-8B",
        8_030_261_248,
        33,
        r#"{"model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336, "rope_theta": 500000.0,
            "rope_scaling": null, "attention_bias": false}"#,
    ),
    (
        "Llama-3.2-1B",
        1_235_814_400,
        17,
        r#"{"model_type": "llama", "vocab_size": 128256, "hidden_size": 2048, "num_hidden_layers": 16,
            "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 8192, "head_dim": 64,
            "rope_theta": 500000.0, "tie_word_embeddings": true, "max_position_embeddings": 131072,
            "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                             "original_max_position_embeddings": 8192, "rope_type": "llama3"}}"#,
    ),
    (
        "SmolLM-135M",
        134_515_008,
        31,
        r#"{"model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "num_hidden_layers": 30,
            "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536,
            "tie_word_embeddings": true}"#,
    ),
    (
        "Qwen3-0.6B",
        596_049_920,
        29,
        r#"{"model_type": "qwen3", "vocab_size": 151936, "hidden_size": 1024, "num_hidden_layers": 28,
            "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": 3072,
            "tie_word_embeddings": true, "rope_theta": 1000000, "sliding_window": null,
            "use_sliding_window": false, "max_window_layers": 28}"#,
    ),
    (
        "gemma-2-2b",
        2_614_341_888,
        27,
        r#"{"model_type": "gemma2", "vocab_size": 256000, "hidden_size": 2304, "num_hidden_layers": 26,
            "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "intermediate_size": 9216,
            "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "query_pre_attn_scalar": 256,
            "sliding_window": 4096, "cache_implementation": "hybrid"}"#,
    ),
    (
        "gemma-3-1b-pt",
        999_885_952,
        27,
        r#"{"model_type": "gemma3_text", "vocab_size": 262144, "hidden_size": 1152, "num_hidden_layers": 26,
            "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 6912,
            "attn_logit_softcapping": null, "query_pre_attn_scalar": 256, "sliding_window": 512,
            "sliding_window_pattern": 6, "rope_theta": 1000000, "rope_local_base_freq": 10000,
            "rope_scaling": null}"#,
    ),
    (
        "OLMo-2-1124-7B",
        7_298_617_344,
        33,
        r#"{"model_type": "olmo2", "vocab_size": 100352, "hidden_size": 4096, "num_hidden_layers": 32,
            "num_attention_heads": 32, "num_key_value_heads": 32, "intermediate_size": 11008,
            "rope_theta": 500000, "tie_word_embeddings": false}"#,
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
            r#"{"model_type": "stablelm", "hidden_size": 2097152, "num_attention_heads": 524288,
             "num_key_value_heads": 524288, "num_hidden_layers": 1000, "qk_layernorm": true,
             "partial_rotary_factor": 1.0}"#,
            "num_attention_heads",
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
    assert!(refusal(r#"{"model_type": "gemma3", "text_config": {}}"#).contains("`gemma3`"));
}

#[test]
fn an_untrained_model_larger_than_the_memory_is_refused_before_it_is_drawn() {
    let wide = r#"{"model_type": "gpt2", "vocab_size": 9, "n_embd": 1048576, "n_layer": 2, "n_head": 4}"#;
    let folder = folder_with(wide);
    let params = ModelParams::new(folder.path()).untrained(1);
    let message = CausalModel::load(&params).unwrap_err().to_string();
    for part in [
        "config.json: found a model of",
        " TiB",
        "available",
        "--stream-layers",
    ] {
        assert!(message.contains(part), "{message}");
    }
    // Drawn block by block, a block is still too large.
    let job = HiddenStates {
        model: ModelParams {
            stream_layers: true,
            ..params
        },
        ids: folder.path().join("ids.npy"),
        attention_mask: None,
        output: folder.path().join("out.safetensors"),
    };
    npy::save(&job.ids, &ndarray::array![[1_i64, 2, 3]]).unwrap();
    let identity = Identity::new("test", "0", &job.model, &[]);
    let message = job.write(identity, &Silent).unwrap_err().to_string();
    assert!(message.contains("TiB in the largest block"), "{message}");
    assert!(!job.output.exists());
}

/// The configuration of a published model with one more option.
fn with_option(model: &str, option: &str) -> String {
    let (.., config) = MODELS.iter().find(|(name, ..)| *name == model).unwrap();
    format!("{{{option}, {}", config.trim_start_matches('{'))
}

#[test]
fn options_that_would_be_run_wrongly_are_refused() {
    for (model, option) in [
        (
            "Llama-2-7b-hf",
            r#""rope_scaling": {"type": "dynamic", "factor": 2.0}"#,
        ),
        (
            "Llama-2-7b-hf",
            r#""rope_scaling": {"rope_type": "yarn", "factor": 4.0}"#,
        ),
        ("Llama-2-7b-hf", r#""rope_scaling": {}"#),
        ("Llama-2-7b-hf", r#""rope_scaling": 2.0"#),
        (
            "pythia-6.9b",
            r#""rope_scaling": {"type": "linear", "factor": 2.0}"#,
        ),
        (
            "stablelm-2-12b",
            r#""rope_scaling": {"type": "linear", "factor": 2.0}"#,
        ),
        ("Llama-2-7b-hf", r#""partial_rotary_factor": 0.5"#),
        ("pythia-6.9b", r#""partial_rotary_factor": 0.5"#),
        ("Llama-2-7b-hf", r#""hidden_act": "mish""#),
        ("Llama-2-7b-hf", r#""layer_types": ["sliding_attention"]"#),
        ("Llama-2-7b-hf", r#""attn_logit_softcapping": 30.0"#),
        ("Mistral-7B-v0.1", r#""layer_types": []"#),
        ("Mistral-7B-v0.1", r#""attention_bias": true"#),
        ("Qwen2-7B", r#""use_sliding_window": true"#),
        ("OLMo-2-1124-7B", r#""clip_qkv": 8.0"#),
        ("gemma-2-2b", r#""layer_types": ["chunked_attention"]"#),
        ("gemma-2-2b", r#""use_bidirectional_attention": true"#),
        ("gemma-3-1b-pt", r#""use_bidirectional_attention": true"#),
    ] {
        let key = option.split('"').nth(1).unwrap();
        let message = refusal(&with_option(model, option));
        assert!(
            message.contains(&format!("`{key}`")),
            "{model}, {option}: {message}"
        );
    }
    for (model, ..) in MODELS {
        for (option, value) in [
            ("quantization_config", r#"{"bits": 4}"#),
            ("use_qk_norm", "true"),
            ("no_rope_layers", "[1, 0]"),
            ("embedding_multiplier", "12.0"),
            ("is_causal", "false"),
            ("alibi", "true"),
            ("num_local_experts", "8"),
            ("pruned_heads", r#"{"0": [1]}"#),
        ] {
            let message = refusal(&with_option(model, &format!(r#""{option}": {value}"#)));
            assert!(message.contains(&format!("`{option}`")), "{model}: {message}");
        }
        let neutral = r#""use_qk_norm": false, "embedding_multiplier": 1.0, "is_causal": true, "pruned_heads": {},
                         "auto_map": {}, "num_experts": null"#;
        ModelInfo::of_folder(folder_with(&with_option(model, neutral)).path()).unwrap();
    }
}

#[test]
fn epsilons_are_positive() {
    for (model, key) in [
        ("gpt2", "layer_norm_epsilon"),
        ("Llama-2-7b-hf", "rms_norm_eps"),
        ("gemma-2-2b", "rms_norm_eps"),
        ("pythia-6.9b", "layer_norm_eps"),
        ("stablelm-2-12b", "layer_norm_eps"),
        ("mamba-130m-hf", "layer_norm_epsilon"),
    ] {
        for value in ["-1", "0", "0.0"] {
            let message = refusal(&with_option(model, &format!(r#""{key}": {value}"#)));
            assert!(message.contains(&format!("`{key}`")), "{model}: {message}");
        }
    }
}

/// Rotary parameters as transformers 5 writes them, in place of `rope_theta` and `rope_scaling`.
#[test]
fn rotary_parameters_of_newer_releases_are_read() {
    for (model, ..) in MODELS {
        let rotates = !["gpt2", "opt-350m", "opt-125m", "mamba-130m-hf"].contains(&model);
        let kinds = model.starts_with("gemma-3");
        let whole = |theta: &str| format!(r#"{{"rope_type": "default", "rope_theta": {theta}}}"#);
        let read = |parameters: &str| {
            ModelInfo::of_folder(
                folder_with(&with_option(
                    model,
                    &format!(r#""rope_parameters": {parameters}"#),
                ))
                .path(),
            )
        };
        let by_kind = format!(
            r#"{{"full_attention": {}, "sliding_attention": {}}}"#,
            whole("1000000.0"),
            whole("10000.0")
        );
        match (rotates, kinds) {
            (false, _) => {}
            (true, true) => {
                read(&by_kind).unwrap();
                assert!(read(&whole("1000000.0")).is_err(), "{model}");
            }
            // Its scaling stands in rope_scaling, which other parameters contradict.
            (true, false) if model == "Llama-3.2-1B" => assert!(read(&whole("500000.0")).is_err()),
            (true, false) => {
                let accepted = ["10000.0", "500000.0", "1000000.0"].map(|theta| read(&whole(theta)).is_ok());
                // A file that names its base takes that one, and no other.
                assert!(accepted.contains(&true), "{model}");
                assert!(read(&by_kind).is_err(), "{model}");
            }
        }
        if rotates {
            let message = read(r#"{"rope_type": "default", "bits": 4}"#)
                .unwrap_err()
                .to_string();
            let names = ["`bits`", "`rope_parameters`", "`rope_scaling`"];
            assert!(
                names.iter().any(|name| message.contains(name)),
                "{model}: {message}"
            );
        }
    }
}

#[test]
fn a_file_without_sizes_has_those_of_its_class() {
    for (family, n_layers, n_hidden, n_vocabulary) in [
        ("gpt2", 13, 768, 50_257),
        ("opt", 13, 768, 50_272),
        ("llama", 33, 4096, 32_000),
        ("mistral", 33, 4096, 32_000),
        ("qwen2", 33, 4096, 151_936),
        ("qwen3", 33, 4096, 151_936),
        ("gemma", 29, 3072, 256_000),
        ("gemma2", 27, 2304, 256_000),
        ("gemma3_text", 27, 2304, 262_208),
        ("gpt_neox", 45, 6144, 50_432),
        ("stablelm", 33, 2560, 50_304),
        ("mamba", 33, 768, 50_280),
        ("olmo2", 33, 4096, 50_304),
    ] {
        let info =
            ModelInfo::of_folder(folder_with(&format!(r#"{{"model_type": "{family}"}}"#)).path()).unwrap();
        assert_eq!(
            (info.n_layers, info.n_hidden, info.n_vocabulary),
            (n_layers, n_hidden, n_vocabulary),
            "{family}"
        );
    }
}

#[test]
fn a_rotary_scaling_with_a_hole_is_refused() {
    let scaling = r#""rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0,
                                      "high_freq_factor": 1.0, "original_max_position_embeddings": 8192}"#;
    assert!(refusal(&with_option("Llama-2-7b-hf", scaling)).contains("`high_freq_factor` is 1"));
    let without = r#""rope_scaling": {"rope_type": "linear"}"#;
    assert!(refusal(&with_option("Llama-2-7b-hf", without)).contains("`factor` is absent"));
}

#[test]
fn options_as_newer_releases_write_them_are_read() {
    for (model, option) in [
        ("Llama-2-7b-hf", r#""rope_scaling": {"rope_type": "default"}"#),
        ("Mistral-7B-v0.1", r#""sliding_window": null, "head_dim": 128"#),
        ("pythia-6.9b", r#""partial_rotary_factor": 0.25"#),
        ("Qwen2-7B", r#""layer_types": null, "max_window_layers": 28"#),
        (
            "gpt2",
            r#""hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12"#,
        ),
    ] {
        ModelInfo::of_folder(folder_with(&with_option(model, option)).path()).unwrap();
    }
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
