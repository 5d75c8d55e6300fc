//! Which parcel of an atlas is the counterpart of which.

use lpp_fmri::Parcel;
use lpp_stats::{Hemispheres, VoxelSet};

use crate::side_names::{Hand, NamedSide};

/// Share of a parcel's voxels off the midline that may lie on the other side: borders of atlases in a subject's or a template's
/// space wander over the midline by a voxel.
pub(crate) const STRAY: f64 = 0.1;
/// Parcels of one name but for the side are counterparts if their mirrored centres are at most this far apart, in mm: neighbours
/// of a coarse atlas. In atlases that number the parcels of each side apart, equal numbers can be far from each other.
const SAME_PLACE_MM: f64 = 15.0;

/// A parcel of the left hemisphere and its counterpart on the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParcelPair {
    /// Name, that of the left parcel without its side.
    pub name: String,
    /// Its voxels on the left; empty if there is no counterpart in the mask.
    pub left: VoxelSet,
    /// Those on the right.
    pub right: VoxelSet,
}

/// The pairs of an atlas, and what is to be said of parcels that are no simple case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// By ascending label of the left parcel, or of the right one where there is no left.
    pub pairs: Vec<ParcelPair>,
    /// Names of the parcels on both sides, which were parted at x = 0.
    pub parted: Vec<String>,
    /// Names of the parcels at x = 0 only, which are in no pair.
    pub midline: Vec<String>,
}

/// One side of an atlas' parcel.
struct Half {
    label: u32,
    name: String,
    voxels: VoxelSet,
    /// Centre of the voxels, mm; x without its sign.
    centre_mm: [f64; 3],
}

/// Where the voxels of a parcel lie.
enum Place {
    On(Hand),
    Both,
    Midline,
}

impl ParcelPair {
    /// Pairs the parcels of an atlas. The side of a parcel is that of its voxels; its counterpart is the parcel of the same name but
    /// for the side, if that lies where its mirror image does, or else the one whose mirrored centre is nearest, each to the
    /// other. `places_mm` are the voxels' world coordinates. Vertices have none (NaN); their parcels lie where each other's
    /// mirror images do if they share vertices in `mirror`, the homotopic voxel of each. If that is empty, names decide.
    ///
    /// A parcel without a counterpart in the mask is kept: its differences are empty cells. A parcel on both sides is parted at
    /// x = 0, as the paper's atlas is.
    ///
    /// # Errors
    /// What was found, if the name of a parcel tells another side than its voxels.
    ///
    /// ```
    /// use lpp_analysis::ParcelPair;
    /// use lpp_fmri::Parcel;
    /// use lpp_stats::Hemispheres;
    /// let parcel = |label, name: &str, voxel| Parcel { label, name: name.to_owned(), voxels: vec![voxel] };
    /// let places = [[-40.0, 50.0, 0.0], [38.0, 52.0, 0.0]];
    /// let sides = Hemispheres::by_world_x(&places.map(|place| place[0]));
    /// let mirror = [Some(1), Some(0)];
    /// let pairing = ParcelPair::of(&[parcel(7, "Right Pole", 1), parcel(9, "Left Pole", 0)], &places, &sides, &mirror)?;
    /// assert_eq!((pairing.pairs.len(), pairing.pairs[0].name.as_str()), (1, "Pole"));
    /// # Ok::<(), String>(())
    /// ```
    pub fn of(
        parcels: &[Parcel],
        places_mm: &[[f64; 3]],
        by_x: &Hemispheres,
        mirror: &[Option<usize>],
    ) -> Result<Pairing, String> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let (mut parted, mut midline) = (Vec::new(), Vec::new());
        let named = names(parcels);
        for (parcel, named) in parcels.iter().zip(named) {
            let voxels = VoxelSet::at(parcel.voxels.clone());
            let place = place_of(&voxels, by_x);
            check_name(parcel, named.as_ref(), &place, &voxels, by_x)?;
            let name = named.map_or_else(|| parcel.name.clone(), |named| named.base);
            let half = |voxels: VoxelSet| Half {
                label: parcel.label,
                name: name.clone(),
                centre_mm: centre(&voxels, places_mm),
                voxels,
            };
            match place {
                Place::On(Hand::Left) => left.push(half(voxels)),
                Place::On(Hand::Right) => right.push(half(voxels)),
                Place::Both => {
                    left.push(half(voxels.intersection(by_x.left())));
                    right.push(half(voxels.intersection(by_x.right())));
                    parted.push(parcel.name.clone());
                }
                Place::Midline => midline.push(parcel.name.clone()),
            }
        }
        Ok(Pairing {
            pairs: paired(left, right, mirror),
            parted,
            midline,
        })
    }
}

