//! Agreement with the reference: transformers' windows, the published rules for words and their vectors, NumPy's draws.

use std::collections::HashMap;

use crate::common::{Case, golden, numbers};
use lpp_text::{CorpusRun, RandomBaseline, RandomKind, RunWords, SpanAverager, average_spans};
use ndarray::{Array2, s};
use serde_json::{Value, json};

/// `en_gpt2` has no special token, `fr_opt` a leading one, `cn_bert` two, `cn_qwen` characters that share tokens.
const CASES: [&str; 4] = ["en_gpt2", "fr_opt", "cn_bert", "cn_qwen"];

/// The made-up hidden states of `make.py`: an integer hash, scaled in f32, so that both sides have the same bits.
fn hidden(corpus: &CorpusRun, window: usize, width: usize) -> Array2<f32> {
    Array2::from_shape_fn(
        (corpus.tokens.windows()[window].len(), width),
        |(token, column)| {
            let hash = (window * 7919 + token * 104_729 + column * 15_485_863) % 10_007;
            f32::from(u16::try_from(hash).unwrap()) / 97.0
        },
    )
}

fn all_hidden(corpus: &CorpusRun, width: usize) -> Vec<Array2<f32>> {
    (0..corpus.tokens.windows().len())
        .map(|window| hidden(corpus, window, width))
        .collect()
}

#[test]
fn kept_words_and_times_are_those_of_pandas() {
    for name in CASES {
        let case = Case::unpack(name);
        let runs = case.corpus();
        let words: Vec<&Vec<String>> = runs.iter().map(|run| &run.words.words).collect();
        assert_eq!(json!(words), case.expected["words"], "{name}");
        let onsets: Vec<f64> = runs.iter().flat_map(|run| run.words.onsets_s.clone()).collect();
        let offsets: Vec<f64> = runs.iter().flat_map(|run| run.words.offsets_s.clone()).collect();
        assert_eq!(json!(onsets), case.expected["onsets"], "{name}");
        assert_eq!(json!(offsets), case.expected["offsets"], "{name}");
    }
}

#[test]
fn windows_are_those_of_transformers() {
    for name in CASES {
        let case = Case::unpack(name);
        let windows = case.corpus().swap_remove(0).tokens.windows().to_vec();
        let column = |of: fn(&lpp_text::Window) -> Value| windows.iter().map(of).collect::<Vec<_>>();
        assert_eq!(
            json!(column(|w| json!(w.ids))),
            case.expected["windows"]["input_ids"],
            "{name}"
        );
        assert_eq!(
            json!(column(|w| json!(w.attention_mask))),
            case.expected["windows"]["attention_mask"],
            "{name}"
        );
        assert_eq!(
            json!(column(|w| json!(w.offsets))),
            case.expected["windows"]["char_offsets"],
            "{name}"
        );
    }
}

#[test]
fn words_begin_at_the_tokens_of_the_reference() {
    for name in CASES {
        let case = Case::unpack(name);
        for (run, (corpus, expected)) in case
            .corpus()
            .iter()
            .zip(case.expected["positions"].as_array().unwrap())
            .enumerate()
        {
            let starts: Vec<[usize; 2]> = corpus
                .spans
                .starts()
                .iter()
                .map(|at| [at.window, at.token])
                .collect();
            assert_eq!(&json!(starts), expected, "{name}, run {run}");
        }
    }
}

#[test]
fn word_vectors_have_the_bits_of_the_reference() {
    for name in CASES {
        let case = Case::unpack(name);
        for (run, corpus) in case.corpus().iter().enumerate() {
            let vectors = average_spans(&all_hidden(corpus, 2), &corpus.spans).unwrap();
            let expected = numbers(&case.expected["vectors"][run]);
            assert_eq!(vectors.nrows(), expected.len());
            for (vector, expected) in vectors.outer_iter().zip(&expected) {
                // The JSON reader may miss the last bit of a double, which rounding to f32 mends.
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "the reference wrote numbers of f32"
                )]
                let expected: Vec<f32> = expected.iter().map(|&v| v as f32).collect();
                assert_eq!(vector.to_vec(), expected, "{name}, run {run}");
            }
        }
    }
}

