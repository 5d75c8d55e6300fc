//! Runs that are too many, too few, too short, or set against the words of another.

use crate::answer::{refused, same, told};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{AVERAGE, AVERAGE_IMAGES, FIT};
use crate::study::{ENCODING_RUNS, Study};

/// Words that reach beyond the scans or leave a part of them empty.
const WORDS: &[&str] = &["word&scan", "word&run", "words&after", "onset"];
const ACTIVATIONS: &str = "activations/midi_en.safetensors";

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(
            "more-runs-than-words",
            &FIT,
            refused(&["run-9", "10 runs", "runs"]),
            |s, rng| {
                for extra in 0..=rng.below(9) {
                    s.files.copy(&run(extra % 9), run(9 + extra));
                }
            },
        ),
        Kind::new(
            "fewer-runs-than-words",
            &FIT,
            refused(&["run-8", "runs"]),
            |s, rng| {
                for lost in 0..=rng.below(3) {
                    s.files.remove(&run(8 - lost));
                }
            },
        ),
        Kind::new("gap-in-run-numbers", &FIT, refused(&["run-"]), |s, rng| {
            s.files.rename(&run(1 + rng.below(7)), run(9));
        }),
        Kind::new("runs-in-another-order", &FIT, told(WORDS), |s, rng| {
            let order = rng.derangement(ENCODING_RUNS).into_iter().map(run).collect();
            s.give("y", order);
        }),
        Kind::new("two-runs-exchanged", &FIT, told(WORDS), |s, rng| {
            let a = rng.below(ENCODING_RUNS - 1);
            let b = a + 1 + rng.below(ENCODING_RUNS - 1 - a);
            s.files.rename(&run(a), "average_subject/en/kept");
            s.files.rename(&run(b), run(a));
            s.files.rename("average_subject/en/kept", run(b));
        }),
        Kind::new(
            "run-given-twice",
            &FIT,
            told(&["twice", "same", "identical", "one file", "once", "word"]),
            |s, rng| {
                let mut order: Vec<usize> = (0..ENCODING_RUNS).collect();
                let at = 1 + rng.below(ENCODING_RUNS - 1);
                order[at] = at - 1;
                s.give("y", order.into_iter().map(run).collect());
            },
        ),
        Kind::new("runs-given-in-order", &FIT, same(1e-6, 0.0), |s, _| {
            let all = (0..ENCODING_RUNS).map(run).collect();
            s.give("y", all);
        }),
        Kind::new("scans-end-early", &FIT, told(WORDS), |s, rng| {
            cut(s, 0, 8 + rng.below(10));
        }),
        Kind::new("scans-begin-late", &FIT, told(WORDS), |s, rng| {
            cut(s, 8 + rng.below(10), 0);
        }),
        Kind::new("one-run-ends-early", &FIT, told(WORDS), |s, rng| {
            let array = s.files.array(&run(rng.below(ENCODING_RUNS)));
            let n = array.shape[0];
            array.cut_rows(0..n - 10);
        }),
        Kind::new(
            "run-of-almost-nothing",
            &FIT,
            refused(&["run-", "scans"]),
            |s, rng| {
                s.files.array(&run(rng.below(ENCODING_RUNS))).cut_rows(0..12);
            },
        ),
        Kind::new(
            "voxels-of-another-mask",
            &FIT,
            refused(&["voxels", "columns"]),
            |s, rng| {
                let path = run(rng.below(ENCODING_RUNS));
                let n = s.files.array(&path).n_columns();
                let columns: Vec<usize> = (1 + rng.below(4)..n).collect();
                s.files.array(&path).take_columns(&columns);
            },
        ),
        Kind::new(
            "all-scans-of-another-mask",
            &FIT,
            refused(&["voxels", "columns", "mask"]),
            |s, rng| {
                let n = s.files.array(&run(0)).n_columns();
                let columns: Vec<usize> = (1 + rng.below(4)..n).collect();
                for path in s.files.under("average_subject/", ".npy") {
                    s.files.array(&path).take_columns(&columns);
                }
            },
        ),
        Kind::new(
            "scans-on-their-side",
            &FIT,
            refused(&["voxels", "columns", "shape"]),
            |s, _| {
                for path in s.files.under("average_subject/", ".npy") {
                    s.files.array(&path).transpose();
                }
            },
        ),
        Kind::new("activations-lack-a-run", &FIT, refused(&["run-"]), |s, rng| {
            let lost = format!("run-{}/", rng.below(ENCODING_RUNS));
            s.files
                .tensors(ACTIVATIONS)
                .list
                .retain(|t| !t.name.starts_with(&lost));
        }),
        Kind::new(
            "activations-lack-a-layer",
            &FIT,
            refused(&["layer-1"]),
            |s, rng| {
                let lost = format!("run-{}/layer-1", rng.below(ENCODING_RUNS));
                s.files.tensors(ACTIVATIONS).list.retain(|t| t.name != lost);
            },
        ),
        Kind::new(
            "activations-lack-a-word",
            &FIT,
            refused(&["words", "rows"]),
            |s, rng| {
                let name = format!("run-{}/layer-0", rng.below(ENCODING_RUNS));
                for tensor in s
                    .files
                    .tensors(ACTIVATIONS)
                    .list
                    .iter_mut()
                    .filter(|t| t.name == name)
                {
                    tensor.shape[0] -= 1;
                    let n = tensor.shape.iter().product();
                    tensor.data.truncate(n);
                }
            },
        ),
        Kind::new(
            "activations-of-more-runs",
            &FIT,
            told(&["run-9", "runs"]),
            |s, _| {
                let tensors = &mut s.files.tensors(ACTIVATIONS).list;
                let mut extra: Vec<_> = tensors
                    .iter()
                    .filter(|t| t.name.starts_with("run-8/"))
                    .cloned()
                    .collect();
                for tensor in &mut extra {
                    tensor.name = tensor.name.replace("run-8", "run-9");
                }
                tensors.extend(extra);
            },
        ),
        Kind::new(
            "layers-of-unlike-width",
            &FIT,
            refused(&["run-", "columns", "width", "features"]),
            |s, rng| {
                let name = format!("run-{}/layer-1", rng.below(ENCODING_RUNS));
                for tensor in s
                    .files
                    .tensors(ACTIVATIONS)
                    .list
                    .iter_mut()
                    .filter(|t| t.name == name)
                {
                    tensor.data = tensor.data.chunks(3).flat_map(|row| row[..2].to_vec()).collect();
                    tensor.shape[1] = 2;
                }
            },
        ),
        Kind::new("subject-run-cut", &AVERAGE, refused(&["scans"]), |s, rng| {
            let path = format!(
                "in/sub-{n}/sub-{n}_task-a_run-{:02}_bold.npy",
                1 + rng.below(12),
                n = 1 + rng.below(3)
            );
            s.files.array(&path).cut_rows(3..40);
        }),
        Kind::new(
            "subject-run-narrow",
            &AVERAGE,
            refused(&["voxels", "columns"]),
            |s, rng| {
                let path = format!("in/sub-2/sub-2_task-a_run-{:02}_bold.npy", 1 + rng.below(12));
                s.files.array(&path).take_columns(&[0, 1, 2, 3]);
            },
        ),
        Kind::new(
            "subject-image-cut",
            &AVERAGE_IMAGES,
            refused(&["scans"]),
            |s, rng| {
                let n = 1 + rng.below(3);
                let path = format!(
                    "in/sub-{n}/func/sub-{n}_task-a_run-{}_bold.nii.gz",
                    1 + rng.below(3)
                );
                s.files.image(&path).cut(2..40);
            },
        ),
        Kind::new(
            "subject-image-without-time",
            &AVERAGE_IMAGES,
            refused(&["scans", "4-D", "dimension"]),
            |s, _| {
                let path = "in/sub-2/func/sub-2_task-a_run-2_bold.nii.gz";
                let image = s.files.image(path);
                image.cut(0..1);
            },
        ),
    ]
}

fn run(number: usize) -> String {
    format!("average_subject/en/run-{number}.npy")
}

/// Cuts scans from both ends of all runs.
fn cut(study: &mut Study, start: usize, end: usize) {
    for path in study.files.under("average_subject/", ".npy") {
        let array = study.files.array(&path);
        let n = array.shape[0];
        array.cut_rows(start..n - end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Content;

    #[test]
    fn runs_differ_enough_for_an_exchange_to_be_seen() {
        let mut study = (FIT.make)(3);
        let mut lengths: Vec<usize> = (0..ENCODING_RUNS)
            .map(|r| study.files.array(&run(r)).shape[0])
            .collect();
        lengths.sort_unstable();
        assert!(
            lengths.windows(2).all(|pair| pair[1] - pair[0] >= 7),
            "{lengths:?}"
        );
        assert!(matches!(study.files.get(&run(0)), Some(Content::Array(_))));
    }
}
