//! Checkpoints: what configuration and weights say, and what is beside them.

use serde_json::json;

use super::shared::{LFS_POINTER, edit_json};
use crate::answer::{Answer, refused, same, told};
use crate::files::{Breach, Content, Element, Encoding, Tensor, Tensors};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::HIDDEN;
use crate::study::Study;

const EXACT: Answer = same(1e-5, 1e-5);
const CONFIG: &str = "model/config.json";
const WEIGHTS: &str = "model/model.safetensors";
const RULES: &[&str] = &[
    "model.safetensors&bytes",
    "offset",
    "overlap",
    "twice",
    "duplicate",
    "cover",
    "trailing",
    "model.norm",
];

pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = weights();
    kinds.extend(configurations());
    kinds.extend(ids());
    kinds
}

fn weights() -> Vec<Kind> {
    vec![
        Kind::new("weights-overlap", &HIDDEN, refused(RULES), |s, _| {
            s.files.tensors(WEIGHTS).breach = Breach::Overlap;
        }),
        Kind::new("weights-with-a-hole", &HIDDEN, refused(RULES), |s, _| {
            s.files.tensors(WEIGHTS).breach = Breach::Hole;
        }),
        Kind::new("weights-with-a-tail", &HIDDEN, refused(RULES), |s, _| {
            s.files.tensors(WEIGHTS).breach = Breach::Trailing;
        }),
        Kind::new("weights-key-twice", &HIDDEN, refused(RULES), |s, _| {
            s.files.tensors(WEIGHTS).breach = Breach::KeyTwice;
        }),
        Kind::new(
            "weight-not-finite",
            &HIDDEN,
            told(&["NaN", "finite", "inf"]),
            |s, rng| {
                let tensors = &mut s.files.tensors(WEIGHTS).list;
                let with: Vec<usize> = (0..tensors.len())
                    .filter(|i| tensors[*i].name.contains("layers"))
                    .collect();
                let tensor = &mut tensors[rng.pick(&with)];
                let at = rng.below(tensor.data.len());
                tensor.data[at] = rng.pick(&[f64::NAN, f64::INFINITY]);
            },
        ),
        Kind::new("weights-f16", &HIDDEN, same(0.02, 0.02), |s, _| {
            each(s, |t| t.dtype = "F16");
        }),
        Kind::new("weights-bf16", &HIDDEN, same(0.2, 0.2), |s, _| {
            each(s, |t| t.dtype = "BF16");
        }),
        Kind::new(
            "weights-f64",
            &HIDDEN,
            EXACT.or_refused(&["F64", "float64"]),
            |s, _| each(s, |t| t.dtype = "F64"),
        ),
        Kind::new("weights-in-another-order", &HIDDEN, EXACT, |s, rng| {
            let tensors = &mut s.files.tensors(WEIGHTS).list;
            let order = rng.shuffled(tensors.len());
            *tensors = order.into_iter().map(|i| tensors[i].clone()).collect();
        }),
        Kind::new("weights-of-the-bare-model", &HIDDEN, EXACT, |s, _| {
            // LlamaModel in place of LlamaForCausalLM
            s.files
                .tensors(WEIGHTS)
                .list
                .retain(|t| t.name != "lm_head.weight");
            each(s, |t| t.name = t.name.trim_start_matches("model.").to_owned());
            edit_json(s, CONFIG, |c| c["architectures"] = json!(["LlamaModel"]));
        }),
        Kind::new(
            "weights-of-parallel-training",
            &HIDDEN,
            EXACT.or_refused(&["module."]),
            |s, _| {
                each(s, |t| t.name = format!("module.{}", t.name));
            },
        ),
        Kind::new(
            "weights-of-an-adapter",
            &HIDDEN,
            EXACT.or_refused(&["base_layer", "adapter"]),
            |s, _| {
                each(s, |t| {
                    t.name = t.name.replace("q_proj.weight", "q_proj.base_layer.weight");
                });
            },
        ),
        Kind::new("weights-in-shards", &HIDDEN, EXACT, |s, rng| {
            shard(s, 1 + rng.below(15));
        }),
        Kind::new(
            "weights-lack-a-shard",
            &HIDDEN,
            refused(&["model-00002-of-00002"]),
            |s, rng| {
                shard(s, 1 + rng.below(15));
                s.files.remove("model/model-00002-of-00002.safetensors");
            },
        ),
        Kind::new(
            "weights-lack-a-tensor",
            &HIDDEN,
            refused(&["missing", "layers"]),
            |s, rng| {
                let tensors = &mut s.files.tensors(WEIGHTS).list;
                tensors.remove(2 + rng.below(tensors.len() - 3));
            },
        ),
        Kind::new(
            "weights-of-another-shape",
            &HIDDEN,
            refused(&["shape", "expected"]),
            |s, rng| {
                let tensors = &mut s.files.tensors(WEIGHTS).list;
                let with: Vec<usize> = (0..tensors.len())
                    .filter(|i| tensors[*i].name.contains("mlp"))
                    .collect();
                tensors[rng.pick(&with)].shape.reverse();
            },
        ),
        Kind::new(
            "weights-of-a-deeper-model",
            &HIDDEN,
            told(&["layers.1", "layers", "extra", "unused"]),
            |s, _| {
                // config.json of another model: half of the blocks would be left out
                edit_json(s, CONFIG, |c| c["num_hidden_layers"] = json!(1));
            },
        ),
        Kind::new("weights-with-a-stranger", &HIDDEN, told(&["stranger"]), |s, _| {
            let stranger = Tensor::new("model.layers.0.self_attn.stranger.weight", &[16], vec![1.0; 16]);
            s.files.tensors(WEIGHTS).list.push(stranger);
        }),
        Kind::new("weights-are-a-pointer", &HIDDEN, refused(&["lfs"]), |s, _| {
            s.files.put_text(WEIGHTS, LFS_POINTER);
        }),
        Kind::new("adapter-beside", &HIDDEN, told(&["adapter"]), |s, _| {
            s.files.put_text(
                "model/adapter_config.json",
                json!({"peft_type": "LORA", "r": 4, "lora_alpha": 8}).to_string(),
            );
            let name = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
            let tensors = vec![Tensor::new(name, &[4, 16], vec![0.1; 64])];
            s.files.put(
                "model/adapter_model.safetensors",
                Content::Tensors(Tensors::new(&[], tensors)),
            );
        }),
        Kind::new(
            "two-sets-of-weights",
            &HIDDEN,
            EXACT.or_told(&["consolidated", "pytorch_model", "model.safetensors"]),
            |s, _| {
                s.files.put(
                    "model/pytorch_model.bin",
                    Content::Bytes(b"PK\x03\x04 not looked at".to_vec()),
                );
            },
        ),
    ]
}

