//! Keys of configurations that no family reads: those that do not affect hidden states, and those that do.

use serde_json::{Value, json};

use crate::config::ConfigFile;
use crate::error::LlmError;

/// Keys of transformers' configurations that have no part in the hidden states of a decoder: training, generation, heads of
/// other tasks, how a file was written.
const HARMLESS: &[&str] = &[
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_attn_implementation_internal",
    "_commit_hash",
    "_name_or_path",
    "architectures",
    "attn_implementation",
    "bad_words_ids",
    "begin_suppress_tokens",
    "bos_token_id",
    "cache_implementation",
    "chunk_size_feed_forward",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "id2label",
    "label2id",
    "length_penalty",
    "logits_scaling",
    "max_length",
    "min_length",
    "model_max_length",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "output_scores",
    "pad_token_id",
    "prefix",
    "problem_type",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "tie_encoder_decoder",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unk_token_id",
    "use_bfloat16",
    "use_cache",
    "use_return_dict",
];

/// Keys that indicate another architecture under a supported `model_type`, and the values that change nothing.
fn altering() -> Vec<(&'static str, Vec<Value>)> {
    let off = || vec![json!(false), json!([]), json!({}), json!(0)];
    let one = || vec![json!(1)];
    let mut all: Vec<(&'static str, Vec<Value>)> = [
        "add_cross_attention",
        "alibi",
        "attention_chunk_size",
        "attn_temperature_tuning",
        "compression_config",
        "is_encoder_decoder",
        "kv_lora_rank",
        "layer_norm_type",
        "moe_intermediate_size",
        "n_routed_experts",
        "no_rope_layer_interval",
        "no_rope_layers",
        "num_experts",
        "num_experts_per_tok",
        "num_local_experts",
        "parallel_attn",
        "pruned_heads",
        "q_lora_rank",
        "quantization_config",
        "use_mrope",
        "rope_interleaved",
        "text_config",
        "use_alibi",
        "use_bidirectional_attention",
        "use_qk_norm",
        "use_qk_layernorm",
        "vision_config",
    ]
    .map(|key| (key, off()))
    .into();
    all.extend(
        [
            "attention_multiplier",
            "embedding_multiplier",
            "key_multiplier",
            "lm_head_multiplier",
            "residual_multiplier",
            "rope_ratio",
            "scale_emb",
        ]
        .map(|key| (key, one())),
    );
    all.push(("is_causal", vec![json!(true)]));
    all
}

/// Refuses options that no family here has; a file that sets one would be run wrongly.
pub(super) fn refuse_foreign(config: &ConfigFile) -> Result<(), LlmError> {
    for (key, neutral) in altering() {
        if !config.is_neutral(key, &neutral) {
            return Err(config.refuse(key, "null (this option is not supported)"));
        }
    }
    Ok(())
}

/// Unknown keys, after the family has read its keys.
pub(super) fn unknown(config: &ConfigFile) -> Vec<String> {
    let unknown = config.unasked().filter(|key| !HARMLESS.contains(key));
    unknown.map(str::to_owned).collect()
}
