//! Hidden states against transformers, see `fixtures/llm/make.py` (4.40.1) and `make_successors.py` (4.57.6).

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use lpp_llm::{CausalModel, LlmError, ModelParams, Precision, Training, WindowInput};
use lpp_testkit::{Tolerance, assert_close, data_folder, fixture, load_npy};
use ndarray::{Array2, Array3, s};

mod expected;
use expected::layers_of;

fn states(model: &CausalModel, window: &WindowInput<'_>) -> Vec<Array2<f32>> {
    let mut layers = Vec::new();
    model
        .forward(window, &mut |layer, states| {
            assert_eq!(layer, layers.len());
            layers.push(states);
            Ok(())
        })
        .unwrap();
    layers
}

fn assert_agrees(case: &str, params: &ModelParams, tolerance: f64) {
    let folder = fixture(&format!("llm/{case}"));
    let model = CausalModel::load(params).unwrap();
    let ids: Array2<i64> = load_npy(folder.join("ids.npy"));
    let mask: Array2<i64> = load_npy(folder.join("mask.npy"));
    let expected: Vec<Array3<f32>> = layers_of(&folder.join("expected.safetensors"));
    assert_eq!(expected.len(), model.info().n_layers);
    for row in 0..ids.nrows() {
        let (ids, mask) = (ids.row(row).to_vec(), mask.row(row).to_vec());
        let window = WindowInput {
            attention_mask: Some(&mask),
            ..WindowInput::new(&ids)
        };
        for (found, expected) in states(&model, &window).iter().zip(&expected) {
            // Relative to the layer's largest value: rounding errors of large components spread to small ones.
            let scale = expected.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
            let tolerance = Tolerance::absolute(tolerance * f64::from(scale));
            assert_close(found, &expected.slice(s![row, .., ..]), tolerance);
        }
    }
}

#[test]
fn hidden_states_of_every_family_agree_with_transformers() {
    for case in [
        "gpt2",
        "gpt2_legacy_bin",
        "opt",
        "opt_350m",
        "llama",
        "mistral",
        "qwen2",
        "gemma",
        "stablelm_1_6b",
        "stablelm_12b",
        "gpt_neox",
        "llama3",
        "llama_linear",
        "llama_biases",
        "qwen2_5",
        "mistral_full",
        "qwen3",
        "olmo2",
        "gemma2",
        "gemma3",
    ] {
        // Both sides compute in f32; they differ in the order of sums of up to 80 terms, over three blocks.
        assert_agrees(case, &ModelParams::new(fixture(&format!("llm/{case}"))), 5e-6);
    }
}

#[test]
fn hidden_states_of_mamba_agree_with_transformers() {
    // The recurrence multiplies exponentials, whose last bit depends on the library.
    assert_agrees("mamba", &ModelParams::new(fixture("llm/mamba")), 2e-5);
}

#[test]
fn untrained_twins_agree_with_transformers() {
    for case in [
        "untrained_gpt2",
        "untrained_llama",
        "untrained_opt_350m",
        "untrained_llama_biases",
        "untrained_qwen3",
        "untrained_olmo2",
        "untrained_gemma2",
        "untrained_gemma3",
    ] {
        let training = Training::Untrained {
            seed: 20_240_917,
            dropout: false,
        };
        // Equal weights, and sums in another order.
        assert_agrees(
            case,
            &ModelParams {
                training,
                ..ModelParams::new(fixture(&format!("llm/{case}")))
            },
            5e-6,
        );
    }
}

#[test]
fn needing_only_later_positions_changes_nothing_but_rounding() {
    let ids: Vec<i64> = (0..30).map(|i| (i * 7) % 40).collect();
    for case in [
        "gpt2",
        "opt_350m",
        "llama",
        "mistral",
        "stablelm_12b",
        "gpt_neox",
        "mamba",
        "olmo2",
        "gemma2",
        "gemma3",
    ] {
        let model = CausalModel::load(&ModelParams::new(fixture(&format!("llm/{case}")))).unwrap();
        let all = states(&model, &WindowInput::new(&ids));
        let late = states(
            &model,
            &WindowInput {
                first_needed: 21,
                ..WindowInput::new(&ids)
            },
        );
        for (all, late) in all.iter().zip(&late) {
            // The last block takes another path through the attention kernel.
            let tolerance = Tolerance::relative(1e-5).or_absolute(2e-5);
            assert_close(late, &all.slice(s![21.., ..]), tolerance);
        }
    }
}

#[test]
fn what_follows_does_not_matter() {
    let ids: Vec<i64> = (0..30).map(|i| (i * 7) % 40).collect();
    let model = CausalModel::load(&ModelParams::new(fixture("llm/llama"))).unwrap();
    let all = states(&model, &WindowInput::new(&ids));
    let part = states(&model, &WindowInput::new(&ids[..17]));
    for (all, part) in all.iter().zip(&part) {
        // Blocking of the sums depends on the number of rows.
        assert_close(
            part,
            &all.slice(s![..17, ..]),
            Tolerance::relative(1e-5).or_absolute(1e-5),
        );
    }
}

/// One case of each family.
const FAMILIES: [&str; 13] = [
    "gpt2",
    "opt",
    "llama",
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3",
    "olmo2",
    "stablelm_12b",
    "gpt_neox",
    "mamba",
];

