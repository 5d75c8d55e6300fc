//! Results as named numbers, so that they can be compared whatever the order in which a file holds them.

use std::collections::BTreeMap;

/// How far a number may be from the expected one: |a − e| ≤ absolute + relative·|e|.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within {
    pub(crate) absolute: f64,
    pub(crate) relative: f64,
}

impl Within {
    fn allows(self, found: f64, expected: f64) -> bool {
        (found.is_nan() && expected.is_nan())
            || found.total_cmp(&expected).is_eq()
            || (found - expected).abs() <= self.absolute + self.relative * expected.abs()
    }
}

/// Numbers by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figures(BTreeMap<String, f64>);

/// What differs.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// Numbers outside the tolerance, missing or extra.
    pub(crate) count: usize,
    /// The worst of them, in words.
    pub(crate) worst: String,
}

impl Figures {
    pub(crate) fn set(&mut self, name: impl Into<String>, value: f64) {
        self.0.insert(name.into(), value);
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those whose name `keep` holds for.
    pub(crate) fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(
            self.0
                .iter()
                .filter(|(name, _)| keep(name))
                .map(|(n, v)| (n.clone(), *v))
                .collect(),
        )
    }

    /// Compares with what is expected; `None` if all numbers are there and close.
    pub(crate) fn difference(&self, expected: &Self, within: Within) -> Option<Difference> {
        let mut found: Option<(f64, Difference)> = None;
        let mut note = |size: f64, words: String| {
            let count = found.as_ref().map_or(0, |(_, d)| d.count) + 1;
            let (largest, worst) = match found.take() {
                Some((largest, d)) if largest >= size => (largest, d.worst),
                _ => (size, words),
            };
            found = Some((largest, Difference { count, worst }));
        };
        for (name, expected) in expected.iter() {
            match self.get(name) {
                None => note(f64::MAX, format!("{name} is missing, expected {expected:.6}")),
                Some(value) if within.allows(value, expected) => {}
                Some(value) => {
                    let gap = (value - expected).abs();
                    let size = if gap.is_nan() { f64::MAX } else { gap };
                    note(size, format!("{name} is {value:.6}, expected {expected:.6}"));
                }
            }
        }
        for (name, value) in self.iter() {
            if expected.get(name).is_none() {
                note(f64::MAX, format!("{name} is {value:.6}, which is not expected"));
            }
        }
        found.map(|(_, difference)| difference)
    }
}

/// A name for a place in the world, to a hundredth of a millimetre.
pub(crate) fn place_name(place: [f64; 3]) -> String {
    // Adding 0 makes a negative zero positive.
    let [x, y, z] = place.map(|v| (v * 100.0).round() / 100.0 + 0.0);
    format!("({x}, {y}, {z})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSE: Within = Within {
        absolute: 1e-3,
        relative: 0.0,
    };

    fn figures(pairs: &[(&str, f64)]) -> Figures {
        let mut figures = Figures::default();
        for (name, value) in pairs {
            figures.set(*name, *value);
        }
        figures
    }

    #[test]
    fn a_difference_names_the_worst_number() {
        let expected = figures(&[("a", 1.0), ("b", 2.0), ("c", f64::NAN)]);
        assert!(expected.difference(&expected, CLOSE).is_none());
        let found = figures(&[("a", 1.5), ("b", 7.0), ("c", f64::NAN)]);
        let difference = found.difference(&expected, CLOSE).unwrap();
        assert_eq!(
            (difference.count, difference.worst.as_str()),
            (2, "b is 7.000000, expected 2.000000")
        );
    }

    #[test]
    fn nan_missing_and_extra_numbers_are_differences() {
        let expected = figures(&[("a", 1.0)]);
        for found in [
            figures(&[("a", f64::NAN)]),
            figures(&[]),
            figures(&[("a", 1.0), ("b", 0.0)]),
        ] {
            assert_eq!(found.difference(&expected, CLOSE).unwrap().count, 1);
        }
        assert!(
            figures(&[("a", f64::INFINITY)])
                .difference(&expected, CLOSE)
                .is_some()
        );
    }

    #[test]
    fn places_have_one_name() {
        assert_eq!(place_name([-0.0, 1.999_999, -4.0]), "(0, 2, -4)");
    }
}
