//! How files hold their numbers: types, byte order, scaling, compression, damage in transit.

use super::shared::over_mask;
use crate::answer::{Answer, refused, same, told};
use crate::files::{Array, Breach, Content, Element, Image, Number, Packed};
use crate::kind::Kind;
use crate::random::Draw;
use crate::scenes::{CLEAN, FIT, ISC, RIDGE};
use crate::study::Study;

const ACTIVATIONS: &str = "activations/midi_en.safetensors";
/// f32 against f64 of values around 500, in standard deviations.
const CLOSE: Answer = same(2e-3, 0.0);

pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = images();
    kinds.extend(masks());
    kinds.extend(arrays());
    kinds.extend(tensors());
    kinds
}

fn images() -> Vec<Kind> {
    vec![
        Kind::new("image-big-endian", &CLEAN, CLOSE, |s, _| {
            bold(s).big_endian = true;
        }),
        Kind::new("image-f64", &CLEAN, CLOSE, |s, _| bold(s).number = Number::F64),
        Kind::new("image-f64-big-endian", &CLEAN, CLOSE, |s, _| {
            bold(s).number = Number::F64;
            bold(s).big_endian = true;
        }),
        // Steps of 0.03 where a standard deviation is some 30.
        Kind::new("image-int16-scaled", &CLEAN, same(0.02, 0.0), |s, rng| {
            let image = bold(s);
            image.number = Number::I16;
            image.slope = rng.uniform(0.02, 0.04) as f32;
            image.intercept = 480.0;
        }),
        Kind::new("image-int32-scaled", &CLEAN, same(0.02, 0.0), |s, rng| {
            let image = bold(s);
            image.number = Number::I32;
            image.slope = rng.uniform(1e-5, 1e-3) as f32;
        }),
        Kind::new("image-uint16-scaled", &CLEAN, same(0.02, 0.0), |s, _| {
            let image = bold(s);
            image.number = Number::U16;
            image.slope = 0.02;
            image.big_endian = true;
        }),
        Kind::new("image-second-version", &CLEAN, CLOSE, |s, _| {
            bold(s).second_version = true;
        }),
        Kind::new("image-second-version-big-endian", &CLEAN, CLOSE, |s, _| {
            bold(s).second_version = true;
            bold(s).big_endian = true;
        }),
        Kind::new("image-not-compressed", &CLEAN, CLOSE, |s, _| {
            s.files.rename("bold.nii.gz", "bold.nii");
            s.give("image", vec!["bold.nii".to_owned()]);
        }),
        Kind::new("image-padded", &CLEAN, CLOSE, |s, rng| {
            bold(s).packed = Packed::Padded(rng.pick(&[1, 512, 10240]));
        }),
        Kind::new("image-in-two-members", &CLEAN, CLOSE, |s, _| {
            bold(s).packed = Packed::TwoMembers;
        }),
        Kind::new("image-with-an-extension", &CLEAN, CLOSE, |s, rng| {
            bold(s).extension = rng.pick(&[16, 48, 1024]);
        }),
        Kind::new(
            "image-time-in-axis-5",
            &CLEAN,
            CLOSE.or_refused(&["fifth", "axis 5", "squeeze"]),
            |s, _| {
                let [x, y, z, t] = bold(s).shape;
                bold(s).dims = Some(vec![x, y, z, 1, t]);
            },
        ),
        Kind::new(
            "image-with-spare-bytes",
            &CLEAN,
            CLOSE.or_told(&["bytes", "longer"]),
            |s, rng| {
                bold(s).trailing = rng.pick(&[4, 352, 4096]);
            },
        ),
        Kind::new("image-cut-short", &CLEAN, refused(&["bold.nii"]), |s, rng| {
            bold(s).kept = rng.uniform(0.3, 0.98);
        }),
        Kind::new(
            "image-cut-short-compressed",
            &CLEAN,
            refused(&["bold.nii"]),
            |s, rng| {
                let bytes = bold(s).encode("bold.nii.gz").unwrap_or_default();
                let kept = (bytes.len() as f64 * rng.uniform(0.3, 0.97)) as usize;
                s.files.put("bold.nii.gz", Content::Bytes(bytes[..kept].to_vec()));
            },
        ),
        Kind::new(
            "image-with-a-flipped-bit",
            &CLEAN,
            refused(&["bold.nii"]),
            |s, rng| {
                let mut bytes = bold(s).encode("bold.nii.gz").unwrap_or_default();
                let at = bytes.len() / 2 + rng.below(bytes.len() / 4);
                bytes[at] ^= 0x10;
                s.files.put("bold.nii.gz", Content::Bytes(bytes));
            },
        ),
        Kind::new(
            "image-named-gz-but-bare",
            &CLEAN,
            CLOSE.or_refused(&["gzip", "compressed", ".gz"]),
            |s, _| {
                let bytes = bold(s).encode("bold.nii").unwrap_or_default();
                s.files.put("bold.nii.gz", Content::Bytes(bytes));
            },
        ),
        Kind::new(
            "image-named-bare-but-gz",
            &CLEAN,
            CLOSE.or_refused(&["gzip", "compressed", "bold.nii"]),
            |s, _| {
                let bytes = bold(s).encode("bold.nii.gz").unwrap_or_default();
                s.files.put("bold.nii", Content::Bytes(bytes));
                s.give("image", vec!["bold.nii".to_owned()]);
            },
        ),
        Kind::new("image-is-a-pointer", &CLEAN, refused(&["bold.nii"]), |s, rng| {
            // what git-annex, as DataLad sets it up, and Git LFS leave where the data were not fetched
            let text = rng.pick(&[
                "/annex/objects/MD5E-s1234--0123456789abcdef.nii.gz\n",
                super::shared::LFS_POINTER,
            ]);
            s.files.put_text("bold.nii.gz", text);
        }),
        Kind::new("image-empty", &CLEAN, refused(&["bold.nii"]), |s, _| {
            s.files.put_text("bold.nii.gz", "");
        }),
        // NIfTI: no scaling if the slope is 0; nibabel takes NaN and infinity likewise.
        Kind::new("image-slope-not-finite", &CLEAN, CLOSE, |s, rng| {
            let slope = rng.pick(&[0.0_f32, f32::NAN, f32::INFINITY]);
            let mut bytes = bold(s).encode("bold.nii").unwrap_or_default();
            bytes[112..116].copy_from_slice(&slope.to_le_bytes());
            s.files.put("bold.nii", Content::Bytes(bytes));
            s.give("image", vec!["bold.nii".to_owned()]);
        }),
    ]
}