/// Where the padding is longer than a sliding window, padded positions see no token at all.
#[test]
fn long_padding_changes_no_token_and_is_refused_in_front() {
    let tokens: Vec<i64> = (0..7).map(|i| (i * 7 + 3) % 40).collect();
    let (mut ids, mut mask) = (tokens.clone(), vec![1; 7]);
    ids.resize(60, 0);
    mask.resize(60, 0);
    for case in FAMILIES {
        for precision in [Precision::F32, Precision::Bf16] {
            let params = ModelParams {
                precision,
                ..ModelParams::new(fixture(&format!("llm/{case}")))
            };
            let model = CausalModel::load(&params).unwrap();
            let padded = WindowInput {
                attention_mask: Some(&mask),
                ..WindowInput::new(&ids)
            };
            let alone = states(&model, &WindowInput::new(&tokens));
            for (padded, alone) in states(&model, &padded).iter().zip(&alone) {
                assert!(padded.iter().all(|x| x.is_finite()), "{case} {precision:?}");
                let largest = alone.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
                // Sums over other numbers of rows; in bf16 each step rounds to three digits.
                let share = if precision == Precision::F32 { 1e-5 } else { 0.05 };
                let tolerance = Tolerance::absolute(share * f64::from(largest));
                assert_close(&padded.slice(s![..7, ..]), alone, tolerance);
            }
            let reversed: Vec<i64> = mask.iter().rev().copied().collect();
            let in_front = WindowInput {
                attention_mask: Some(&reversed),
                ..padded
            };
            let refused = model.forward(&in_front, &mut |_, _| Ok(())).unwrap_err();
            assert!(refused.to_string().contains("padding on the right"), "{refused}");
        }
    }
}

#[test]
fn dropout_drops_a_tenth_and_scales_the_rest() {
    let folder = fixture("llm/untrained_gpt2");
    let with = CausalModel::load(&ModelParams::new(&folder).untrained(3)).unwrap();
    let training = Training::Untrained {
        seed: 3,
        dropout: false,
    };
    let without = CausalModel::load(&ModelParams {
        training,
        ..ModelParams::new(&folder)
    })
    .unwrap();
    let ids: Vec<i64> = (0..80).map(|i| (i * 11) % 40).collect();
    let (with, plain) = (
        |key| {
            states(
                &with,
                &WindowInput {
                    key,
                    ..WindowInput::new(&ids)
                },
            )
        },
        states(&without, &WindowInput::new(&ids)),
    );
    let first = with(0);
    let zeros = first[0].iter().filter(|&&x| x == 0.0).count() as f64 / first[0].len() as f64;
    // 1280 elements: five standard deviations of a share of 0.1 are 0.042.
    assert!((zeros - 0.1).abs() < 0.042, "{zeros}");
    for (&dropped, &plain) in first[0].iter().zip(&plain[0]) {
        // Two rounded operations apart.
        assert!(dropped == 0.0 || (dropped - plain / 0.9).abs() <= 3e-7 * plain.abs());
    }
    assert_eq!(first, with(0), "a run can be repeated");
    assert_ne!(first, with(1), "each window has its own masks");
    // Scaling by 1/(1-p) keeps the mean over masks: 200 masks of the second layer.
    let mean = (0..200).fold(Array2::<f32>::zeros(plain[1].dim()), |sum, key| {
        sum + &with(key)[1]
    }) / 200.0;
    let error = (&mean - &plain[1]).mapv(f32::abs).mean().unwrap();
    let size = plain[1].mapv(f32::abs).mean().unwrap();
    // A dropped element deviates by about a third of its size; the mean of 200 by about 0.024 of it.
    assert!(error < 0.06 * size, "{error} of {size}");
}

#[test]
fn unusable_windows_are_refused() {
    let model = CausalModel::load(&ModelParams::new(fixture("llm/gpt2"))).unwrap();
    let refused = |window: &WindowInput<'_>| model.forward(window, &mut |_, _| Ok(())).unwrap_err();
    let long = [0; 81];
    assert!(matches!(
        refused(&WindowInput::new(&long)),
        LlmError::TooManyTokens { n_positions: 80, .. }
    ));
    assert!(matches!(
        refused(&WindowInput::new(&[1, 40])),
        LlmError::TokenId {
            id: 40,
            position: 1,
            ..
        }
    ));
    assert!(matches!(
        refused(&WindowInput::new(&[-1])),
        LlmError::TokenId { .. }
    ));
    assert!(matches!(refused(&WindowInput::new(&[])), LlmError::EmptyWindow));
    for mask in [&[1_i64][..], &[1, 2], &[0, 1]] {
        let window = WindowInput {
            attention_mask: Some(mask),
            ..WindowInput::new(&[1, 2])
        };
        assert!(matches!(refused(&window), LlmError::AttentionMask { .. }));
    }
}

/// The trained model writes the story that its data folder quotes: everything from the tokens on is right.
#[test]
fn stories260k_continues_greedily_as_published() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("models/stories260K");
    let model = CausalModel::load(&ModelParams::new(&folder)).unwrap();
    let embedding = expected::matrix_of(&folder.join("model.safetensors"), "model.embed_tokens.weight");
    let mut ids = vec![1];
    for _ in 0..90 {
        let last = states(&model, &WindowInput::new(&ids)).pop().unwrap();
        // The output matrix is tied to the embedding.
        let logits = embedding.dot(&last.row(ids.len() - 1));
        let best = (0..logits.len())
            .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
            .unwrap();
        ids.push(i64::try_from(best).unwrap());
    }
    let tokenizer = lpp_text::TextTokenizer::load(&folder).unwrap();
    let pieces = ids[1..]
        .iter()
        .map(|&id| tokenizer.token(u32::try_from(id).unwrap()).unwrap());
    let text = pieces.collect::<String>().replace('▁', " ");
    let published = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. \
                     One day, she saw a big, red ball. She wanted to play with it, but it was too high.";
    assert!(text.trim_start().starts_with(published), "{text}");
}
