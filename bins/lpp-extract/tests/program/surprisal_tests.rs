//! Surprisal beside the activations.

use super::*;

use lpp_files::Silent;
use lpp_llm::{Identity, ModelParams, Scoring};
use lpp_text::TokenRow;

#[test]
fn surprisal_is_that_of_the_words_in_their_windows() {
    let study = toy_study();
    let said = assert_succeeds(extract(study.path()).arg("--surprisal"));
    assert!(
        said.contains("toy_en.safetensors: written")
            && said.contains("control_surprisal_toy_en.safetensors: written"),
        "{said}"
    );
    let column = |control: &str| {
        let file = study
            .path()
            .join(format!("activations/control_{control}_toy_en.safetensors"));
        let activations = Activations::open(&file).unwrap();
        assert_eq!((activations.n_runs(), activations.n_layers()), (N_RUNS, 1));
        activations.layer(1, 0).unwrap().column(0).to_vec()
    };
    let (surprisal, previous, entropy) = (
        column("surprisal"),
        column("surprisal_of_previous"),
        column("entropy"),
    );

    // Each word is one token. The second window holds tokens 64 to 99, and scores those that the first does not hold.
    let ids: Vec<i64> = (0..N_WORDS)
        .map(|k| i64::try_from(word_id(2 * k)).unwrap())
        .collect();
    let rows = [
        TokenRow {
            ids: ids[..80].to_vec(),
            first_scored: 1,
        },
        TokenRow {
            ids: ids[64..].to_vec(),
            first_scored: 16,
        },
    ];
    let model = ModelParams {
        n_threads: Some(1),
        ..ModelParams::new(study.path().join("models/toy"))
    };
    let scoring = Scoring {
        model: &model,
        rows: &rows,
        place: &|_| String::new(),
        batch_tokens: 1,
        with_entropies: true,
        output: &study.path().join("out"),
    };
    let (scores, _leftover) = scoring
        .run(Identity::new("test", "1", &model, &[]), false, &Silent)
        .unwrap();
    let logprobs: Vec<f64> = scores.iter().flat_map(|row| row.logprobs.clone()).collect();
    let entropies: Vec<f64> = scores.iter().flat_map(|row| row.entropies.clone()).collect();
    assert_eq!((logprobs.len(), surprisal.len()), (N_WORDS - 1, N_WORDS));
    // Rows of other batches: sums in another order; the files have f32.
    let near = |found: f32, expected: f64| {
        assert!((f64::from(found) - expected).abs() < 1e-5 * (1.0 + expected.abs()));
    };
    for (k, (logprob, entropy_before)) in logprobs.iter().zip(&entropies).enumerate() {
        near(surprisal[k + 1], -logprob / std::f64::consts::LN_2);
        near(entropy[k + 1], *entropy_before);
        if k + 2 < N_WORDS {
            assert_eq!(previous[k + 2].to_bits(), surprisal[k + 1].to_bits());
        }
    }
    // The first word has none: the mean of its run.
    let mean = -logprobs.iter().sum::<f64>() / std::f64::consts::LN_2 / logprobs.len() as f64;
    near(surprisal[0], mean);

    assert!(!assert_succeeds(extract(study.path()).arg("--surprisal")).contains("written"));
    assert_usage_error(extract(study.path()).args(["--surprisal", "--context", "words:3"]));
}
