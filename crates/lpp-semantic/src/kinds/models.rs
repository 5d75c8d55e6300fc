//! Names of models, and models together with their text.

use super::shared::edit_json;
use crate::answer::{Answer, refused, same, told};
use crate::files::Content;
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::EXTRACT;
use crate::study::{Study, gpt2};

const EXACT: Answer = same(1e-5, 1e-5);
const MODEL: &str = "models/tiny";
const COMMIT: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(
            "two-organisations",
            &EXTRACT,
            EXACT.or_refused(&["org1/tiny", "org2/tiny"]),
            |s, _| {
                cache(s, "org1/tiny");
                gpt2(s, MODEL, 77);
                cache(s, "org2/tiny");
                s.files.move_folder(MODEL, "elsewhere");
                s.give("model", ["org1/tiny", "org2/tiny"].map(str::to_owned).to_vec());
            },
        ),
        Kind::new(
            "folder-shadows-the-hub",
            &EXTRACT,
            EXACT.or_told(&["models/tiny"]),
            |s, rng| {
                cache(s, "org1/tiny");
                gpt2(s, MODEL, 1000 + rng.below(1000) as u64);
                s.give("model", vec!["org1/tiny".to_owned()]);
            },
        ),
        Kind::new("model-of-the-cache", &EXTRACT, EXACT, |s, _| {
            cache(s, "org1/tiny");
            s.files.move_folder(MODEL, "elsewhere");
            s.give("model", vec!["org1/tiny".to_owned()]);
        }),
        Kind::new("model-unheard-of", &EXTRACT, refused(&["tiny"]), |s, rng| {
            s.give("model", vec![rng.pick(&["tinny", "Tiny", "tiny2"]).to_owned()]);
        }),
        Kind::new(
            "model-outside-the-study",
            &EXTRACT,
            refused(&["name", ".."]),
            |s, rng| {
                s.give(
                    "model",
                    vec![
                        rng.pick(&["../models/tiny", "../../tiny", "/tiny", "."])
                            .to_owned(),
                    ],
                );
            },
        ),
        Kind::new("model-text-windows-lines", &EXTRACT, EXACT, |s, _| {
            for run in 1..=9 {
                s.files
                    .text(&format!("text/lpp_en_text/text_en_run{run}.txt"))
                    .style
                    .line_end = "\r\n";
            }
        }),
        Kind::new("model-tokenizer-of-26-bytes", &EXTRACT, EXACT, |s, _| {
            s.files.put_text(
                format!("{MODEL}/tokenizer_config.json"),
                "{\"model_max_length\": 1024}",
            );
        }),
        Kind::new(
            "model-weight-not-finite",
            &EXTRACT,
            told(&["layer", "h.0", "wte", "finite", "NaN"]),
            |s, rng| {
                let tensors = &mut s.files.tensors(&format!("{MODEL}/model.safetensors")).list;
                let with: Vec<usize> = (0..tensors.len())
                    .filter(|i| tensors[*i].name.starts_with("h."))
                    .collect();
                let tensor = &mut tensors[rng.pick(&with)];
                let at = rng.below(tensor.data.len());
                tensor.data[at] = f64::NAN;
            },
        ),
        Kind::new(
            "model-weights-too-large-for-f32",
            &EXTRACT,
            told(&["layer", "finite", "inf", "NaN"]),
            |s, _| {
                let tensors = &mut s.files.tensors(&format!("{MODEL}/model.safetensors")).list;
                tensors
                    .iter_mut()
                    .filter(|t| t.name.contains("c_fc.weight"))
                    .for_each(|t| t.data.fill(3e38));
            },
        ),
        Kind::new(
            "tokenizer-of-a-larger-vocabulary",
            &EXTRACT,
            told(&["vocab", "embedding", "token id"]),
            |s, _| {
                // ids of the tokenizer that the embedding does not have
                edit_json(s, &format!("{MODEL}/tokenizer.json"), |t| {
                    for entry in ["th", "the", "Ġthe"] {
                        let old = t["model"]["vocab"][entry].as_u64().unwrap_or(0);
                        t["model"]["vocab"][entry] = serde_json::json!(old + 1000);
                    }
                });
            },
        ),
    ]
}

/// Copies the study's model into the hub's cache under a name.
fn cache(study: &mut Study, name: &str) {
    let repository = format!("hf/hub/models--{}", name.replace('/', "--"));
    for path in study.files.under(&format!("{MODEL}/"), "") {
        let file = path.trim_start_matches(MODEL).to_owned();
        study
            .files
            .copy(&path, format!("{repository}/snapshots/{COMMIT}{file}"));
    }
    study.files.put(
        format!("{repository}/refs/main"),
        Content::Bytes(COMMIT.as_bytes().to_vec()),
    );
}
