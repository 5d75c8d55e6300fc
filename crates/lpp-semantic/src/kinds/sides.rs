//! Left and right: storage of masks, labels of parcels, regions.

use super::shared::{MASK, any_storage, over_mask};
use crate::answer::{refused, same, told};
use crate::files::{Image, Number, Storage, c_order};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{ATLAS, FIT, ISC, MASK as MASK_SCENE, ROIS, TABLES};
use crate::study::Study;

const SIDE: &[&str] = &["side", "hemisphere", "left&right"];
const ATLAS_IMAGE: &str = "atlas/atlas.nii.gz";
const REGION: &str = "roi_masks/front.nii.gz";

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("isc-mask-las", &ISC, same(1e-6, 1e-6), |s, _| {
            store(s, Storage::LAS);
        }),
        Kind::new("isc-mask-any-storage", &ISC, same(1e-6, 1e-6), |s, rng| {
            store(s, any_storage(rng));
        }),
        Kind::new("fit-mask-any-storage", &FIT, same(1e-4, 0.0), |s, rng| {
            store(s, any_storage(rng));
        }),
        Kind::new("tables-mask-las", &TABLES, same(1e-3, 1e-3), |s, _| {
            store(s, Storage::LAS);
        }),
        Kind::new("tables-mask-any-storage", &TABLES, same(1e-3, 1e-3), |s, rng| {
            store(s, any_storage(rng));
        }),
        Kind::new("atlas-any-storage", &ATLAS, same(1e-5, 1e-5), |s, rng| {
            s.files.image(ATLAS_IMAGE).storage = any_storage(rng);
        }),
        Kind::new("atlas-finer-grid", &ATLAS, same(1e-5, 1e-5), |s, _| {
            halve_steps(s.files.image(ATLAS_IMAGE));
        }),
        Kind::new(
            "atlas-odd-right",
            &ATLAS,
            same(1e-5, 1e-5).or_told(SIDE),
            |s, _| {
                renumber(s, |label| if label % 2 == 1 { label + 1 } else { label - 1 });
            },
        ),
        Kind::new(
            "atlas-in-blocks",
            &ATLAS,
            same(1e-5, 1e-5).or_told(SIDE),
            |s, _| {
                renumber(s, |label| {
                    if label % 2 == 1 {
                        label.div_ceil(2)
                    } else {
                        4 + label / 2
                    }
                });
            },
        ),
        Kind::new(
            "atlas-scattered-labels",
            &ATLAS,
            same(1e-5, 1e-5).or_told(SIDE),
            |s, rng| {
                let order = rng.shuffled(8);
                renumber(s, |label| 1 + 3 * order[label - 1]);
            },
        ),
        Kind::new("atlas-names-lie", &ATLAS, told(SIDE), |s, _| {
            for row in &mut s.files.table("atlas/labels.csv").rows {
                row[1] = match row[1].strip_prefix("Left ") {
                    Some(name) => format!("Right {name}"),
                    None => row[1].replace("Right ", "Left "),
                };
            }
        }),
        Kind::new("atlas-mirrored", &ATLAS, told(SIDE), |s, _| {
            mirror(s.files.image(ATLAS_IMAGE));
        }),
        Kind::new(
            "atlas-elsewhere",
            &ATLAS,
            refused(&["reach", "overlap", "outside"]),
            |s, rng| {
                s.files.image(ATLAS_IMAGE).affine[rng.below(3)][3] += 500.0;
            },
        ),
        Kind::new(
            "atlas-nan-background",
            &ATLAS,
            same(1e-5, 1e-5).or_refused(&["NaN"]),
            |s, _| {
                let image = s.files.image(ATLAS_IMAGE);
                image.number = Number::F32;
                image
                    .data
                    .iter_mut()
                    .filter(|v| **v == 0.0)
                    .for_each(|v| *v = f64::NAN);
            },
        ),
        Kind::new(
            "atlas-rounded-labels",
            &ATLAS,
            same(1e-5, 1e-5).or_refused(&["nearest", "round"]),
            |s, rng| {
                let off = rng.uniform(1e-7, 5e-6);
                let image = s.files.image(ATLAS_IMAGE);
                image.number = Number::F32;
                image.data.iter_mut().for_each(|v| *v *= 1.0 + off);
            },
        ),
        Kind::new(
            "atlas-between-labels",
            &ATLAS,
            refused(&["nearest", "whole", "label"]),
            |s, rng| {
                let image = s.files.image(ATLAS_IMAGE);
                image.number = Number::F32;
                let n = image.data.len();
                let at = (0..40)
                    .map(|_| rng.below(n))
                    .find(|i| image.data[*i] > 0.0)
                    .unwrap_or(0);
                image.data[at] = 2.4;
            },
        ),
        Kind::new(
            "region-any-storage",
            &ROIS,
            same(1e-5, 1e-5).or_refused(&["affine", "grid", "orientation"]),
            |s, rng| {
                s.files.image(REGION).storage = any_storage(rng);
            },
        ),
        Kind::new(
            "region-on-the-right",
            &ROIS,
            same(1e-5, 1e-5).or_told(SIDE),
            |s, _| mirror(s.files.image(REGION)),
        ),
        Kind::new(
            "region-on-both-sides",
            &ROIS,
            same(1e-5, 1e-5).or_told(SIDE),
            |s, _| {
                let mut other = s.files.image(REGION).clone();
                mirror(&mut other);
                let region = s.files.image(REGION);
                region
                    .data
                    .iter_mut()
                    .zip(other.data)
                    .for_each(|(v, o)| *v = v.max(o));
            },
        ),
        Kind::new(
            "region-of-another-grid",
            &ROIS,
            refused(&["affine", "grid", "shape"]),
            |s, rng| {
                s.files.image(REGION).affine[rng.below(3)][3] += rng.pick(&[2.0, -4.0, 12.0]);
            },
        ),
        Kind::new("region-empty", &ROIS, told(&["front"]), |s, _| {
            s.files.image(REGION).data.fill(0.0);
        }),
        Kind::new(
            "runs-las",
            &MASK_SCENE,
            same(0.0, 0.0).or_refused(&["orientation", "asymmetric", "lpp-resample"]),
            |s, _| {
                for run in s.given("runs").to_vec() {
                    s.files.image(&run).storage = Storage::LAS;
                }
            },
        ),
        Kind::new(
            "runs-off-centre",
            &MASK_SCENE,
            // With much background, the brain is too small for the published threshold.
            same(0.0, 0.0).or_told(&["symmetr", "centre", "mirror", "x = 0", "noise around a brain"]),
            |s, rng| {
                let extra = 1 + rng.below(3);
                let right = rng.below(2) == 0;
                for run in s.given("runs").to_vec() {
                    widen(s.files.image(&run), extra, right);
                }
            },
        ),
        Kind::new(
            "runs-off-by-a-part",
            &MASK_SCENE,
            told(&["symmetr", "centre", "mirror", "x = 0"]),
            |s, rng| {
                let shift = rng.uniform(0.5, 1.5);
                for run in s.given("runs").to_vec() {
                    s.files.image(&run).affine[0][3] += shift;
                }
            },
        ),
    ]
}

