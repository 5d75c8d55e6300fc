//! Values: constants, NaN and infinities, and scales that a correlation does not depend on.

use crate::answer::{Answer, refused, same, told};
use crate::figures::{Figures, place_name};
use crate::files::{Element, Tensor};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{CLEAN, FIT, ISC, MASK, RIDGE, RIDGE_BANDS, RIDGE_PER_TARGET, RIDGE_R2};
use crate::study::{N_RIDGE_FEATURES, N_RIDGE_RUNS, Study};
use rand_chacha::ChaCha8Rng;

const ACTIVATIONS: &str = "activations/midi_en.safetensors";
const NOT_FINITE: &[&str] = &["nan", "finite", "inf"];
/// The shared penalty may become another one.
const NEARLY: Answer = same(0.05, 0.0);

pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = targets();
    kinds.extend(features());
    kinds.extend(scans());
    kinds
}

fn targets() -> Vec<Kind> {
    vec![
        Kind::new("constant-target", &RIDGE, same(1e-5, 0.0), |s, rng| {
            insert(s, rng);
        })
        .expecting(with_dead),
        Kind::new("constant-target-r2", &RIDGE_R2, same(1e-5, 0.0), |s, rng| {
            insert(s, rng);
        })
        .expecting(with_dead),
        // Weights of bands are drawn for all targets together.
        Kind::new("constant-target-bands", &RIDGE_BANDS, NEARLY, |s, rng| {
            insert(s, rng);
        })
        .expecting(with_dead),
        Kind::new(
            "constant-target-own-penalty",
            &RIDGE_PER_TARGET,
            same(1e-5, 0.0),
            insert,
        )
        .expecting(with_dead),
        Kind::new("constant-target-in-one-run", &RIDGE, NEARLY, |s, rng| {
            let (target, run, value) = (rng.below(6), rng.below(N_RIDGE_RUNS), constant(rng));
            let array = s.files.array(&format!("y{run}.npy"));
            array.element = Element::F64;
            array.each_row(|_, row| row[target] = value);
            s.give("dead", vec![target.to_string()]);
        })
        .expecting(without_score),
        Kind::new(
            "target-nearly-constant",
            &RIDGE,
            told(&["constant", "var"]).or_same(1e-2),
            |s, rng| {
                // a signal of 1 on top of 1e9: f32 has steps of 64 there
                let target = rng.below(6);
                for run in 0..N_RIDGE_RUNS {
                    let array = s.files.array(&format!("y{run}.npy"));
                    array.element = Element::F32;
                    array.each_row(|_, row| row[target] += 1e9);
                }
                s.give("dead", vec![target.to_string()]);
            },
        )
        .expecting(without_score),
        Kind::new("target-with-nan", &RIDGE, NEARLY.or_told(NOT_FINITE), |s, rng| {
            let target = rng.below(6);
            spoil(s, rng, "y", target, f64::NAN);
            s.give("dead", vec![target.to_string()]);
        })
        .expecting(without_score),
        Kind::new(
            "target-with-infinity",
            &RIDGE,
            NEARLY.or_told(NOT_FINITE),
            |s, rng| {
                let target = rng.below(6);
                let value = rng.pick(&[f64::INFINITY, f64::NEG_INFINITY]);
                spoil(s, rng, "y", target, value);
                s.give("dead", vec![target.to_string()]);
            },
        )
        .expecting(without_score),
        Kind::new("feature-with-nan", &RIDGE, refused(NOT_FINITE), |s, rng| {
            let (column, value) = (rng.below(N_RIDGE_FEATURES), rng.pick(&[f64::NAN, f64::INFINITY]));
            spoil(s, rng, "x", column, value);
        }),
        Kind::new("targets-scaled", &RIDGE, same(1e-4, 0.0), |s, rng| {
            // f32 holds 1e-38 to 1e38
            let factor = 10_f64.powf(rng.uniform(-25.0, 25.0));
            for path in s.files.under("y", ".npy") {
                s.files.array(&path).data.iter_mut().for_each(|v| *v *= factor);
            }
        }),
        Kind::new("each-target-scaled", &RIDGE, same(1e-4, 0.0), |s, rng| {
            let factors: Vec<f64> = (0..6).map(|_| 10_f64.powf(rng.uniform(-10.0, 10.0))).collect();
            for path in s.files.under("y", ".npy") {
                s.files
                    .array(&path)
                    .each_row(|_, row| row.iter_mut().zip(&factors).for_each(|(v, f)| *v *= f));
            }
        }),
        Kind::new("targets-reversed", &RIDGE, same(1e-6, 0.0), |s, _| {
            for path in s.files.under("y", ".npy") {
                s.files.array(&path).take_columns(&[5, 4, 3, 2, 1, 0]);
            }
        })
        .expecting(|intact, _| map_targets(intact, |target| 5 - target)),
        Kind::new("features-reversed", &RIDGE, same(1e-4, 0.0), |s, _| {
            let reversed: Vec<usize> = (0..N_RIDGE_FEATURES).rev().collect();
            for path in s.files.under("x", ".npy") {
                s.files.array(&path).take_columns(&reversed);
            }
        }),
        Kind::new("scans-shuffled-alike", &RIDGE, same(1e-4, 0.0), |s, rng| {
            for run in 0..N_RIDGE_RUNS {
                let n = s.files.array(&format!("x{run}.npy")).shape[0];
                let order = rng.shuffled(n);
                for letter in ["x", "y"] {
                    let array = s.files.array(&format!("{letter}{run}.npy"));
                    let rows = array.rows();
                    array.data = order.iter().flat_map(|r| rows[*r].clone()).collect();
                }
            }
        }),
        Kind::new(
            "features-and-penalties-scaled",
            &RIDGE,
            same(1e-4, 0.0),
            |s, rng| {
                // x·c with penalties·c² is the same fit
                let power = rng.pick(&[-2, -1, 1, 2, 3]);
                for path in s.files.under("x", ".npy") {
                    s.files
                        .array(&path)
                        .data
                        .iter_mut()
                        .for_each(|v| *v *= 10_f64.powi(power));
                }
                let grid = format!("logspace:{}:{}:16", 1 + 2 * power, 6 + 2 * power);
                s.give("penalties", vec![grid]);
            },
        ),
    ]
}

