//! The position of the voxels according to a NIfTI header, with consistency checks.

use crate::affine::{Affine, column_lengths, diagonal_affine, invert_affine, transform};
use crate::units::SpaceUnit;

/// |w²| of a quaternion below this counts as 0: three spacings of `f32` at 1, as in nibabel.
const QUATERNION_THRESHOLD: f64 = 3.0 * f32::EPSILON as f64;
/// Two affines agree if no voxel moves by more than this fraction of a voxel.
const SAME_PLACE: f64 = 0.5;
/// Voxel sizes agree within this fraction; headers store `f32`, and some tools round to a hundredth of a millimetre.
const SAME_SIZE: f64 = 0.02;
/// Smallest and largest plausible edge of a voxel in a brain image, in mm.
const EDGES_MM: std::ops::RangeInclusive<f64> = 0.05..=50.0;

/// The fields of a header that give the position of its voxels, as stored.
#[derive(Debug, Clone)]
pub(crate) struct Placement {
    pub(crate) shape: [usize; 3],
    pub(crate) qform_code: i32,
    pub(crate) sform_code: i32,
    pub(crate) pixdim: [f64; 4],
    pub(crate) quaternion: [f64; 3],
    pub(crate) q_offset: [f64; 3],
    pub(crate) srow: [[f64; 4]; 3],
    pub(crate) unit: Option<SpaceUnit>,
}

/// An affine in mm, with warnings.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) affine: Affine,
    pub(crate) notes: Vec<String>,
}

impl Placement {
    /// The affine in mm, as in nibabel: the sform if it is set, else the qform, else voxel sizes with x flipped around
    /// the centre.
    ///
    /// # Errors
    /// What was found and what was expected, if the form that is used is invalid.
    pub(crate) fn placed(&self) -> Result<Placed, (String, &'static str)> {
        let mut notes = Vec::new();
        let affine = if self.sform_code != 0 {
            let sform = self.sform();
            if invert_affine(&sform).is_none() {
                return Err(self.broken_sform());
            }
            notes.extend(self.contradiction(&sform));
            sform
        } else if self.qform_code != 0 {
            self.qform()?
        } else {
            notes.push(
                "its header has neither an sform nor a qform, so left and right are unknown; assumed as in nibabel: \
                 the first axis runs from right to left, the centre is at 0"
                    .to_owned(),
            );
            self.fallback()
        };
        let affine = self.in_mm(affine);
        notes.extend(self.unit_note(&affine));
        Ok(Placed { affine, notes })
    }

    fn sform(&self) -> Affine {
        let [x, y, z] = self.srow;
        [x, y, z, [0.0, 0.0, 0.0, 1.0]]
    }

    fn broken_sform(&self) -> (String, &'static str) {
        let (code, rows) = (self.sform_code, self.srow);
        let usable = self.qform_code != 0 && self.qform().is_ok_and(|qform| invert_affine(&qform).is_some());
        if usable {
            let found = format!(
                "an sform (code {code}) that cannot be inverted, {rows:?}, and a valid qform (code {})",
                self.qform_code
            );
            (
                found,
                "a valid sform: correct it, or set sform_code to 0 to use the qform",
            )
        } else {
            let found = format!("an sform (code {code}) that cannot be inverted, {rows:?}");
            (found, "a grid with voxels and an invertible affine")
        }
    }

    fn sizes(&self) -> [f64; 3] {
        [1, 2, 3].map(|i| {
            if self.pixdim[i] == 0.0 {
                1.0
            } else {
                self.pixdim[i].abs()
            }
        })
    }

    fn fallback(&self) -> Affine {
        let sizes = self.sizes();
        let steps = [-sizes[0], sizes[1], sizes[2]];
        let centre = self.shape.map(|n| (n as f64 - 1.0) / 2.0);
        diagonal_affine(steps, [0, 1, 2].map(|d| -steps[d] * centre[d]))
    }