/// The obvious way: collect each unit's vectors from states that are all in memory, then average.
fn slow_average(hidden: &[Array2<f32>], corpus: &CorpusRun) -> Vec<Option<Vec<f32>>> {
    let mean = |tokens: Vec<Vec<f32>>| {
        let mut sum = tokens.first()?.clone();
        for token in &tokens[1..] {
            sum.iter_mut().zip(token).for_each(|(s, t)| *s += t);
        }
        Some(sum.into_iter().map(|s| s / tokens.len() as f32).collect())
    };
    let of_span = |span: &lpp_text::Span| {
        let tokens = span
            .pieces
            .iter()
            .flat_map(|p| (p.start..p.end).map(|t| hidden[p.window].row(t).to_vec()));
        mean(tokens.collect())
    };
    corpus.spans.units().iter().map(of_span).collect()
}

#[test]
fn averaging_by_window_equals_averaging_at_once() {
    let case = Case::unpack("fr_opt");
    for corpus in case.corpus() {
        let hidden = all_hidden(&corpus, 3);
        let mut averager = SpanAverager::new(&corpus.spans, 3);
        for (window, states) in hidden.iter().enumerate() {
            // Only the rows that are needed, as a model which computes no others would give them.
            let needed = corpus.spans.needed(window).unwrap();
            averager
                .add_window(window, needed.start, &states.slice(s![needed.clone(), ..]))
                .unwrap();
        }
        let vectors = averager.finish().unwrap();
        let slow = slow_average(&hidden, &corpus);
        for (vector, slow) in vectors.outer_iter().zip(slow) {
            assert_eq!(vector.to_vec(), slow.unwrap());
        }
    }
}

#[test]
fn hidden_states_that_do_not_fit_are_refused() {
    let corpus = Case::unpack("fr_opt").corpus().swap_remove(0);
    let states = all_hidden(&corpus, 2);
    let mut averager = SpanAverager::new(&corpus.spans, 2);
    assert!(
        averager.add_window(0, 0, &states[0].slice(s![..-1, ..])).is_err(),
        "a row too few"
    );
    assert!(averager.add_window(0, 2, &states[0]).is_err(), "begins too late");
    assert!(
        averager.add_window(0, 0, &states[0].slice(s![.., ..1])).is_err(),
        "a column too few"
    );
    averager.add_window(0, 0, &states[0]).unwrap();
    assert!(
        averager.add_window(0, 0, &states[0]).is_err(),
        "the same window again"
    );
    assert!(averager.finish().is_err(), "windows left out");
}

/// Doubles stored as whole numbers with their bits.
fn doubles(rows: &Value) -> Vec<f64> {
    let rows: Vec<Vec<u64>> = serde_json::from_value(rows.clone()).unwrap();
    rows.into_iter().flatten().map(f64::from_bits).collect()
}

#[test]
fn random_baselines_are_numpys() {
    let case = golden("random");
    let runs: Vec<RunWords> = case["words"]
        .as_array()
        .unwrap()
        .iter()
        .map(|words| RunWords {
            words: serde_json::from_value(words.clone()).unwrap(),
            ..RunWords::default()
        })
        .collect();
    for draw in case["draws"].as_array().unwrap() {
        let seed = u32::try_from(draw["seed"].as_u64().unwrap()).unwrap();
        for (kind, tolerance) in [
            (RandomKind::Embedding, 0.0),
            // Normal numbers pass through the C library's logarithm, whose last bits may differ between systems.
            (RandomKind::Vector, 1e-14),
        ] {
            let baseline = RandomBaseline {
                kind,
                n_dims: 3,
                seed,
            };
            for (run, values) in baseline.draw(&runs).iter().enumerate() {
                let expected = doubles(&draw[kind.name()][run]);
                let expected = Array2::from_shape_vec(values.dim(), expected).unwrap();
                lpp_testkit::assert_close(values, &expected, lpp_testkit::Tolerance::relative(tolerance));
            }
        }
    }
}

#[test]
fn one_vector_a_word_or_one_a_vocabulary_entry() {
    let words = ["a", "b", "a"].map(str::to_owned).to_vec();
    let runs = [RunWords {
        words,
        ..RunWords::default()
    }];
    for (kind, repeats) in [(RandomKind::Vector, false), (RandomKind::Embedding, true)] {
        let drawn = RandomBaseline {
            kind,
            n_dims: 4,
            seed: 1,
        }
        .draw(&runs)
        .swap_remove(0);
        let rows: HashMap<Vec<u64>, usize> = drawn
            .outer_iter()
            .enumerate()
            .map(|(i, row)| (row.iter().map(|v| v.to_bits()).collect(), i))
            .collect();
        assert_eq!(rows.len() == 2, repeats);
    }
}