/// The sides that names tell. A single letter is a side only if some other parcel has the other letter.
fn names(parcels: &[Parcel]) -> Vec<Option<NamedSide>> {
    let all: Vec<Option<NamedSide>> = parcels.iter().map(|parcel| NamedSide::of(&parcel.name)).collect();
    let has_other = |named: &NamedSide| {
        let other = |o: &NamedSide| o.side != named.side && o.base == named.base;
        all.iter().flatten().any(other)
    };
    all.iter()
        .map(|named| named.clone().filter(|named| !named.is_letter || has_other(named)))
        .collect()
}

fn counts(voxels: &VoxelSet, by_x: &Hemispheres) -> [usize; 2] {
    [by_x.left(), by_x.right()].map(|side| voxels.intersection(side).len())
}

fn place_of(voxels: &VoxelSet, by_x: &Hemispheres) -> Place {
    let [left, right] = counts(voxels, by_x);
    let few = |n: usize| n as f64 <= STRAY * (left + right) as f64;
    match (left, right) {
        (0, 0) => Place::Midline,
        _ if few(right) => Place::On(Hand::Left),
        _ if few(left) => Place::On(Hand::Right),
        _ => Place::Both,
    }
}

fn check_name(
    parcel: &Parcel,
    named: Option<&NamedSide>,
    place: &Place,
    voxels: &VoxelSet,
    by_x: &Hemispheres,
) -> Result<(), String> {
    let Some(named) = named else { return Ok(()) };
    let agrees = match place {
        Place::On(side) => *side == named.side,
        Place::Midline => true,
        Place::Both => false,
    };
    if agrees {
        return Ok(());
    }
    let [left, right] = counts(voxels, by_x);
    Err(format!(
        "the label {} named {:?}, with {left} voxels left and {right} right of x = 0",
        parcel.label, parcel.name
    ))
}

fn centre(voxels: &VoxelSet, places_mm: &[[f64; 3]]) -> [f64; 3] {
    let sum = voxels.indices().iter().fold([0.0; 3], |sum, &voxel| {
        let [x, y, z] = places_mm[voxel];
        [sum[0] + x.abs(), sum[1] + y, sum[2] + z]
    });
    sum.map(|sum: f64| sum / voxels.len() as f64)
}

/// The distance of two centres, mirrored, in mm. Between vertices it is 0 for parcels of all the same vertices, up to
/// [`SAME_PLACE_MM`] for those that share fewer, and infinite if they share none; NaN if that is not known.
fn distance(a: &Half, b: &Half, mirror: &[Option<usize>]) -> f64 {
    let squares = (0..3).map(|axis| (a.centre_mm[axis] - b.centre_mm[axis]).powi(2));
    let mm = squares.sum::<f64>().sqrt();
    if mm.is_finite() || mirror.is_empty() {
        return mm;
    }
    let images = a.voxels.indices().iter().filter_map(|&voxel| mirror[voxel]);
    match images.filter(|&image| b.voxels.contains(image)).count() {
        0 => f64::INFINITY,
        n => SAME_PLACE_MM * (1.0 - 2.0 * n as f64 / (a.voxels.len() + b.voxels.len()) as f64),
    }
}