fn masks() -> Vec<Kind> {
    vec![
        Kind::new("mask-int16", &CLEAN, CLOSE, |s, _| mask(s).number = Number::I16),
        Kind::new("mask-f32", &CLEAN, CLOSE, |s, _| mask(s).number = Number::F32),
        Kind::new("mask-f64-big-endian", &CLEAN, CLOSE, |s, _| {
            mask(s).number = Number::F64;
            mask(s).big_endian = true;
        }),
        Kind::new("mask-scaled", &CLEAN, CLOSE, |s, _| {
            // 255 times 1/255 is not exactly 1 in f32
            mask(s).slope = 1.0 / 255.0;
        }),
        Kind::new(
            "mask-of-255",
            &CLEAN,
            CLOSE.or_refused(&["255", "value", "0 and 1"]),
            |s, _| {
                mask(s).data.iter_mut().for_each(|v| *v *= 255.0);
            },
        ),
        Kind::new("mask-nan-outside", &CLEAN, CLOSE.or_refused(&["NaN"]), |s, _| {
            mask(s).number = Number::F32;
            mask(s)
                .data
                .iter_mut()
                .filter(|v| **v == 0.0)
                .for_each(|v| *v = f64::NAN);
        }),
        Kind::new(
            "mask-of-probabilities",
            &CLEAN,
            refused(&["value", "0 and 1", "threshold"]),
            |s, rng| {
                mask(s).number = Number::F32;
                mask(s).data.iter_mut().for_each(|v| *v *= rng.uniform(0.2, 1.0));
            },
        ),
        Kind::new(
            "mask-of-labels",
            &CLEAN,
            refused(&["value", "0 and 1", "label"]),
            |s, rng| {
                mask(s)
                    .data
                    .iter_mut()
                    .for_each(|v| *v *= (1 + rng.below(5)) as f64);
            },
        ),
        Kind::new(
            "mask-of-nothing",
            &CLEAN,
            refused(&["empty", "no voxel", "mask"]),
            |s, _| mask(s).data.fill(0.0),
        ),
    ]
}