    fn qform(&self) -> Result<Affine, (String, &'static str)> {
        let sizes = self.sizes();
        let [b, c, d] = self.quaternion;
        let w_squared = 1.0 - (b * b + c * c + d * d);
        let w = if w_squared.abs() < QUATERNION_THRESHOLD {
            0.0
        } else {
            w_squared.sqrt()
        };
        if w.is_nan() {
            return Err((format!("the quaternion ({b}, {c}, {d})"), "a length of at most 1"));
        }
        let rotation = rotation([w, b, c, d]);
        #[expect(
            clippy::float_cmp,
            reason = "exactly -1 means left-handed, anything else counts as 1"
        )]
        let left_handed = self.pixdim[0] == -1.0;
        let signed = [sizes[0], sizes[1], if left_handed { -sizes[2] } else { sizes[2] }];
        let mut affine = diagonal_affine([1.0; 3], self.q_offset);
        for row in 0..3 {
            for column in 0..3 {
                affine[row][column] = rotation[row][column] * signed[column];
            }
        }
        Ok(affine)
    }

    /// How the other fields contradict an sform. Forms with different codes may place a scan in two spaces, but the
    /// right hand must be the same in both.
    fn contradiction(&self, sform: &Affine) -> Option<String> {
        if let Some(qform) = (self.qform_code != 0).then(|| self.qform().ok()).flatten() {
            let mirrored = determinant(sform) * determinant(&qform) < 0.0;
            let apart = self.largest_distance(sform, &qform);
            let voxel = column_lengths(sform).into_iter().fold(f64::INFINITY, f64::min);
            let codes = format!(
                "its sform (code {}) and its qform (code {})",
                self.sform_code, self.qform_code
            );
            if mirrored {
                return Some(format!(
                    "{codes} have opposite handedness: left in one is right in the other; the sform is used, as in \
                     nibabel"
                ));
            }
            if self.sform_code == self.qform_code && apart > SAME_PLACE * voxel {
                return Some(format!(
                    "{codes} differ by up to {apart:.1} mm, though their codes refer to the same space; the sform is \
                     used, as in nibabel"
                ));
            }
        }
        let (stored, sizes) = (self.sizes(), column_lengths(sform));
        let differ = (0..3).any(|axis| (stored[axis] - sizes[axis]).abs() > SAME_SIZE * sizes[axis]);
        (self.pixdim[1..].iter().all(|size| *size != 0.0) && differ).then(|| {
            let shown = |sizes: [f64; 3]| sizes.map(|size| format!("{size:.3}")).join(" × ");
            format!(
                "its voxel sizes are {} in the sform and {} in pixdim; the sform is used, as in nibabel",
                shown(sizes),
                shown(stored)
            )
        })
    }

    /// The largest distance between the positions of a voxel under two affines.
    fn largest_distance(&self, a: &Affine, b: &Affine) -> f64 {
        let ends = self.shape.map(|n| [0.0, n as f64 - 1.0]);
        (0..8_usize)
            .map(|corner| {
                let voxel = [0, 1, 2].map(|axis| ends[axis][corner >> axis & 1]);
                let (a, b) = (transform(a, voxel), transform(b, voxel));
                (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
            })
            .fold(0.0, f64::max)
    }

    fn in_mm(&self, mut affine: Affine) -> Affine {
        match self.unit {
            None | Some(SpaceUnit::Millimetre) => affine,
            Some(unit) => {
                for entry in affine[..3].iter_mut().flatten() {
                    *entry *= unit.in_mm();
                }
                affine
            }
        }
    }

    fn unit_note(&self, affine: &Affine) -> Option<String> {
        let sizes = column_lengths(affine);
        let shown = sizes.map(|size| format!("{size}")).join(" × ");
        match self.unit {
            Some(SpaceUnit::Millimetre) | None => {
                (!sizes.iter().all(|size| EDGES_MM.contains(size))).then(|| {
                    let unit = if self.unit.is_some() {
                        "its header says so"
                    } else {
                        "its header gives no unit"
                    };
                    format!("voxels of {shown} mm ({unit}): are they in another unit, metres or micrometres?")
                })
            }
            Some(unit) => Some(format!(
                "its coordinates are in {unit}s; they are converted to mm, which gives voxels of {shown} mm"
            )),
        }
    }
}

fn determinant(affine: &Affine) -> f64 {
    let [a, b, c, _] = *affine;
    a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
}

