//! Word times and activations of one run: what lpp-regressors reads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::Study;
use crate::files::{Array, Content, Element, Table, number};
use crate::random::Draw;

/// Events of one run, some seconds long, two features.
pub(crate) fn events(seed: u64) -> Study {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut study = Study::default();
    let tr_s = rng.pick(&[2.0, 1.5, 0.8]);
    let n_scans = 60 + rng.below(30);
    let length_s = n_scans as f64 * tr_s;
    let n_events = 20;
    let step = (length_s - 12.0) / n_events as f64;
    let rows = (0..n_events).map(|i| {
        let onset = 2.0 + step * (i as f64 + rng.uniform(0.0, 0.3));
        vec![number(onset), number(onset + step * rng.uniform(0.3, 0.6))]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    study.files.put(
        "events.csv",
        Content::Table(Table::new(&["onset", "offset"], rows)),
    );
    let values = rng.normals(2 * n_events);
    study.files.put(
        "activations.npy",
        Content::Array(Array::new(&[n_events, 2], values, Element::F64)),
    );
    study.give("tr", vec![number(tr_s)]);
    study.give("n_scans", vec![n_scans.to_string()]);
    study
}

/// Glover's response to a step that began `t` seconds ago: the integral of its density, which is 1 in the end.
pub(crate) fn response(t: f64) -> f64 {
    const STEP_S: f64 = 0.02;
    const LENGTH_S: f64 = 32.0;
    static SUMS: std::sync::OnceLock<Vec<f64>> = std::sync::OnceLock::new();
    let sums = SUMS.get_or_init(|| {
        let density = |x: f64, shape: f64, ln_gamma: f64| ((shape - 1.0) * x.ln() - x - ln_gamma).exp();
        let mut sums = vec![0.0];
        let n = (LENGTH_S / STEP_S) as usize;
        for i in 0..n {
            let x = (i as f64 + 0.5) * STEP_S / 0.9;
            // ln Γ(6/0.9) and ln Γ(12/0.9)
            let h = density(x, 6.0 / 0.9, 5.963_669_124) - 0.35 * density(x, 12.0 / 0.9, 20.833_615_986);
            sums.push(sums[i] + h);
        }
        let total = sums[n];
        sums.into_iter().map(|s| s / total).collect()
    });
    let at = (t / STEP_S).clamp(0.0, (sums.len() - 1) as f64);
    let below = at.floor() as usize;
    let above = (below + 1).min(sums.len() - 1);
    sums[below] + (at - below as f64) * (sums[above] - sums[below])
}