fn arrays() -> Vec<Kind> {
    vec![
        Kind::new("scans-f64", &FIT, same(1e-4, 0.0), |s, _| {
            each_run(s, |a| a.element = Element::F64);
        }),
        Kind::new(
            "scans-f16",
            &FIT,
            same(0.02, 0.0).or_refused(&["float16", "f2"]),
            |s, _| {
                each_run(s, |a| a.element = Element::F16);
            },
        ),
        Kind::new(
            "scans-big-endian",
            &FIT,
            same(1e-4, 0.0).or_refused(&["endian", "byte order", ">f4"]),
            |s, _| {
                each_run(s, |a| a.big_endian = true);
            },
        ),
        Kind::new(
            "scans-fortran",
            &FIT,
            same(1e-4, 0.0).or_refused(&["fortran"]),
            |s, _| {
                each_run(s, |a| a.fortran = true);
            },
        ),
        Kind::new(
            "scans-int16",
            &FIT,
            same(0.2, 0.0).or_refused(&["int16", "i2"]),
            |s, _| {
                each_run(s, |a| {
                    a.element = Element::I16;
                    a.data.iter_mut().for_each(|v| *v *= 1000.0);
                });
            },
        ),
        Kind::new("scans-npy-version-2", &FIT, same(1e-6, 0.0), |s, _| {
            each_run(s, |a| a.second_version = true);
        }),
        Kind::new("scans-of-unlike-types", &FIT, same(1e-4, 0.0), |s, rng| {
            for (n, path) in s.files.under("average_subject/", ".npy").into_iter().enumerate() {
                let array = s.files.array(&path);
                array.element = if n % 2 == rng.below(2) {
                    Element::F64
                } else {
                    Element::F32
                };
            }
        }),
        Kind::new("scans-cut-short", &FIT, refused(&["run-"]), |s, rng| {
            let path = format!("average_subject/en/run-{}.npy", rng.below(9));
            s.files.array(&path).cut = 1 + rng.below(400);
        }),
        Kind::new("isc-f64", &ISC, same(1e-6, 1e-6), |s, _| {
            s.files.array("isc/isc_en.npy").element = Element::F64;
        }),
        Kind::new(
            "isc-big-endian-fortran",
            &ISC,
            same(1e-6, 1e-6).or_refused(&["endian", "byte order", "fortran"]),
            |s, _| {
                let isc = s.files.array("isc/isc_en.npy");
                isc.big_endian = true;
                isc.fortran = true;
            },
        ),
        Kind::new(
            "isc-of-one-trial-flat",
            &ISC,
            refused(&["shape", "dimension", "trials"]),
            |s, _| {
                let isc = s.files.array("isc/isc_en.npy");
                isc.cut_rows(0..1);
                isc.shape = vec![isc.data.len()];
            },
        ),
        Kind::new(
            "ridge-big-endian",
            &RIDGE,
            same(1e-6, 0.0).or_refused(&["endian", "byte order", ">f"]),
            |s, _| {
                each_array(s, |a| a.big_endian = true);
            },
        ),
        Kind::new(
            "ridge-fortran",
            &RIDGE,
            same(1e-6, 0.0).or_refused(&["fortran"]),
            |s, _| {
                each_array(s, |a| a.fortran = true);
            },
        ),
        Kind::new(
            "ridge-flat-target",
            &RIDGE,
            refused(&["columns", "dimension", "shape", "2-D"]),
            |s, rng| {
                let path = format!("y{}.npy", rng.below(4));
                let array = s.files.array(&path);
                array.take_columns(&[0]);
                array.shape = vec![array.data.len()];
            },
        ),
        Kind::new(
            "ridge-integers",
            &RIDGE,
            same(0.05, 0.0).or_refused(&["int32", "i4"]),
            |s, _| {
                for path in s.files.under("y", ".npy") {
                    let array = s.files.array(&path);
                    array.element = Element::I32;
                    array.data.iter_mut().for_each(|v| *v *= 1000.0);
                }
            },
        ),
    ]
}