fn configurations() -> Vec<Kind> {
    vec![
        Kind::new("rope-as-written-today", &HIDDEN, EXACT, |s, _| {
            edit_json(s, CONFIG, |c| {
                c.as_object_mut().map(|c| c.remove("rope_theta"));
                c["rope_parameters"] = json!({"rope_type": "default", "rope_theta": 10000.0});
                c["dtype"] = json!("bfloat16");
            });
        }),
        Kind::new("rope-theta-left-out", &HIDDEN, EXACT, |s, _| {
            edit_json(s, CONFIG, |c| {
                c.as_object_mut().map(|c| c.remove("rope_theta"));
            });
        }),
        Kind::new(
            "rope-theta-inside",
            &HIDDEN,
            EXACT.or_refused(&["rope"]),
            |s, _| {
                edit_json(s, CONFIG, |c| {
                    c.as_object_mut().map(|c| c.remove("rope_theta"));
                    c["rope_scaling"] = json!({"rope_type": "default", "rope_theta": 10000.0});
                });
            },
        ),
        Kind::new("rope-theta-in-two-places", &HIDDEN, told(&["rope"]), |s, rng| {
            let theta = rng.pick(&[500_000.0, 1e6]);
            edit_json(s, CONFIG, |c| {
                c["rope_parameters"] = json!({"rope_type": "default", "rope_theta": theta});
            });
        }),
        Kind::new(
            "rope-scaling-of-an-unknown-kind",
            &HIDDEN,
            refused(&["rope", "unheard"]),
            |s, _| {
                edit_json(s, CONFIG, |c| {
                    c["rope_scaling"] = json!({"rope_type": "unheard", "factor": 2.0});
                });
            },
        ),
        Kind::new(
            "rope-scaling-with-an-unknown-key",
            &HIDDEN,
            refused(&["rope", "mystery"]),
            |s, _| {
                edit_json(s, CONFIG, |c| {
                    c["rope_scaling"] = json!({"rope_type": "linear", "factor": 2.0, "mystery": 3});
                });
            },
        ),
        Kind::new(
            "epsilon-negative",
            &HIDDEN,
            told(&["eps", "NaN", "finite"]),
            |s, rng| {
                let value = rng.pick(&[-1.0, -10.0]);
                edit_json(s, CONFIG, |c| c["rms_norm_eps"] = json!(value));
            },
        ),
        Kind::new(
            "heads-that-do-not-divide",
            &HIDDEN,
            refused(&["head"]),
            |s, rng| {
                let heads = rng.pick(&[3, 5, 0, 7]);
                edit_json(s, CONFIG, |c| c["num_attention_heads"] = json!(heads));
            },
        ),
        Kind::new(
            "vocabulary-of-another-size",
            &HIDDEN,
            refused(&["vocab", "embed", "shape"]),
            |s, rng| {
                let n = rng.pick(&[30, 50, 32_000]);
                edit_json(s, CONFIG, |c| c["vocab_size"] = json!(n));
            },
        ),
        Kind::new(
            "activation-unknown",
            &HIDDEN,
            refused(&["hidden_act", "unheard"]),
            |s, _| {
                edit_json(s, CONFIG, |c| c["hidden_act"] = json!("unheard"));
            },
        ),
        Kind::new(
            "options-that-change-numbers",
            &HIDDEN,
            told(&[
                "use_qk_norm",
                "no_rope_layers",
                "embedding_multiplier",
                "is_causal",
                "attention_multiplier",
            ]),
            |s, rng| {
                let (key, value) = rng.pick(&[
                    ("use_qk_norm", json!(true)),
                    ("no_rope_layers", json!([1])),
                    ("embedding_multiplier", json!(12.0)),
                    ("is_causal", json!(false)),
                    ("attention_multiplier", json!(0.5)),
                ]);
                edit_json(s, CONFIG, |c| c[key] = value);
            },
        ),
        Kind::new("config-windows-lines", &HIDDEN, EXACT, |s, _| {
            s.files.text(CONFIG).style.line_end = "\r\n";
        }),
        Kind::new(
            "config-byte-order-mark",
            &HIDDEN,
            EXACT.or_refused(&["config.json"]),
            |s, _| {
                s.files.text(CONFIG).style.encoding = Encoding::Utf8Marked;
            },
        ),
        Kind::new(
            "config-cut-short",
            &HIDDEN,
            refused(&["config.json"]),
            |s, rng| {
                let text = &mut s.files.text(CONFIG).text;
                text.truncate((text.len() as f64 * rng.uniform(0.1, 0.95)) as usize);
            },
        ),
        Kind::new(
            "config-key-twice",
            &HIDDEN,
            EXACT.or_refused(&["config.json"]),
            |s, _| {
                let text = &mut s.files.text(CONFIG).text;
                *text = text.replacen('{', "{\"num_hidden_layers\": 1,", 1);
            },
        ),
        Kind::new("config-missing", &HIDDEN, refused(&["config.json"]), |s, _| {
            s.files.remove(CONFIG);
        }),
        Kind::new(
            "config-of-an-unknown-family",
            &HIDDEN,
            refused(&["unheard"]),
            |s, _| {
                edit_json(s, CONFIG, |c| c["model_type"] = json!("unheard"));
            },
        ),
    ]
}

