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

    #[test]
    fn two_values_are_their_own_groups() {
        // Whatever the sizes of the groups, the split is between the values, and all of the variance lies between them.
        for (n_low, n_high) in [(1, 1), (1, 9), (9, 1), (4, 3)] {
            let values = [vec![2.0; n_low], vec![8.0; n_high]].concat();
            assert_eq!(two_groups(values), Some((2.0, 8.0)), "{n_low} and {n_high}");
        }
        // A darker group of three tenths of the brighter one is not far from it.
        assert_eq!(two_groups(vec![3.0, 10.0]), None);
        assert_eq!(two_groups(vec![2.9, 10.0]), Some((2.9, 10.0)));
        // A missing value is in neither.
        assert_eq!(
            two_groups(vec![8.0, f64::NAN, 2.0, f64::INFINITY]),
            Some((2.0, 8.0))
        );
    }

    #[test]
    fn the_share_of_variance_between_the_groups_decides() {
        // Groups of values at ±d about 1 and 9: 16 of 16 + d² lie between them, which is 0.85 at d = 1.68.
        let around = |d: f64| vec![1.0 - d, 1.0 + d, 9.0 - d, 9.0 + d];
        assert_eq!(two_groups(around(1.65)), Some((1.0, 9.0)));
        assert_eq!(two_groups(around(1.71)), None);
    }
}
