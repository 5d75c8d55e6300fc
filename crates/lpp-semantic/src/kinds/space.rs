//! Grids: units, forms of the header, storage of the axes, images that miss each other.

use super::shared::{MASK, any_storage};
use crate::answer::{refused, same, told};
use crate::files::{Image, Qform, Storage};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{AVERAGE_IMAGES, CLEAN, FIT, ISC, MASK as MASK_SCENE, RESAMPLE};

const GRID: &[&str] = &["affine", "grid", "shape"];
const UNIT: &[&str] = &["unit", "micro", "metre", "mm"];
const FORMS: &[&str] = &["sform", "qform"];
const OVERLAP: &[&str] = &["overlap", "outside", "field of view", "reach", "zero", "slice"];

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new("source-any-storage", &RESAMPLE, same(1e-3, 1e-6), |s, rng| {
            bold(s).storage = any_storage(rng);
        }),
        Kind::new("target-any-storage", &RESAMPLE, same(1e-3, 1e-6), |s, rng| {
            s.files.image("mask.nii.gz").storage = any_storage(rng);
        }),
        Kind::new(
            "micrometres",
            &RESAMPLE,
            same(1e-3, 1e-6).or_told(UNIT),
            |s, _| bold(s).space = (1000.0, 3),
        ),
        Kind::new("metres", &RESAMPLE, same(1e-3, 1e-6).or_told(UNIT), |s, _| {
            bold(s).space = (0.001, 1);
        }),
        Kind::new(
            "metres-called-millimetres",
            &RESAMPLE,
            told(OVERLAP).or_told(&["voxel", "outside", "overlap", "slice", "zero", "reach"]),
            |s, _| {
                bold(s).space = (0.001, 2);
            },
        ),
        Kind::new("space-without-a-unit", &RESAMPLE, same(1e-4, 1e-6), |s, _| {
            bold(s).space.1 = 0;
        }),
        Kind::new("qform-alone", &RESAMPLE, same(1e-4, 1e-6), |s, _| {
            let image = bold(s);
            image.sform_code = 0;
            image.sform = Some([[0.0; 4]; 3]);
            image.qform = Some(upright(image));
        }),
        Kind::new("qform-alone-of-las", &RESAMPLE, same(1e-4, 1e-6), |s, _| {
            let image = bold(s);
            image.storage = Storage::LAS;
            image.sform_code = 0;
            image.sform = Some([[0.0; 4]; 3]);
            image.qform = Some(reversed(image));
        }),
        Kind::new("sform-against-qform", &RESAMPLE, told(FORMS), |s, _| {
            let image = bold(s);
            image.qform = Some(reversed(image));
        }),
        Kind::new("qform-moved-from-sform", &RESAMPLE, told(FORMS), |s, rng| {
            let image = bold(s);
            let mut qform = upright(image);
            qform.offset[rng.below(3)] += rng.uniform(5.0, 30.0) as f32;
            image.qform = Some(qform);
        }),
        Kind::new("qform-agrees-with-sform", &RESAMPLE, same(1e-6, 1e-6), |s, _| {
            let image = bold(s);
            image.qform = Some(upright(image));
        }),
        Kind::new(
            "sform-of-zeros",
            &RESAMPLE,
            same(1e-4, 1e-6).or_refused(FORMS),
            |s, _| {
                let image = bold(s);
                image.sform = Some([[0.0; 4]; 3]);
                image.qform = Some(upright(image));
            },
        ),
        Kind::new(
            "neither-form",
            &RESAMPLE,
            told(&["sform", "qform", "orientation"]),
            |s, _| {
                let image = bold(s);
                image.sform_code = 0;
                image.sform = Some([[0.0; 4]; 3]);
            },
        ),
        Kind::new("image-far-away", &RESAMPLE, told(OVERLAP), |s, rng| {
            let shift = rng.pick(&[500.0, -500.0, 60.0, -60.0]);
            bold(s).affine[rng.below(3)][3] += shift;
        }),
        Kind::new("image-of-one-slice", &RESAMPLE, told(OVERLAP), |s, _| {
            let image = bold(s);
            let old = image.clone();
            image.shape[2] = 1;
            image.data = old
                .data
                .chunks(old.shape[2] * old.shape[3])
                .flat_map(|c| c[..old.shape[3]].to_vec())
                .collect();
        }),
        Kind::new("run-and-mask-las", &CLEAN, same(1e-4, 0.0), |s, _| {
            bold(s).storage = Storage::LAS;
            s.files.image("mask.nii.gz").storage = Storage::LAS;
        }),
        Kind::new(
            "run-stored-unlike-its-mask",
            &CLEAN,
            same(1e-4, 0.0).or_refused(&["affine", "orientation", "grid"]),
            |s, rng| {
                bold(s).storage = any_storage(rng);
            },
        ),
        Kind::new("mask-of-another-grid", &CLEAN, refused(GRID), |s, rng| {
            s.files.image("mask.nii.gz").affine[rng.below(3)][3] += rng.pick(&[4.0, -2.0, 0.5]);
        }),
        Kind::new("mask-of-another-step", &CLEAN, refused(GRID), |s, _| {
            let mask = s.files.image("mask.nii.gz");
            (0..3).for_each(|axis| mask.affine[axis][axis] = 3.0);
        }),
        Kind::new("mask-of-another-shape", &CLEAN, refused(GRID), |s, _| {
            let mask = s.files.image("mask.nii.gz");
            mask.shape[0] -= 1;
            let n = mask.shape.iter().product();
            mask.data.truncate(n);
        }),
        Kind::new("mask-with-an-axis-of-one", &CLEAN, same(1e-6, 0.0), |s, _| {
            s.files.image("mask.nii.gz").dims = Some(vec![6, 5, 4, 1]);
        }),
        Kind::new(
            "mask-of-two-volumes",
            &CLEAN,
            refused(&["volume", "shape", "3-D", "dimension"]),
            |s, _| {
                let mask = s.files.image("mask.nii.gz");
                mask.data = mask.data.iter().flat_map(|v| [*v, *v]).collect();
                mask.shape[3] = 2;
            },
        ),
        Kind::new(
            "subject-of-another-grid",
            &AVERAGE_IMAGES,
            refused(GRID),
            |s, rng| {
                let path = format!("in/sub-2/func/sub-2_task-a_run-{}_bold.nii.gz", 1 + rng.below(3));
                s.files.image(&path).affine[rng.below(3)][3] += rng.pick(&[4.0, -4.0, 1.0]);
            },
        ),
        Kind::new(
            "subject-stored-otherwise",
            &AVERAGE_IMAGES,
            same(1e-4, 0.0).or_refused(&["affine", "orientation", "grid"]),
            |s, rng| {
                let storage = any_storage(rng);
                for path in s.files.under("in/sub-2/", ".nii.gz") {
                    s.files.image(&path).storage = storage;
                }
            },
        ),
        Kind::new(
            "everything-stored-otherwise",
            &AVERAGE_IMAGES,
            same(1e-4, 0.0),
            |s, rng| {
                let storage = any_storage(rng);
                for path in s.files.under("", ".nii.gz") {
                    s.files.image(&path).storage = storage;
                }
            },
        ),
        Kind::new("run-of-another-grid", &MASK_SCENE, refused(GRID), |s, rng| {
            let run = s.given("runs")[1 + rng.below(3)].clone();
            s.files.image(&run).affine[rng.below(3)][3] += 4.0;
        }),
        Kind::new(
            "one-run-stored-otherwise",
            &MASK_SCENE,
            same(0.0, 0.0).or_refused(&["affine", "orientation", "grid", "shape"]),
            |s, rng| {
                let run = s.given("runs")[1 + rng.below(3)].clone();
                s.files.image(&run).storage = any_storage(rng);
            },
        ),
        Kind::new(
            "mask-one-voxel-larger",
            &FIT,
            refused(&["voxels", "columns", "mask"]),
            |s, rng| {
                let mask = s.files.image(MASK);
                let outside: Vec<usize> = (0..mask.data.len()).filter(|i| mask.data[*i] == 0.0).collect();
                mask.data[rng.pick(&outside)] = 1.0;
            },
        ),
        Kind::new(
            "isc-of-a-smaller-mask",
            &ISC,
            refused(&["voxels", "columns"]),
            |s, rng| {
                let isc = s.files.array("isc/isc_en.npy");
                let columns: Vec<usize> = (0..isc.n_columns() - 1 - rng.below(5)).collect();
                isc.take_columns(&columns);
            },
        ),
        Kind::new(
            "isc-on-its-side",
            &ISC,
            refused(&["voxels", "columns", "shape"]),
            |s, _| {
                s.files.array("isc/isc_en.npy").transpose();
            },
        ),
    ]
}

fn bold(study: &mut crate::study::Study) -> &mut Image {
    study.files.image("bold.nii.gz")
}

/// The quaternion form of the grid with its axes ascending.
fn upright(image: &Image) -> Qform {
    Qform {
        quaternion: [0.0; 3],
        qfac: 1.0,
        offset: image.affine.map(|row| row[3] as f32),
    }
}

/// The quaternion form of the grid with x descending: half a turn around y, and z reversed by the factor.
fn reversed(image: &Image) -> Qform {
    let mut offset = upright(image).offset;
    offset[0] = -offset[0];
    Qform {
        quaternion: [0.0, 1.0, 0.0],
        qfac: -1.0,
        offset,
    }
}
