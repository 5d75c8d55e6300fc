//! Tests whether values form two groups that are far apart.

/// Share of the variance between two groups. For a single normal group it is 0.64, for a uniform one 0.75.
const BETWEEN: f64 = 0.85;
/// For two groups that are far apart, the mean of the darker one is less than this fraction of the mean of the brighter
/// one.
const DARKER: f64 = 0.3;

/// The means of two groups that are far apart, the darker first; `None` if the values form one group.
///
/// The values are split such that the variance between the groups is largest (Otsu 1979, *IEEE Trans. Syst. Man
/// Cybern.* 9, 62).
pub(crate) fn two_groups(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.retain(|v| v.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let total: f64 = values.iter().sum();
    let mean = total / n;
    let all: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let mut below = 0.0;
    let mut best = (0.0, 0.0, 0.0);
    for (i, value) in values.iter().enumerate().take(values.len().saturating_sub(1)) {
        below += value;
        let n_below = (i + 1) as f64;
        let (low, high) = (below / n_below, (total - below) / (n - n_below));
        let between = n_below * (n - n_below) / n * (high - low).powi(2);
        if between > best.0 {
            best = (between, low, high);
        }
    }
    let (between, low, high) = best;
    (all > 0.0 && between >= BETWEEN * all && low < DARKER * high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_and_brain_are_two_groups() {
        let noise = (0..300).map(|i| 5.0 + f64::from(i % 7));
        let brain = (0..40).map(|i| 800.0 + 10.0 * f64::from(i % 13));
        let (low, high) = two_groups(noise.chain(brain).collect()).unwrap();
        assert!((5.0..12.0).contains(&low) && (800.0..930.0).contains(&high));
    }

    #[test]
    fn one_group_is_not_divided() {
        let uniform: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(two_groups(uniform), None);
        // Grey and white matter: apart, but not far.
        let tissue: Vec<f64> = (0..100)
            .map(|i| if i < 50 { 700.0 } else { 1000.0 } + f64::from(i))
            .collect();
        assert_eq!(two_groups(tissue), None);
        for constant in [vec![], vec![3.0], vec![3.0; 9], vec![f64::NAN, 1.0]] {
            assert_eq!(two_groups(constant), None);
        }
    }
}
