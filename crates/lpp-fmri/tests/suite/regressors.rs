//! Word regressors: nilearn's numbers, the obvious loop, and linearity.

use crate::common::{counts, fixture, items, manifest, numbers};
use lpp_fmri::{FmriError, Hrf, RegressorOperator};
use lpp_testkit::{Tolerance, assert_close, load_npy};
use ndarray::{Array1, Array2, Axis, array};

struct Case {
    name: String,
    n_scans: usize,
    tr_s: f64,
    hrf: Hrf,
    onsets: Vec<f64>,
    offsets: Vec<f64>,
    activations: Array2<f32>,
}

impl Case {
    fn all() -> Vec<Self> {
        let of = |case: &serde_json::Value| {
            let name = case["name"].as_str().unwrap();
            let file = |what: &str| fixture(&format!("regressor/{name}_{what}.npy"));
            let times = |what: &str| load_npy::<f64, ndarray::Ix1>(file(what)).to_vec();
            Self {
                name: name.to_owned(),
                n_scans: usize::try_from(case["n_scans"].as_u64().unwrap()).unwrap(),
                tr_s: case["tr_s"].as_f64().unwrap(),
                hrf: case["hrf"].as_str().unwrap().parse().unwrap(),
                onsets: times("onsets"),
                offsets: times("offsets"),
                activations: load_npy(file("act")),
            }
        };
        items(&manifest()["regressors"]["cases"]).iter().map(of).collect()
    }

    fn operator(&self) -> RegressorOperator {
        RegressorOperator::new(&self.onsets, &self.offsets, self.n_scans, self.tr_s, &self.hrf).unwrap()
    }
}

/// Each column divided by its largest magnitude in `reference`.
fn in_column_units(x: &Array2<f64>, reference: &Array2<f64>) -> Array2<f64> {
    let largest: Array1<f64> = reference.map_axis(Axis(0), |c| c.fold(0.0, |m, v| v.abs().max(m)));
    x / &largest
}

#[test]
fn features_agree_with_nilearn() {
    for case in Case::all() {
        let expected: Array2<f64> = load_npy(fixture(&format!("regressor/{}_features.npy", case.name)));
        let features = case.operator().apply(&case.activations).unwrap();
        // Both sides use f64; nilearn's sums over the fine grid lose some 1e-14 of the column's size.
        let tolerance = Tolerance::absolute(1e-12);
        assert_close(
            &in_column_units(&features, &expected),
            &in_column_units(&expected, &expected),
            tolerance,
        );
    }
}

#[test]
fn kernels_agree_with_nilearn() {
    for case in items(&manifest()["regressors"]["kernels"]) {
        let hrf: Hrf = case["hrf"].as_str().unwrap().parse().unwrap();
        let kernel = hrf.kernels(case["tr_s"].as_f64().unwrap()).unwrap().remove(0);
        assert_eq!(kernel.len() as u64, case["length"].as_u64().unwrap());
        let found: Array1<f64> = counts(&case["at"]).into_iter().map(|l| kernel[l]).collect();
        // Kernels are of size 1e-2: a few of their last bits, from another gamma function.
        assert_close(
            &found,
            &Array1::from(numbers(&case["values"])),
            Tolerance::absolute(1e-16),
        );
    }
}

#[test]
fn the_glover_kernel_has_the_published_values() {
    // Section 7.3 of the specification: the kernel of the study.
    let kernel = Hrf::Glover.kernels(2.0).unwrap().remove(0);
    for (l, expected) in [
        (50, 0.001_648_139_641_246_6),
        (127, 0.011_167_338_712_617_3),
        (250, -0.000_273_990_100_039),
        (314, -0.001_981_519_919_487_1),
    ] {
        // Thirteen digits are printed there.
        assert!((kernel[l] - expected).abs() < 1e-15, "h{l} = {}", kernel[l]);
    }
    assert_eq!(kernel.iter().copied().fold(f64::MIN, f64::max), kernel[127]);
    assert_eq!(kernel.iter().copied().fold(f64::MAX, f64::min), kernel[314]);
}