fn features() -> Vec<Kind> {
    vec![
        Kind::new(
            "silent-feature-everywhere",
            &FIT,
            same(1e-4, 0.0).or_refused(&["constant", "zero", "vary"]),
            |s, rng| {
                add_feature(s, rng, false);
            },
        ),
        Kind::new(
            "silent-feature-in-one-run",
            &FIT,
            NEARLY.or_refused(&["constant", "zero", "vary"]),
            |s, rng| {
                add_feature(s, rng, true);
            },
        ),
        Kind::new(
            "activation-not-finite",
            &FIT,
            refused(&["run&layer"]),
            |s, rng| {
                let tensors = &mut s.files.tensors(ACTIVATIONS).list;
                let n = tensors.len();
                let tensor = &mut tensors[rng.below(n)];
                let at = rng.below(tensor.data.len());
                tensor.data[at] = rng.pick(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
            },
        ),
        Kind::new("activations-scaled", &FIT, same(1e-3, 0.0), |s, rng| {
            let factor = 10_f64.powf(rng.uniform(-20.0, 20.0));
            each_tensor(s, |t| t.data.iter_mut().for_each(|v| *v *= factor));
        }),
        Kind::new("each-feature-scaled", &FIT, same(1e-3, 0.0), |s, rng| {
            let factors: Vec<f64> = (0..3).map(|_| 10_f64.powf(rng.uniform(-8.0, 8.0))).collect();
            each_tensor(s, |t| {
                t.data
                    .chunks_mut(3)
                    .for_each(|row| row.iter_mut().zip(&factors).for_each(|(v, f)| *v *= f));
            });
        }),
        Kind::new(
            "activations-all-zero",
            &FIT,
            told(&["constant", "zero", "vary"]),
            |s, _| {
                each_tensor(s, |t| t.data.fill(0.0));
            },
        ),
    ]
}

fn scans() -> Vec<Kind> {
    vec![
        Kind::new("scans-scaled", &FIT, same(1e-3, 0.0), |s, rng| {
            let factor = 10_f64.powf(rng.uniform(-15.0, 15.0));
            each_run(s, |row| row.iter_mut().for_each(|v| *v *= factor));
        }),
        Kind::new("scans-with-an-offset", &FIT, same(0.02, 0.0), |s, rng| {
            let offset = rng.uniform(-1e4, 1e4);
            each_run(s, |row| row.iter_mut().for_each(|v| *v += offset));
        }),
        Kind::new("voxel-constant", &FIT, NEARLY, |s, rng| {
            let (voxel, value) = (rng.below(60), constant(rng));
            for path in s.files.under("average_subject/", ".npy") {
                let array = s.files.array(&path);
                array.element = Element::F64;
                array.each_row(|_, row| row[voxel] = value);
            }
            s.give("dead", vec![voxel.to_string()]);
        })
        .expecting(without_voxel),
        Kind::new("voxel-constant-in-one-run", &FIT, NEARLY, |s, rng| {
            let (voxel, value) = (rng.below(60), rng.pick(&[0.0, 0.1, 437.3, -1e4]));
            let path = format!("average_subject/en/run-{}.npy", rng.below(9));
            s.files.array(&path).each_row(|_, row| row[voxel] = value);
            s.give("dead", vec![voxel.to_string()]);
        })
        .expecting(without_voxel),
        Kind::new("voxel-nan", &FIT, NEARLY.or_told(NOT_FINITE), |s, rng| {
            let voxel = rng.below(60);
            each_run(s, |row| row[voxel] = f64::NAN);
            s.give("dead", vec![voxel.to_string()]);
        })
        .expecting(without_voxel),
        Kind::new(
            "voxel-once-infinite",
            &FIT,
            NEARLY.or_told(NOT_FINITE),
            |s, rng| {
                let voxel = rng.below(60);
                let path = format!("average_subject/en/run-{}.npy", rng.below(9));
                let at = 12 + rng.below(15);
                s.files.array(&path).each_row(|scan, row| {
                    if scan == at {
                        row[voxel] = f64::INFINITY;
                    }
                });
                s.give("dead", vec![voxel.to_string()]);
            },
        )
        .expecting(without_voxel),
        Kind::new(
            "run-all-zero",
            &FIT,
            told(&["run-", "constant", "vary"]),
            |s, rng| {
                let path = format!("average_subject/en/run-{}.npy", rng.below(9));
                s.files.array(&path).data.fill(0.0);
            },
        ),
        Kind::new(
            "run-all-nan",
            &FIT,
            told(&["run-", "NaN", "not finite"]),
            |s, rng| {
                let path = format!("average_subject/en/run-{}.npy", rng.below(9));
                s.files.array(&path).data.fill(f64::NAN);
            },
        ),
        Kind::new(
            "cleaned-voxel-constant",
            &CLEAN,
            told(&["vary", "constant"]),
            |s, rng| {
                let value = constant(rng);
                let at = s.masked("mask.nii.gz")[rng.below(60)];
                let image = s.files.image("bold.nii.gz");
                image.number = rng.pick(&[crate::files::Number::F32, crate::files::Number::F64]);
                image.each_voxel(|place, course| {
                    if place_name(place) == place_name(at) {
                        course.fill(value.clamp(-1e30, 1e30));
                    }
                });
            },
        ),
        Kind::new(
            "cleaned-voxel-nan",
            &CLEAN,
            told(&["NaN", "finite", "vary"]),
            |s, rng| {
                let (at, scan) = (s.masked("mask.nii.gz")[rng.below(60)], rng.below(80));
                let value = rng.pick(&[f64::NAN, f64::INFINITY]);
                s.files.image("bold.nii.gz").each_voxel(|place, course| {
                    if place_name(place) == place_name(at) {
                        course[scan] = value;
                    }
                });
            },
        ),
        Kind::new(
            "runs-all-nan",
            &MASK,
            told(&["NaN", "finite", "empty", "constant"]),
            |s, _| {
                for run in s.given("runs").to_vec() {
                    s.files.image(&run).data.fill(f64::NAN);
                }
            },
        ),
        Kind::new(
            "runs-all-zero",
            &MASK,
            told(&["zero", "empty", "constant", "no brain", "vary"]),
            |s, _| {
                for run in s.given("runs").to_vec() {
                    s.files.image(&run).data.fill(0.0);
                }
            },
        ),
        Kind::new(
            "runs-skull-stripped",
            &MASK,
            same(0.0, 0.0).or_told(&["zero", "threshold", "background", "vary", "constant"]),
            |s, _| {
                for run in s.given("runs").to_vec() {
                    s.files
                        .image(&run)
                        .data
                        .iter_mut()
                        .filter(|v| **v < 600.0)
                        .for_each(|v| *v = 0.0);
                }
            },
        ),
        Kind::new(
            "runs-demeaned",
            &MASK,
            told(&["mean", "zero", "threshold", "no brain", "empty", "whole image"]),
            |s, _| {
                for run in s.given("runs").to_vec() {
                    s.files.image(&run).each_voxel(|_, course| {
                        let mean = course.iter().sum::<f64>() / course.len() as f64;
                        for value in course {
                            *value -= mean;
                        }
                    });
                }
            },
        ),
        Kind::new(
            "slices-that-never-vary",
            &MASK,
            told(&["vary", "varies", "constant", "coverage"]),
            |s, rng| {
                let above = rng.uniform(-4.0, 8.0);
                for run in s.given("runs").to_vec() {
                    s.files.image(&run).each_voxel(|place, course| {
                        if place[2] > above {
                            let first = course[0];
                            course.fill(first);
                        }
                    });
                }
            },
        ),
        Kind::new("isc-in-percent", &ISC, told(&["correlation", "-1"]), |s, _| {
            s.files
                .array("isc/isc_en.npy")
                .data
                .iter_mut()
                .for_each(|v| *v *= 100.0);
        }),
        Kind::new("isc-all-nan", &ISC, told(&["NaN", "correlation"]), |s, _| {
            s.files.array("isc/isc_en.npy").data.fill(f64::NAN);
        }),
        Kind::new(
            "isc-all-alike",
            &ISC,
            told(&["constant", "same", "reliable", "vary"]),
            |s, rng| {
                let value = rng.pick(&[0.0, 0.3, 1.0]);
                s.files.array("isc/isc_en.npy").data.fill(value);
            },
        ),
    ]
}

/// A number whose mean over many scans seldom comes out exactly.
fn constant(rng: &mut ChaCha8Rng) -> f64 {
    let sign = rng.pick(&[1.0, -1.0]);
    sign * rng.pick(&[0.0, 437.3, 76.71, 0.1, 1e-20, 1.0 / 3.0, 12345.678]) * 10_f64.powi(rng.below(5) as i32)
}

/// Inserts a target that never varies, in f64 so that its mean need not come out.
fn insert(study: &mut Study, rng: &mut ChaCha8Rng) {
    let (target, value) = (rng.below(7), constant(rng));
    for path in study.files.under("y", ".npy") {
        let array = study.files.array(&path);
        let rows: Vec<Vec<f64>> = array.rows();
        let with = |mut row: Vec<f64>| {
            row.insert(target, value);
            row
        };
        array.data = rows.into_iter().flat_map(with).collect();
        array.shape[1] += 1;
    }
    study.give("dead", vec![target.to_string()]);
}

fn dead(study: &Study) -> usize {
    study.one("dead").parse().unwrap_or(0)
}

fn map_targets(figures: &Figures, new: impl Fn(usize) -> usize) -> Figures {
    let mut mapped = Figures::default();
    for (name, value) in figures.iter() {
        let target = name.trim_start_matches("score of target ").parse().unwrap_or(0);
        mapped.set(format!("score of target {}", new(target)), value);
    }
    mapped
}

/// The scores of the others, and none for the inserted target.
fn with_dead(intact: &Figures, damaged: &Study) -> Figures {
    let dead = dead(damaged);
    let mut expected = map_targets(intact, |target| if target < dead { target } else { target + 1 });
    expected.set(format!("score of target {dead}"), f64::NAN);
    expected
}

/// The scores of the others, and none for the damaged target.
fn without_score(intact: &Figures, damaged: &Study) -> Figures {
    let mut expected = intact.clone();
    expected.set(format!("score of target {}", dead(damaged)), f64::NAN);
    expected
}

/// The scores of the other voxels, and none for the damaged one.
fn without_voxel(intact: &Figures, damaged: &Study) -> Figures {
    let place = place_name(damaged.masked(super::shared::MASK)[dead(damaged)]);
    let mut expected = intact.clone();
    for layer in 0..2 {
        expected.set(format!("score of layer {layer} at {place}"), f64::NAN);
    }
    expected
}

/// Puts a value into one scan of one run.
fn spoil(study: &mut Study, rng: &mut ChaCha8Rng, letter: &str, column: usize, value: f64) {
    let array = study
        .files
        .array(&format!("{letter}{}.npy", rng.below(N_RIDGE_RUNS)));
    let scan = rng.below(array.shape[0]);
    array.each_row(|n, row| {
        if n == scan {
            row[column] = value;
        }
    });
}

fn each_tensor(study: &mut Study, change: impl FnMut(&mut Tensor)) {
    study.files.tensors(ACTIVATIONS).list.iter_mut().for_each(change);
}

fn each_run(study: &mut Study, mut change: impl FnMut(&mut [f64])) {
    for path in study.files.under("average_subject/", ".npy") {
        study.files.array(&path).each_row(|_, row| change(row));
    }
}

/// Adds a feature that is 0: in all runs, or in one while it varies in the others, where it is a copy of the first.
fn add_feature(study: &mut Study, rng: &mut ChaCha8Rng, in_one_run: bool) {
    let silent = format!("run-{}/", rng.below(9));
    each_tensor(study, |tensor| {
        let copy = in_one_run && !tensor.name.starts_with(&silent);
        let with = |row: &[f64]| [row, &[if copy { row[0] } else { 0.0 }]].concat();
        tensor.data = tensor.data.chunks(3).flat_map(with).collect();
        tensor.shape[1] += 1;
    });
}
