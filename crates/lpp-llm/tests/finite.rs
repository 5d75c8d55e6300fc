//! Numbers that are none are refused where they arise: in the weights, or in the hidden states.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::path::Path;

use lpp_files::{Silent, npy};
use lpp_llm::{CausalModel, HiddenStates, Identity, ModelParams, WindowInput};

/// The tiny GPT-2 with the first value of some tensors replaced.
fn gpt2_with(tensors: &[&str], value: f32) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let case = lpp_testkit::fixture("llm/gpt2");
    std::fs::copy(case.join("config.json"), copy.path().join("config.json")).unwrap();
    let mut bytes = std::fs::read(case.join("model.safetensors")).unwrap();
    let header_end = 8 + usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..header_end]).unwrap();
    for tensor in tensors {
        let mut entries = header.as_object().unwrap().iter();
        let (_, entry) = entries.find(|(name, _)| name.ends_with(tensor)).unwrap();
        assert_eq!(entry["dtype"], "F32");
        let at = header_end + usize::try_from(entry["data_offsets"][0].as_u64().unwrap()).unwrap();
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    std::fs::write(copy.path().join("model.safetensors"), bytes).unwrap();
    copy
}

fn run(folder: &Path, stream_layers: bool) -> Result<(), String> {
    let (ids, output) = (folder.join("ids.npy"), folder.join("out.safetensors"));
    npy::save(&ids, &ndarray::array![[1_i64, 2, 3], [3, 2, 1]]).unwrap();
    let job = HiddenStates {
        model: ModelParams {
            stream_layers,
            ..ModelParams::new(folder)
        },
        ids,
        attention_mask: None,
        output: output.clone(),
    };
    let identity = Identity::new("test", "0", &job.model, &[]);
    let done = job.write(identity, &Silent).map(drop).map_err(|e| e.to_string());
    assert_eq!(done.is_ok(), output.exists());
    done
}

#[test]
fn a_weight_that_is_no_number_is_named() {
    for (tensor, value) in [
        ("h.1.mlp.c_fc.bias", f32::NAN),
        ("h.0.ln_1.weight", f32::INFINITY),
        ("ln_f.bias", f32::NEG_INFINITY),
        ("wpe.weight", f32::NAN),
    ] {
        let folder = gpt2_with(&[tensor], value);
        for stream in [false, true] {
            let message = run(folder.path(), stream).unwrap_err();
            assert!(
                message.contains(tensor)
                    && message.contains("model.safetensors")
                    && message.contains("finite"),
                "{message}"
            );
        }
    }
}

#[test]
fn a_state_that_overflows_is_named_by_layer_and_row() {
    // Finite weights whose sum is not.
    let folder = gpt2_with(&["h.1.attn.c_proj.bias", "h.1.mlp.c_proj.bias"], f32::MAX);
    for stream in [false, true] {
        let message = run(folder.path(), stream).unwrap_err();
        assert!(
            message.contains("row 0: hidden state of layer 2") && message.contains("token 0"),
            "{message}"
        );
    }
}

#[test]
fn the_model_itself_refuses_states_that_are_no_numbers() {
    let folder = gpt2_with(&["h.2.attn.c_proj.bias", "h.2.mlp.c_proj.bias"], f32::MAX);
    let model = CausalModel::load(&ModelParams::new(folder.path())).unwrap();
    let mut layers = Vec::new();
    let refused = model.forward(&WindowInput::new(&[1, 2]), &mut |layer, _| {
        layers.push(layer);
        Ok(())
    });
    assert!(refused.unwrap_err().to_string().contains("layer 3"));
    assert_eq!(layers, [0, 1, 2], "layers before it are delivered");
}