/// The obvious loop: boxes on the fine grid, convolved, and interpolated at the scans.
fn slow_feature(case: &Case, amplitudes: &[f64]) -> Vec<f64> {
    let times: Vec<f64> = (0..case.n_scans).map(|i| (i as f64 + 0.5) * case.tr_s).collect();
    let (first, last, gaps) = (times[0], times[case.n_scans - 1], case.n_scans as f64 - 1.0);
    let (start, end) = (first - 24.0, last * (1.0 + 1.0 / gaps));
    let n = (gaps / (last - first) * ((end - first + 24.0) * 50.0) + 1.0).round() as usize;
    let grid: Vec<f64> = (0..n)
        .map(|i| start + (end - start) * i as f64 / (n as f64 - 1.0))
        .collect();
    let before = |time: f64| grid.iter().filter(|g| **g < time).count().min(n - 1);
    let mut changes = vec![0.0; n];
    for (word, amplitude) in amplitudes.iter().enumerate() {
        let (rise, mut fall) = (before(case.onsets[word]), before(case.offsets[word]));
        if rise == fall && fall < n - 1 {
            fall += 1;
        }
        changes[rise] += amplitude;
        changes[fall] -= amplitude;
    }
    let mut signal = changes;
    for i in 1..n {
        signal[i] += signal[i - 1];
    }
    let kernel = case.hrf.kernels(case.tr_s).unwrap().remove(0);
    let convolved: Vec<f64> = (0..n)
        .map(|i| {
            kernel
                .iter()
                .take(i + 1)
                .enumerate()
                .map(|(l, h)| h * signal[i - l])
                .sum()
        })
        .collect();
    let sample = |&time: &f64| {
        let j = grid.iter().filter(|g| **g < time).count().clamp(1, n - 1);
        let slope = (convolved[j] - convolved[j - 1]) / (grid[j] - grid[j - 1]);
        convolved[j - 1] + slope * (time - grid[j - 1])
    };
    times.iter().map(sample).collect()
}

#[test]
fn the_operator_is_the_obvious_loop() {
    for case in Case::all() {
        let features = case.operator().apply(&case.activations).unwrap();
        let slow: Vec<f64> = case
            .activations
            .columns()
            .into_iter()
            .flat_map(|column| slow_feature(&case, &column.mapv(f64::from).to_vec()))
            .collect();
        let slow = Array2::from_shape_vec((3, case.n_scans), slow)
            .unwrap()
            .reversed_axes();
        // Differences of partial sums against sums of products, in f64.
        let tolerance = Tolerance::absolute(1e-12);
        assert_close(
            &in_column_units(&features, &slow),
            &in_column_units(&slow, &slow),
            tolerance,
        );
    }
}

#[test]
fn the_sparse_product_is_the_dense_one() {
    for case in Case::all() {
        let operator = case.operator();
        let dense = operator.to_dense().dot(&case.activations.mapv(f64::from));
        let features = operator.apply(&case.activations).unwrap();
        // The same numbers summed in another order.
        let tolerance = Tolerance::absolute(1e-14);
        assert_close(
            &in_column_units(&features, &dense),
            &in_column_units(&dense, &dense),
            tolerance,
        );
    }
}

#[test]
fn neither_strides_nor_precision_nor_threads_matter() {
    let case = &Case::all()[0];
    let operator = case.operator();
    // More features than one block holds.
    let wide = Array2::from_shape_fn((case.onsets.len(), 1100), |(w, f)| {
        ((w * 31 + f * 7) % 13) as f32 - 6.0
    });
    let features = operator.apply(&wide).unwrap();
    let column_major = wide.t().to_owned().reversed_axes();
    assert_close(
        &operator.apply(&column_major).unwrap(),
        &features,
        Tolerance::exact(),
    );
    assert_close(
        &operator.apply(&wide.mapv(f64::from)).unwrap(),
        &features,
        Tolerance::exact(),
    );
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let again = pool.install(|| operator.apply(&wide).unwrap());
        assert_close(&again, &features, Tolerance::exact());
    }
}