/// Left and right parcels in pairs: first those of one label or name, then those that are nearest to each other.
fn paired(left: Vec<Half>, right: Vec<Half>, mirror: &[Option<usize>]) -> Vec<ParcelPair> {
    let distance = |a: &Half, b: &Half| distance(a, b, mirror);
    let mut partner: Vec<Option<usize>> = vec![None; left.len()];
    let mut free = vec![true; right.len()];
    for (l, half) in left.iter().enumerate() {
        let same = |other: &Half| {
            // Where the places are not known, the names decide.
            let is_near = |mm: f64| mm.is_nan() || mm <= SAME_PLACE_MM;
            other.label == half.label || (other.name == half.name && is_near(distance(half, other)))
        };
        if let Some(r) = (0..right.len()).find(|&r| free[r] && same(&right[r])) {
            (partner[l], free[r]) = (Some(r), false);
        }
    }
    let nearest = |to: &Half, among: &mut dyn Iterator<Item = (usize, &Half)>| -> Option<usize> {
        among
            .map(|(at, other)| (at, distance(to, other)))
            .filter(|(_, mm)| mm.is_finite())
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(at, _)| at)
    };
    loop {
        let open: Vec<usize> = (0..left.len()).filter(|&l| partner[l].is_none()).collect();
        let found: Vec<(usize, usize)> = open
            .iter()
            .filter_map(|&l| {
                let mut rights = right.iter().enumerate().filter(|(r, _)| free[*r]);
                let r = nearest(&left[l], &mut rights)?;
                let mut lefts = open.iter().map(|&l| (l, &left[l]));
                // The two must be near as well: the last ones of either side need not belong together.
                let near = distance(&left[l], &right[r]) <= 2.0 * SAME_PLACE_MM;
                (near && nearest(&right[r], &mut lefts) == Some(l)).then_some((l, r))
            })
            .collect();
        if found.is_empty() {
            break;
        }
        for (l, r) in found {
            if free[r] {
                (partner[l], free[r]) = (Some(r), false);
            }
        }
    }
    let mut pairs: Vec<(u32, ParcelPair)> = Vec::new();
    for (half, partner) in left.into_iter().zip(&partner) {
        let right = partner.map_or_else(VoxelSet::default, |r| right[r].voxels.clone());
        let pair = ParcelPair {
            name: half.name,
            left: half.voxels,
            right,
        };
        pairs.push((half.label, pair));
    }
    for (half, _) in right.into_iter().zip(&free).filter(|(_, free)| **free) {
        let pair = ParcelPair {
            name: half.name,
            left: VoxelSet::default(),
            right: half.voxels,
        };
        pairs.push((half.label, pair));
    }
    pairs.sort_by_key(|(label, _)| *label);
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "a few parcels")]
mod tests {
    use super::*;

    /// Four bands a side along y, three voxels each, and one voxel of the midline at the end.
    fn places() -> Vec<[f64; 3]> {
        let mut places = Vec::new();
        for side in [-1.0, 1.0] {
            for band in 0..4 {
                for i in 0..3 {
                    places.push([side * (20.0 + 4.0 * f64::from(i)), 20.0 * f64::from(band), 8.0]);
                }
            }
        }
        places.push([0.0, 0.0, 8.0]);
        places
    }

    /// The parcels that `label` makes of side (0 or 1) and band.
    fn parcels(label: impl Fn(usize, usize) -> u32, name: impl Fn(u32) -> String) -> Vec<Parcel> {
        let mut parcels: Vec<Parcel> = Vec::new();
        for side in 0..2 {
            for band in 0..4 {
                let voxels: Vec<usize> = (0..3).map(|i| 12 * side + 3 * band + i).collect();
                let label = label(side, band);
                match parcels.iter_mut().find(|parcel| parcel.label == label) {
                    Some(parcel) => parcel.voxels.extend(voxels),
                    None => parcels.push(Parcel {
                        label,
                        name: name(label),
                        voxels,
                    }),
                }
            }
        }
        parcels.sort_by_key(|parcel| parcel.label);
        parcels
    }

