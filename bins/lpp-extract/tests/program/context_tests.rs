//! Own windows, and a context for each word.

use super::*;

/// Hidden states (`rows`, `n_tokens`, 16) of a layer of the tiny model for some inputs.
fn states(study: &Path, ids: &Array2<i64>, layer: usize) -> Vec<f32> {
    let (ids_file, output) = (study.join("ids.npy"), study.join("states.safetensors"));
    npy::save(&ids_file, ids).unwrap();
    assert_succeeds(hidden_states(&study.join("models/toy"), &ids_file, &output).arg("--force"));
    let mapped = MappedFile::open(&output).unwrap();
    let header_end = 8 + usize::try_from(u64::from_le_bytes(mapped[..8].try_into().unwrap())).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&mapped[8..header_end]).unwrap();
    let place = &header[format!("layer-{layer}")]["data_offsets"];
    let [start, end] = [0, 1].map(|k| header_end + usize::try_from(place[k].as_u64().unwrap()).unwrap());
    mapped[start..end]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()))
        .collect()
}

#[test]
fn a_word_is_read_after_its_own_context() {
    let study = toy_study();
    let file = study.path().join("activations/toy_en.safetensors");
    assert_succeeds(extract(study.path()).args(["--context", "tokens:7", "--max-windows", "900"]));
    let tokens = Activations::open(&file).unwrap();
    assert_eq!(tokens.metadata()["context"], "tokens:7");
    // Each word is one token: the last of eight tokens, or of fewer at the beginning of the run.
    let words = [7_usize, 40, 99];
    let ids = Array2::from_shape_fn((3, 8), |(row, k)| {
        i64::try_from(word_id(words[row] - 7 + k)).unwrap()
    });
    for layer in [0, 3] {
        let expected = states(study.path(), &ids, layer);
        let found = tokens.layer(0, layer).unwrap();
        for (row, &word) in words.iter().enumerate() {
            let last = &expected[(row * 8 + 7) * 16..(row * 8 + 8) * 16];
            for (found, expected) in found.row(word).iter().zip(last) {
                // Three windows at once and one alone go through other products of the same numbers.
                assert!(
                    (found - expected).abs() < 1e-5,
                    "layer {layer}, word {word}: {found} {expected}"
                );
            }
        }
    }
    let of_tokens: Vec<_> = (0..4).map(|layer| tokens.layer(2, layer).unwrap()).collect();
    drop(tokens);
    assert!(assert_succeeds(extract(study.path()).args(["--context", "words:7"])).contains("written"));
    let words = Activations::open(&file).unwrap();
    for (layer, of_tokens) in of_tokens.iter().enumerate() {
        assert_eq!(words.layer(2, layer).unwrap(), of_tokens);
    }
}

#[test]
fn windows_are_as_long_as_asked_and_never_too_long() {
    let study = toy_study();
    assert_succeeds(extract(study.path()).args(["--window", "50", "--advance", "10", "--json"]));
    let file = study.path().join("activations/toy_en.safetensors");
    let metadata = Activations::open(&file).unwrap().metadata().clone();
    assert_eq!(
        (metadata["window"].as_str(), metadata["stride"].as_str()),
        ("50", "40")
    );
    let refused = |flags: &[&str], parts: &[&str]| assert_fails(extract(study.path()).args(flags), parts);
    refused(&["--window", "81"], &["--window 81", "at most 80"]);
    refused(
        &["--context", "run"],
        &["run with 100 tokens for a word of run 0", "windows of 80 tokens"],
    );
    refused(&["--context", "words:90"], &["words:90 with 91 tokens"]);
    refused(
        &["--context", "words:3", "--max-windows", "899"],
        &["899, and 900 windows to run"],
    );
    assert_usage_error(extract(study.path()).args(["--context", "words:0"]));
    assert_usage_error(extract(study.path()).args(["--context", "words:3", "--advance", "9"]));
}