fn store(study: &mut Study, storage: Storage) {
    let arrays = over_mask(study);
    study.store_mask(MASK, storage, &arrays);
    // Regions lie on the mask's grid.
    study.files.image(REGION).storage = storage;
}

/// Reverses x of the content.
fn mirror(image: &mut Image) {
    let slab = image.shape[1] * image.shape[2] * image.shape[3];
    image.data = image.data.chunks(slab).rev().flatten().copied().collect();
}

/// Gives the parcels other numbers; each keeps its name.
fn renumber(study: &mut Study, new: impl Fn(usize) -> usize) {
    let image = study.files.image(ATLAS_IMAGE);
    image
        .data
        .iter_mut()
        .filter(|v| **v > 0.0)
        .for_each(|v| *v = new(*v as usize) as f64);
    for row in &mut study.files.table("atlas/labels.csv").rows {
        row[0] = row[0]
            .parse()
            .map_or_else(|_| row[0].clone(), |label| new(label).to_string());
    }
}

/// Splits every voxel into eight.
fn halve_steps(image: &mut Image) {
    let old = image.clone();
    image.shape = [2 * old.shape[0], 2 * old.shape[1], 2 * old.shape[2], 1];
    image.data = c_order(image.space_shape())
        .map(|v| old.at(v.map(|i| i / 2), 0))
        .collect();
    for (axis, row) in image.affine.iter_mut().enumerate() {
        row[axis] /= 2.0;
        row[3] -= row[axis] / 2.0;
    }
}

/// Adds planes of background on one side, so that x = 0 is no longer the middle of the box.
fn widen(image: &mut Image, extra: usize, right: bool) {
    let slab = image.shape[1] * image.shape[2] * image.shape[3];
    let background = image.data[..extra * slab].to_vec();
    image.shape[0] += extra;
    if right {
        image.data.extend(background);
    } else {
        image.data.splice(0..0, background);
        image.affine[0][3] -= extra as f64 * image.affine[0][0];
    }
}