    fn pair(parcels: &[Parcel]) -> Result<Pairing, String> {
        let places = places();
        let x: Vec<f64> = places.iter().map(|place| place[0]).collect();
        ParcelPair::of(parcels, &places, &Hemispheres::by_world_x(&x), &[])
    }

    /// Bands of the left and of the right parcel of each pair.
    fn bands(pairing: &Pairing) -> Vec<(Option<usize>, Option<usize>)> {
        let band = |set: &VoxelSet, first: usize| set.indices().first().map(|voxel| (voxel - first) / 3);
        pairing
            .pairs
            .iter()
            .map(|pair| (band(&pair.left, 0), band(&pair.right, 12)))
            .collect()
    }

    #[test]
    fn every_numbering_gives_the_same_pairs() {
        let number = |label: u32| label.to_string();
        let mirrored: Vec<_> = (0..4).map(|band| (Some(band), Some(band))).collect();
        // Odd left, odd right, blocks, blocks with the right first, right numbered backwards, one label for both sides.
        let numberings: [&dyn Fn(usize, usize) -> u32; 6] = [
            &|side, band| (2 * band + side + 1) as u32,
            &|side, band| (2 * band + 2 - side) as u32,
            &|side, band| (4 * side + band + 1) as u32,
            &|side, band| (4 * (1 - side) + band + 1) as u32,
            &|side, band| {
                if side == 0 {
                    band as u32 + 1
                } else {
                    8 - band as u32
                }
            },
            &|_, band| band as u32 + 1,
        ];
        for (i, label) in numberings.into_iter().enumerate() {
            let found = pair(&parcels(label, number)).unwrap();
            assert_eq!(bands(&found), mirrored, "numbering {i}");
            assert_eq!(found.parted.len(), if i == 5 { 4 } else { 0 });
        }
    }

    #[test]
    fn names_pair_what_lies_near_and_must_tell_the_true_side() {
        let label = |side: usize, band: usize| (4 * side + band + 1) as u32;
        let named = |left: &'static str, right: &'static str| {
            move |label: u32| {
                format!(
                    "{} area {}",
                    if label <= 4 { left } else { right },
                    (label - 1) % 4
                )
            }
        };
        let found = pair(&parcels(label, named("Left", "Right"))).unwrap();
        assert_eq!(found.pairs[2].name, "area 2");
        for (left, right) in [("Right", "Left"), ("RH", "LH"), ("R", "L")] {
            let error = pair(&parcels(label, named(left, right))).unwrap_err();
            assert!(
                error.contains("label 1") && error.contains("3 voxels left and 0 right"),
                "{error}"
            );
        }
        // A name of one side on a parcel of both is wrong too; L without an R is no side.
        assert!(
            pair(&parcels(
                |_, band| band as u32 + 1,
                |label| format!("Left {label}")
            ))
            .is_err()
        );
        assert!(pair(&parcels(label, |label| format!("L {label}"))).is_ok());
        // Equal names far apart: the numbers of the sides do not belong together.
        let apart = |label: u32| {
            format!(
                "{}H_{}",
                if label <= 4 { "L" } else { "R" },
                if label <= 4 { label } else { 9 - label }
            )
        };
        assert_eq!(
            bands(&pair(&parcels(label, apart)).unwrap())[0],
            (Some(0), Some(0))
        );
    }

    #[test]
    fn a_parcel_may_lack_its_counterpart_or_a_side() {
        let mut all = parcels(
            |side, band| (4 * side + band + 1) as u32,
            |label| label.to_string(),
        );
        all.retain(|parcel| ![2, 8].contains(&parcel.label));
        all.push(Parcel {
            label: 9,
            name: "Vermis".to_owned(),
            voxels: vec![24],
        });
        let found = pair(&all).unwrap();
        assert_eq!(
            bands(&found),
            [
                (Some(0), Some(0)),
                (Some(2), Some(2)),
                (Some(3), None),
                (None, Some(1))
            ]
        );
        assert_eq!(found.midline, ["Vermis"]);
    }
}