fn tensors() -> Vec<Kind> {
    vec![
        Kind::new("activations-f16", &FIT, same(5e-3, 0.0), |s, _| {
            each_tensor(s, "F16");
        }),
        Kind::new("activations-bf16", &FIT, same(0.03, 0.0), |s, _| {
            each_tensor(s, "BF16");
        }),
        Kind::new(
            "activations-f64",
            &FIT,
            same(1e-4, 0.0).or_refused(&["F64", "float64"]),
            |s, _| each_tensor(s, "F64"),
        ),
        Kind::new("activations-in-another-order", &FIT, same(1e-6, 0.0), |s, rng| {
            let tensors = &mut s.files.tensors(ACTIVATIONS).list;
            let order = rng.shuffled(tensors.len());
            *tensors = order.into_iter().map(|i| tensors[i].clone()).collect();
        }),
        Kind::new("activations-overlap", &FIT, refused(&[ACTIVATIONS]), |s, _| {
            breach(s, Breach::Overlap);
        }),
        Kind::new(
            "activations-with-a-hole",
            &FIT,
            refused(&[ACTIVATIONS]),
            |s, _| breach(s, Breach::Hole),
        ),
        Kind::new("activations-key-twice", &FIT, refused(&[ACTIVATIONS]), |s, _| {
            breach(s, Breach::KeyTwice);
        }),
        Kind::new(
            "activations-with-a-tail",
            &FIT,
            refused(&[ACTIVATIONS]),
            |s, _| breach(s, Breach::Trailing),
        ),
        Kind::new(
            "activations-of-another-language",
            &FIT,
            told(&["lang", "fr"]),
            |s, _| {
                let metadata = &mut s.files.tensors(ACTIVATIONS).metadata;
                metadata
                    .iter_mut()
                    .filter(|(k, _)| k == "lang")
                    .for_each(|(_, v)| "fr".clone_into(v));
            },
        ),
        Kind::new(
            "activations-of-another-model",
            &FIT,
            told(&["model", "maxi"]),
            |s, _| {
                s.files.copy("activations/maxi_en.safetensors", ACTIVATIONS);
            },
        ),
    ]
}

fn bold(study: &mut Study) -> &mut Image {
    study.files.image("bold.nii.gz")
}

fn mask(study: &mut Study) -> &mut Image {
    study.files.image("mask.nii.gz")
}

fn each_run(study: &mut Study, change: impl Fn(&mut Array)) {
    for path in over_mask(study).iter().filter(|path| path.contains("run-")) {
        change(study.files.array(path));
    }
}

fn each_array(study: &mut Study, change: impl Fn(&mut Array)) {
    for path in study.files.under("", ".npy") {
        change(study.files.array(&path));
    }
}

fn each_tensor(study: &mut Study, dtype: &'static str) {
    for tensor in &mut study.files.tensors(ACTIVATIONS).list {
        tensor.dtype = dtype;
    }
}

fn breach(study: &mut Study, breach: Breach) {
    study.files.tensors(ACTIVATIONS).breach = breach;
}
