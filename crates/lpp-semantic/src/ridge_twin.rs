//! Nested cross-validated ridge regression once more, in the plainest way: normal equations, elimination, loops.

/// Features and targets of one run, rows of scans.
pub(crate) type Run = (Vec<Vec<f64>>, Vec<Vec<f64>>);

/// Mean over runs of the correlation of each target on the run left out; the penalty, of 16 from 10 to 10⁶, by
/// the first training run.
pub(crate) fn nested_scores(runs: &[Run]) -> Vec<f64> {
    let penalties: Vec<f64> = (0..16).map(|i| 10_f64.powf(1.0 + f64::from(i) / 3.0)).collect();
    let n_targets = runs[0].1[0].len();
    let mut sums = vec![0.0; n_targets];
    for test in 0..runs.len() {
        let train: Vec<usize> = (0..runs.len()).filter(|r| *r != test).collect();
        let inner: Vec<&Run> = train[1..].iter().map(|r| &runs[*r]).collect();
        let validation = &runs[train[0]];
        let mean_score = |penalty: f64| {
            let scores = correlations(validation, &coefficients(&inner, penalty));
            scores.iter().sum::<f64>() / scores.len() as f64
        };
        let scores: Vec<f64> = penalties.iter().map(|p| mean_score(*p)).collect();
        // The first of the largest.
        let best = (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best });
        let outer: Vec<&Run> = train.iter().map(|r| &runs[*r]).collect();
        let scores = correlations(&runs[test], &coefficients(&outer, penalties[best]));
        sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
    }
    sums.into_iter().map(|sum| sum / runs.len() as f64).collect()
}

/// (`XᵀX` + αI)⁻¹XᵀY over all runs.
fn coefficients(runs: &[&Run], penalty: f64) -> Vec<Vec<f64>> {
    let (n, m) = (runs[0].0[0].len(), runs[0].1[0].len());
    let mut system = vec![vec![0.0; n + m]; n];
    for (x, y) in runs {
        for (x, y) in x.iter().zip(y) {
            for i in 0..n {
                (0..n).for_each(|j| system[i][j] += x[i] * x[j]);
                (0..m).for_each(|t| system[i][n + t] += x[i] * y[t]);
            }
        }
    }
    (0..n).for_each(|i| system[i][i] += penalty);
    // Positive definite: no pivoting.
    for i in 0..n {
        let pivot = system[i].clone();
        for (row, values) in system.iter_mut().enumerate() {
            if row != i {
                let factor = values[i] / pivot[i];
                values.iter_mut().zip(&pivot).for_each(|(v, p)| *v -= factor * p);
            }
        }
    }
    (0..n)
        .map(|i| (0..m).map(|t| system[i][n + t] / system[i][i]).collect())
        .collect()
}

fn correlations((x, y): &Run, b: &[Vec<f64>]) -> Vec<f64> {
    let n_targets = y[0].len();
    (0..n_targets)
        .map(|t| {
            let observed: Vec<f64> = y.iter().map(|row| row[t]).collect();
            let predicted: Vec<f64> = x
                .iter()
                .map(|row| row.iter().zip(b).map(|(v, w)| v * w[t]).sum())
                .collect();
            pearson(&observed, &predicted)
        })
        .collect()
}

fn pearson(a: &[f64], b: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(p, q)| (p - mx) * (q - my)).sum::<f64>()
    };
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_without_noise_are_predicted() {
        let run = |shift: f64| -> Run {
            let x: Vec<Vec<f64>> = (0..40)
                .map(|i| vec![(f64::from(i) + shift).sin(), (f64::from(i) * 1.7 + shift).cos()])
                .collect();
            let y = x.iter().map(|row| vec![row[0] - 2.0 * row[1], row[1]]).collect();
            (x, y)
        };
        let scores = nested_scores(&[run(0.0), run(1.0), run(2.0)]);
        assert!(scores.iter().all(|score| *score > 0.99), "{scores:?}");
    }
}
