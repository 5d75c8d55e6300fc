//! Numbers of a plant that make no sense.

use lpp_study::{Asymmetry, Group, Plant};

use crate::SimError;

/// Fewest subjects of an average: each half then has two, and one that is left out leaves one.
const FEWEST_SUBJECTS: usize = 4;

/// Checks the numbers of a plant.
pub(crate) fn check(plant: &Plant) -> Result<(), SimError> {
    if plant.ceiling_left.is_some() && plant.asymmetry != Asymmetry::Ceiling {
        return Err(SimError::Setting {
            name: "--ceiling-left",
            found: "given with sides of equal ceilings".to_owned(),
            expected: "--asymmetry ceiling with it",
        });
    }
    let gain_sd = plant.group.map(|group| group.gain_sd);
    let numbers = [
        ("--ceiling-left", plant.ceiling_left, 0.5, "0 to 0.5"),
        ("--midline", plant.midline, 0.99, "0 to 0.99"),
        ("--noise-fwhm", Some(plant.noise_fwhm_mm), 40.0, "0 to 40 mm"),
        ("--noise-shared", Some(plant.noise_shared), 0.99, "0 to 0.99"),
        ("--gain-sd", gain_sd, 2.0, "0 to 2"),
    ];
    for (name, value, most, expected) in numbers {
        if let Some(wrong) = value.filter(|value| !(0.0..=most).contains(value)) {
            return Err(SimError::Setting {
                name,
                found: wrong.to_string(),
                expected,
            });
        }
    }
    match plant.group {
        Some(Group { n_subjects, .. }) if !(FEWEST_SUBJECTS..=99).contains(&n_subjects) => {
            Err(SimError::Setting {
                name: "the number of subjects",
                found: n_subjects.to_string(),
                expected: "4 to 99 for an average, 1 to 99 with --bids",
            })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_refused() {
        let plain = Plant::default();
        assert!(check(&plain).is_ok());
        let group = |n_subjects, gain_sd| {
            let group = Some(Group { n_subjects, gain_sd });
            Plant { group, ..plain }
        };
        assert!(check(&group(4, 0.0)).is_ok());
        let ceiling = |ceiling_left, asymmetry| Plant {
            ceiling_left: Some(ceiling_left),
            asymmetry,
            ..plain
        };
        let shared = |noise_shared| Plant {
            noise_shared,
            ..plain
        };
        for wrong in [
            ceiling(0.6, Asymmetry::Ceiling),
            ceiling(0.1, Asymmetry::Growth),
            shared(1.0),
            shared(f64::NAN),
            group(3, 0.0),
            group(8, -0.1),
        ] {
            assert!(check(&wrong).is_err(), "{wrong:?}");
        }
    }
}