fn ids() -> Vec<Kind> {
    vec![
        Kind::new(
            "ids-int32",
            &HIDDEN,
            EXACT.or_refused(&["int32", "i4"]),
            |s, _| {
                s.files.array("ids.npy").element = Element::I32;
            },
        ),
        Kind::new(
            "ids-big-endian",
            &HIDDEN,
            EXACT.or_refused(&["endian", "byte order", ">i8"]),
            |s, _| {
                s.files.array("ids.npy").big_endian = true;
            },
        ),
        Kind::new("ids-fortran", &HIDDEN, EXACT.or_refused(&["fortran"]), |s, _| {
            s.files.array("ids.npy").fortran = true;
        }),
        Kind::new("ids-floats", &HIDDEN, refused(&["ids.npy"]), |s, _| {
            s.files.array("ids.npy").element = Element::F64;
        }),
        Kind::new(
            "ids-outside-the-vocabulary",
            &HIDDEN,
            refused(&["ids.npy", "token", "vocab"]),
            |s, rng| {
                let value = rng.pick(&[40.0, -1.0, 1e6]);
                let at = rng.below(24);
                s.files.array("ids.npy").data[at] = value;
            },
        ),
        Kind::new(
            "ids-longer-than-the-model",
            &HIDDEN,
            refused(&["64", "position", "long"]),
            |s, _| {
                let ids = s.files.array("ids.npy");
                ids.shape = vec![1, 80];
                ids.data = (0..80).map(|i| f64::from(3 + i % 30)).collect();
            },
        ),
    ]
}

fn each(study: &mut Study, change: impl FnMut(&mut Tensor)) {
    study.files.tensors(WEIGHTS).list.iter_mut().for_each(change);
}

/// Divides the weights into two files and an index.
fn shard(study: &mut Study, at: usize) {
    let Content::Tensors(whole) = study.files.remove(WEIGHTS) else {
        return;
    };
    let (first, second) = whole.list.split_at(at);
    let mut map = serde_json::Map::new();
    for (n, part) in [first, second].into_iter().enumerate() {
        let name = format!("model-0000{}-of-00002.safetensors", n + 1);
        for tensor in part {
            map.insert(tensor.name.clone(), json!(name));
        }
        let metadata = [("format", "pt".to_owned())];
        study.files.put(
            format!("model/{name}"),
            Content::Tensors(Tensors::new(&metadata, part.to_vec())),
        );
    }
    let index = json!({"metadata": {"total_size": 0}, "weight_map": map});
    study
        .files
        .put_text("model/model.safetensors.index.json", index.to_string());
}
