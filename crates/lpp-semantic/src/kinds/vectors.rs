//! Files of word vectors, and features that have a row for each scan.

use crate::answer::{Answer, refused, same, told};
use crate::files::{Encoding, Tensors};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{FEATURES, GLOVE};
use crate::study::{ENCODING_RUNS, Study};

const EXACT: Answer = same(1e-6, 1e-6);
const FILE: &str = "vectors.txt";

pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        Kind::new("vectors-windows-lines", &GLOVE, EXACT, |s, _| {
            s.files.text(FILE).style.line_end = "\r\n";
        }),
        Kind::new(
            "vectors-byte-order-mark",
            &GLOVE,
            EXACT.or_told(&["vectors.txt"]),
            |s, _| {
                s.files.text(FILE).style.encoding = Encoding::Utf8Marked;
            },
        ),
        Kind::new(
            "vectors-with-a-count",
            &GLOVE,
            EXACT.or_refused(&["vectors.txt"]),
            |s, _| {
                // the first line of word2vec's format: number of words, width
                let lines = s.files.text(FILE).text.lines().count();
                s.files.text(FILE).text.insert_str(0, &format!("{lines} 4\n"));
            },
        ),
        Kind::new(
            "vectors-with-tabs",
            &GLOVE,
            EXACT.or_refused(&["vectors.txt"]),
            |s, _| {
                let text = &mut s.files.text(FILE).text;
                *text = text.replace(' ', "\t");
            },
        ),
        Kind::new(
            "vector-too-large",
            &GLOVE,
            refused(&["vectors.txt", "1e39", "line", "word"]),
            |s, rng| {
                each_line(s, rng.below(20), |numbers: &mut Vec<String>| {
                    numbers[0] = "1e39".to_owned();
                });
            },
        ),
        Kind::new(
            "vector-not-a-number",
            &GLOVE,
            refused(&["vectors.txt", "line", "word"]),
            |s, rng| {
                let odd = rng.pick(&["nan", "inf", "-", "0,5"]);
                each_line(s, rng.below(20), |numbers: &mut Vec<String>| {
                    numbers[2] = odd.to_owned();
                });
            },
        ),
        Kind::new(
            "vector-of-another-width",
            &GLOVE,
            refused(&["vectors.txt", "line", "word"]),
            |s, rng| {
                each_line(s, rng.below(20), |numbers: &mut Vec<String>| {
                    numbers.pop();
                });
            },
        ),
        Kind::new(
            "vector-twice",
            &GLOVE,
            EXACT.or_told(&["twice", "the", "line"]),
            |s, _| {
                // the last of two, as the authors' dictionary keeps it, or a word about it
                let text = &mut s.files.text(FILE).text;
                text.insert_str(0, "the 9 9 9 9\n");
            },
        ),
        Kind::new(
            "vectors-cut-short",
            &GLOVE,
            told(&["vectors.txt", "line", "without a vector", "no vector"]),
            |s, rng| {
                let text = &mut s.files.text(FILE).text;
                let mut at = (text.len() as f64 * rng.uniform(0.2, 0.9)) as usize;
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                text.truncate(at);
            },
        ),
    ];
    kinds.extend(features());
    kinds
}

fn features() -> Vec<Kind> {
    vec![
        Kind::new(
            "features-of-fewer-scans",
            &FEATURES,
            refused(&["scans"]),
            |s, rng| {
                let tensor = &mut file(s).list[rng.below(ENCODING_RUNS)];
                tensor.shape[0] -= 5;
                let n = tensor.shape[0] * 3;
                tensor.data.truncate(n);
            },
        ),
        Kind::new(
            "features-of-runs-exchanged",
            &FEATURES,
            refused(&["scans"]),
            |s, rng| {
                let order = rng.derangement(ENCODING_RUNS);
                for (tensor, run) in file(s).list.iter_mut().zip(order) {
                    tensor.name = format!("run-{run}/layer-0");
                }
            },
        ),
        Kind::new(
            "features-not-finite",
            &FEATURES,
            refused(&["run&layer"]),
            |s, rng| {
                let tensor = &mut file(s).list[rng.below(ENCODING_RUNS)];
                let at = rng.below(tensor.data.len());
                tensor.data[at] = rng.pick(&[f64::NAN, f64::INFINITY]);
            },
        ),
        Kind::new("features-without-words", &FEATURES, same(1e-6, 0.0), |s, _| {
            s.files.remove("words_en.csv");
        }),
        Kind::new(
            "features-taken-for-words",
            &FEATURES,
            refused(&["words"]),
            |s, _| {
                // the entry of the metadata that says what the rows are was lost
                file(s).metadata.retain(|(key, _)| key != "rows");
            },
        ),
        Kind::new(
            "features-rows-of-something-else",
            &FEATURES,
            refused(&["rows"]),
            |s, rng| {
                let odd = rng.pick(&["TRs", "scan", "seconds", "Scans"]);
                file(s)
                    .metadata
                    .iter_mut()
                    .filter(|(k, _)| k == "rows")
                    .for_each(|(_, v)| odd.clone_into(v));
            },
        ),
        Kind::new("features-scaled", &FEATURES, same(1e-3, 0.0), |s, rng| {
            let factor = 10_f64.powf(rng.uniform(-15.0, 15.0));
            file(s)
                .list
                .iter_mut()
                .for_each(|t| t.data.iter_mut().for_each(|v| *v *= factor));
        }),
        Kind::new(
            "feature-of-scans-constant",
            &FEATURES,
            same(0.05, 0.0).or_refused(&["constant", "vary"]),
            |s, rng| {
                let value = rng.pick(&[0.0, 1.0, 437.3, 0.1]);
                for tensor in &mut file(s).list {
                    tensor.data = tensor
                        .data
                        .chunks(3)
                        .flat_map(|row| [row, &[value]].concat())
                        .collect();
                    tensor.shape[1] = 4;
                }
            },
        ),
    ]
}

fn file(study: &mut Study) -> &mut Tensors {
    study.files.tensors("activations/midi_en.safetensors")
}

/// Changes the numbers of one line.
fn each_line(study: &mut Study, line: usize, change: impl Fn(&mut Vec<String>)) {
    let text = &mut study.files.text(FILE).text;
    let mut lines: Vec<Vec<String>> = text
        .lines()
        .map(|l| l.split(' ').map(str::to_owned).collect())
        .collect();
    let mut numbers = lines[line].split_off(1);
    change(&mut numbers);
    lines[line].extend(numbers);
    *text = lines.into_iter().map(|l| l.join(" ") + "\n").collect();
}