#[test]
fn a_word_is_felt_for_the_length_of_the_response() {
    // Scans at 101 to 131 s lie within 32 s of the word, those at 99 and 133 s do not.
    let operator = RegressorOperator::new(&[100.0], &[100.3], 282, 2.0, &Hrf::Glover).unwrap();
    let felt: Vec<usize> = (0..282).filter(|&scan| !operator.row(scan).is_empty()).collect();
    assert_eq!((felt.first(), felt.last()), (Some(&50), Some(&65)));
    assert!(operator.row(282).is_empty() && operator.row(usize::MAX).is_empty());
}

#[test]
fn no_words_and_no_features_give_zeros_and_nothing() {
    let nothing = RegressorOperator::new(&[], &[], 4, 2.0, &Hrf::Glover).unwrap();
    assert_eq!(
        nothing.apply(&Array2::<f32>::zeros((0, 3))).unwrap(),
        Array2::<f64>::zeros((4, 3))
    );
    let one = RegressorOperator::new(&[1.0], &[2.0], 4, 2.0, &Hrf::Glover).unwrap();
    assert_eq!(one.apply(&Array2::<f32>::zeros((1, 0))).unwrap().dim(), (4, 0));
}

#[test]
fn unusable_designs_are_refused() {
    let new =
        |on: &[f64], off: &[f64], n_scans, tr_s| RegressorOperator::new(on, off, n_scans, tr_s, &Hrf::Glover);
    for (error, part) in [
        (new(&[1.0], &[2.0], 1, 2.0), "1 scans, expected between 2 and"),
        (new(&[1.0], &[2.0], 2_000_000, 2.0), "2000000 scans"),
        (new(&[1.0], &[], 50, 2.0), "1 onsets and 0 offsets"),
        (
            new(&[0.0, f64::NAN], &[2.0, 3.0], 50, 2.0),
            "word 1 from NaN to 3 s",
        ),
        (new(&[1.0], &[f64::INFINITY], 50, 2.0), "expected finite times"),
        (new(&[1.0], &[2.0], 50, -2.0), "a repetition time of -2 s"),
        (new(&[1.0], &[2.0], 50, f64::NAN), "a repetition time of NaN s"),
    ] {
        let message = error.unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
    let operator = new(&[1.0, 2.0], &[2.0, 3.0], 50, 2.0).unwrap();
    assert!(matches!(
        operator.apply(&array![[1.0f32]]),
        Err(FmriError::Shape { .. })
    ));
    let error = operator.apply(&array![[1.0, 2.0], [3.0, f64::NAN]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the activation of word 1, feature 1 is NaN, expected a finite number"
    );
}

#[test]
fn words_after_the_run_are_not_felt() {
    // They act on the last sample of the fine grid, which has no sample after it to end at. If the first scan is before 0, the
    // last scan averages over that sample.
    for hrf in [Hrf::Glover, Hrf::Fir(vec![0])] {
        for start_s in [1.0, -1.0] {
            let operator =
                RegressorOperator::starting_at(start_s, &[1e3, 1e3], &[1e3, 1e4], 10, 2.0, &hrf).unwrap();
            assert_eq!(operator.to_dense(), Array2::<f64>::zeros((10, 2)), "{hrf}");
        }
    }
}

#[test]
fn a_delay_of_no_scans_averages_over_the_scan_that_begins() {
    // Scans at 1, 3, 5, … s: a word from 4 to 6 s fills half of the two seconds from 3 s on, and half of those from 5 s.
    let operator = RegressorOperator::new(&[4.0], &[6.0], 10, 2.0, &Hrf::Fir(vec![0])).unwrap();
    for (scan, weight) in operator.to_dense().column(0).iter().enumerate() {
        let expected = if [1, 2].contains(&scan) { 0.5 } else { 0.0 };
        // Fifty samples per scan, of which the edges may take one or the other.
        assert!((weight - expected).abs() < 0.021, "scan {scan}: {weight}");
    }
}