/// The rotation of a quaternion that need not be exactly normalised.
fn rotation([w, x, y, z]: [f64; 4]) -> [[f64; 3]; 3] {
    let scale = 2.0 / (w * w + x * x + y * y + z * z);
    let [xs, ys, zs] = [x * scale, y * scale, z * scale];
    [
        [1.0 - (y * ys + z * zs), x * ys - w * zs, x * zs + w * ys],
        [x * ys + w * zs, 1.0 - (x * xs + z * zs), y * zs - w * xs],
        [x * zs - w * ys, y * zs + w * xs, 1.0 - (x * xs + y * ys)],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header whose sform and qform agree: 4 mm, upright.
    fn header() -> Placement {
        Placement {
            shape: [10; 3],
            qform_code: 1,
            sform_code: 1,
            pixdim: [1.0, 4.0, 4.0, 4.0],
            quaternion: [0.0; 3],
            q_offset: [-18.0; 3],
            srow: [
                [4.0, 0.0, 0.0, -18.0],
                [0.0, 4.0, 0.0, -18.0],
                [0.0, 0.0, 4.0, -18.0],
            ],
            unit: Some(SpaceUnit::Millimetre),
        }
    }

    fn notes(header: &Placement) -> String {
        header.placed().unwrap().notes.join("; ")
    }

    #[test]
    fn a_header_that_says_one_thing_needs_no_word() {
        assert_eq!(notes(&header()), "");
        // The scanner's space beside a template's: the same hand, another place.
        let two_spaces = Placement {
            qform_code: 1,
            sform_code: 4,
            q_offset: [-30.0, 20.0, 7.0],
            ..header()
        };
        assert_eq!(notes(&two_spaces), "");
    }

    #[test]
    fn contradictions_are_named() {
        let mut mirrored = header();
        mirrored.srow[0] = [-4.0, 0.0, 0.0, 18.0];
        let mut nowhere = Placement {
            sform_code: 0,
            qform_code: 0,
            ..header()
        };
        nowhere.srow = [[0.0; 4]; 3];
        for (wrong, words) in [
            (mirrored.clone(), ["sform", "qform", "opposite handedness"]),
            (
                Placement {
                    sform_code: 4,
                    ..mirrored
                },
                ["sform", "qform", "opposite handedness"],
            ),
            (
                Placement {
                    q_offset: [-18.0, -18.0, -10.0],
                    ..header()
                },
                ["sform", "qform", "8.0 mm"],
            ),
            (
                Placement {
                    qform_code: 0,
                    pixdim: [1.0, 2.0, 2.0, 2.0],
                    ..header()
                },
                ["sform", "pixdim", "2.000"],
            ),
            (nowhere, ["neither", "sform", "left"]),
        ] {
            let said = notes(&wrong);
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
        }
    }

    #[test]
    fn a_broken_sform_beside_a_good_qform_names_both() {
        let broken = Placement {
            srow: [[0.0; 4]; 3],
            ..header()
        };
        let (found, expected) = broken.placed().unwrap_err();
        assert!(found.contains("sform") && found.contains("qform") && expected.contains("sform_code"));
        let alone = Placement {
            qform_code: 0,
            ..broken
        };
        assert!(!alone.placed().unwrap_err().0.contains("qform"));
    }

    #[test]
    fn places_come_in_millimetres() {
        for (unit, factor) in [(SpaceUnit::Metre, 1e-3), (SpaceUnit::Micrometre, 1e3)] {
            let mut stored = Placement {
                unit: Some(unit),
                qform_code: 0,
                ..header()
            };
            for entry in stored.srow.iter_mut().flatten() {
                *entry *= factor;
            }
            stored.pixdim = stored.pixdim.map(|size| size * factor);
            let placed = stored.placed().unwrap();
            let there = header().placed().unwrap().affine;
            assert!(crate::affine::affines_close(&placed.affine, &there));
            assert!(placed.notes[0].contains(&unit.to_string()), "{:?}", placed.notes);
            // The same numbers with another unit are no brain.
            let wrong = Placement { unit: None, ..stored };
            assert!(notes(&wrong).contains("another unit"));
        }
    }

    #[test]
    fn a_determinant_has_the_sign_of_the_hand() {
        let rows = |[x, y, z]: [[f64; 3]; 3]| {
            let of = |[a, b, c]: [f64; 3]| [a, b, c, 9.0];
            [of(x), of(y), of(z), [0.0, 0.0, 0.0, 1.0]]
        };
        // 2 (0·5 − 4·(−1)) + 3 (2·5 + 1·1) + 1 (2·4 − 0·1)
        assert_eq!(
            determinant(&rows([[2.0, -3.0, 1.0], [2.0, 0.0, -1.0], [1.0, 4.0, 5.0]])),
            49.0
        );
        // Two axes exchanged: the other hand.
        assert_eq!(
            determinant(&rows([[2.0, 0.0, -1.0], [2.0, -3.0, 1.0], [1.0, 4.0, 5.0]])),
            -49.0
        );
    }

    #[test]
    fn a_quaternion_turns_about_its_axis() {
        // Rodrigues' formula with a cosine of 7/25 and a sine of 24/25, so that half the angle has 4/5 and 3/5.
        let axis = [2.0 / 7.0, 3.0 / 7.0, -6.0 / 7.0];
        let (c, s) = (7.0 / 25.0, 24.0 / 25.0);
        let cross = [
            [0.0, -axis[2], axis[1]],
            [axis[2], 0.0, -axis[0]],
            [-axis[1], axis[0], 0.0],
        ];
        for length in [1.0, 2.5] {
            let [x, y, z] = axis.map(|a| 0.6 * a * length);
            let found = rotation([0.8 * length, x, y, z]);
            for row in 0..3 {
                for column in 0..3 {
                    let identity = f64::from(u8::from(row == column));
                    let expected =
                        c * identity + s * cross[row][column] + (1.0 - c) * axis[row] * axis[column];
                    assert!((found[row][column] - expected).abs() < 1e-15, "{found:?}");
                }
            }
        }
    }

    #[test]
    fn a_qform_has_columns_of_the_voxel_sizes() {
        // Half a turn about z, sizes 2, 3 and 4 mm, the left hand.
        let header = Placement {
            sform_code: 0,
            pixdim: [-1.0, 2.0, 3.0, 4.0],
            quaternion: [0.0, 0.0, 1.0],
            q_offset: [5.0, 6.0, 7.0],
            ..header()
        };
        let affine = header.placed().unwrap().affine;
        assert_eq!(
            affine,
            [
                [-2.0, 0.0, 0.0, 5.0],
                [0.0, -3.0, 0.0, 6.0],
                [0.0, 0.0, -4.0, 7.0],
                [0.0, 0.0, 0.0, 1.0]
            ]
        );
        let long = Placement {
            quaternion: [0.0, 0.1, 1.0],
            ..header
        };
        assert!(long.placed().unwrap_err().0.contains("quaternion (0, 0.1, 1)"));
    }

    #[test]
    fn without_a_form_the_centre_is_at_0_and_x_runs_to_the_left() {
        let header = Placement {
            shape: [5, 4, 3],
            qform_code: 0,
            sform_code: 0,
            pixdim: [1.0, 2.0, -3.0, 0.0],
            ..header()
        };
        assert_eq!(
            header.placed().unwrap().affine,
            [
                [-2.0, 0.0, 0.0, 4.0],
                [0.0, 3.0, 0.0, -4.5],
                [0.0, 0.0, 1.0, -1.0],
                [0.0, 0.0, 0.0, 1.0]
            ]
        );
    }

    #[test]
    fn forms_of_one_space_differ_by_less_than_half_a_voxel() {
        let moved = |mm: f64, sform_code: i32| {
            notes(&Placement {
                sform_code,
                q_offset: [-18.0, -18.0 + mm, -18.0],
                ..header()
            })
        };
        assert_eq!(moved(2.0, 1), "");
        assert!(moved(2.1, 1).contains("differ by up to 2.1 mm"));
        assert_eq!(moved(2.1, 4), "");
        // A size that differs by 2 % of the sform's is rounding, more is not; a size of 0 says nothing.
        let sized = |mm: f64| {
            notes(&Placement {
                qform_code: 0,
                pixdim: [1.0, 4.0, mm, 4.0],
                ..header()
            })
        };
        assert_eq!([sized(4.07), sized(3.93), sized(0.0)], [""; 3]);
        assert!(sized(4.09).contains("4.000 × 4.090 × 4.000 in pixdim") && sized(3.9).contains("3.900"));
    }

    #[test]
    fn the_distance_of_two_forms_is_that_of_the_worst_corner() {
        let a = diagonal_affine([4.0; 3], [0.0; 3]);
        for axis in 0..3 {
            let mut header = header();
            header.shape = [2; 3];
            header.shape[axis] = 11;
            // Ten steps of 0.3 mm along x and of 0.4 mm along y are 5 mm.
            let mut b = a;
            b[0][axis] += 0.3;
            b[1][axis] += 0.4;
            assert!((header.largest_distance(&a, &b) - 5.0).abs() < 1e-12);
        }
    }
}
