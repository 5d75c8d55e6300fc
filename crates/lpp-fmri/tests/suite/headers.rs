//! Headers that are not quite as they should be: units, a fifth axis, places.

#![allow(
    clippy::decimal_bitwise_operands,
    reason = "codes as the standard prints them"
)]

use std::path::{Path, PathBuf};

use lpp_fmri::{Grid, Image, ImageReader, Interpolation, TimeUnit, diagonal_affine, resample_file};
use ndarray::{ArrayD, Dimension};

/// Byte positions of NIfTI-1 (`nifti1.h`).
const DIM: usize = 40;
const PIXDIM_4: usize = 76 + 16;
const UNITS: usize = 123;
const SROW_X: usize = 280;

/// A run of `shape` on 4 mm, its header changed.
fn changed(folder: &Path, shape: &[usize], change: impl Fn(&mut [u8])) -> PathBuf {
    let path = folder.join("run.nii");
    let grid = Grid::new([6; 3], diagonal_affine([4.0; 3], [-10.0; 3])).unwrap();
    let values = ArrayD::from_shape_fn(shape.to_vec(), |p| {
        p.as_array_view().iter().sum::<usize>() as f32 + 1.0
    });
    Image::new(grid, values)
        .unwrap()
        .with_time_step(2.0)
        .save(&path)
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// The repetition time and the code of the units of a run after it was resampled.
fn resampled_units(folder: &Path, step: f32, code: u8) -> (f32, u8) {
    let path = changed(folder, &[6, 6, 6, 3], |bytes| {
        put(bytes, PIXDIM_4, &step.to_le_bytes());
        bytes[UNITS] = code;
    });
    let target = Grid::new([4; 3], diagonal_affine([4.0; 3], [-5.0; 3])).unwrap();
    let written = folder.join("out.nii");
    let image = resample_file(&path, &target, Interpolation::Cubic).unwrap();
    image.save(&written).unwrap();
    // Read again, it is what was written.
    let again = Image::load(&written).unwrap();
    assert_eq!(
        (again.time_step() as f32, again.time_unit()),
        (image.time_step() as f32, image.time_unit())
    );
    let bytes = std::fs::read(&written).unwrap();
    let step = f32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[PIXDIM_4 + i]));
    (step, bytes[UNITS])
}

#[test]
fn the_unit_of_time_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for (step, code, expected) in [
        (1.5, 2 | 8, (1.5, 2 | 8)),
        (2000.0, 2 | 16, (2.0, 2 | 8)),
        (720.0, 2 | 16, (0.72, 2 | 8)),
        (1.5e6, 2 | 24, (1.5, 2 | 8)),
        (1.5, 2, (1.5, 2)),
        (1.5, 8, (1.5, 8)),
        (1.5, 0, (1.5, 0)),
        // Not time, but hertz.
        (0.5, 2 | 32, (0.5, 2 | 32)),
    ] {
        assert_eq!(
            resampled_units(folder.path(), step, code),
            expected,
            "{step} with unit {code}"
        );
    }
    let path = changed(folder.path(), &[6, 6, 6, 2], |bytes| {
        put(bytes, PIXDIM_4, &2500f32.to_le_bytes());
        bytes[UNITS] = 2 | 16;
    });
    let reader = ImageReader::open(&path).unwrap();
    assert_eq!((reader.time_step(), reader.time_unit()), (2.5, TimeUnit::Seconds));
}

#[test]
fn places_are_scaled_to_millimetres() {
    let folder = tempfile::tempdir().unwrap();
    for (code, factor) in [(1, 1e-3f32), (3, 1e3)] {
        let path = changed(folder.path(), &[6, 6, 6, 2], |bytes| {
            bytes[UNITS] = code | 8;
            for at in (SROW_X..SROW_X + 48).step_by(4) {
                let value = f32::from_le_bytes([0, 1, 2, 3].map(|i| bytes[at + i]));
                put(bytes, at, &(value * factor).to_le_bytes());
            }
        });
        let grid = *ImageReader::open(&path).unwrap().grid();
        let there = Grid::new([6; 3], diagonal_affine([4.0; 3], [-10.0; 3])).unwrap();
        assert!(grid.matches(&there), "{grid}");
        // What is written is in mm and says so.
        let target = Grid::new([4; 3], diagonal_affine([4.0; 3], [-6.0; 3])).unwrap();
        let written = folder.path().join("out.nii");
        resample_file(&path, &target, Interpolation::Nearest)
            .unwrap()
            .save(&written)
            .unwrap();
        assert_eq!(std::fs::read(&written).unwrap()[UNITS], 2 | 8);
    }
}

#[test]
fn time_may_stand_in_a_later_axis() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Image::load(&changed(folder.path(), &[6, 6, 6, 12], |_| ())).unwrap();
    let dimensions = |lengths: &[i16]| {
        let lengths = lengths.to_vec();
        move |bytes: &mut [u8]| {
            for (i, length) in lengths.iter().enumerate() {
                put(bytes, DIM + 2 * i, &length.to_le_bytes());
            }
        }
    };
    for lengths in [
        vec![5, 6, 6, 6, 1, 12],
        vec![6, 6, 6, 6, 1, 1, 12],
        vec![5, 6, 6, 6, 12, 1],
        vec![7, 6, 6, 6, 12, 1, 1, 1],
    ] {
        let found = Image::load(&changed(folder.path(), &[6, 6, 6, 12], dimensions(&lengths))).unwrap();
        assert_eq!(found.values(), plain.values(), "{lengths:?}");
    }
    for lengths in [vec![5, 6, 6, 6, 2, 6], vec![6, 6, 6, 6, 1, 3, 4], vec![2, 6, 6]] {
        let error = Image::load(&changed(folder.path(), &[6, 6, 6, 12], dimensions(&lengths)))
            .unwrap_err()
            .to_string();
        assert!(error.contains("run.nii") && error.contains("squeeze"), "{error}");
    }
}

#[test]
fn an_sform_that_is_no_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (rows, qform_code, part) in [
        ([0.0f32; 12], 1, "and a valid qform (code 1)"),
        ([0.0; 12], 0, "cannot be inverted"),
        ([f32::NAN; 12], 1, "and a valid qform (code 1)"),
        (
            [4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0, 0.0, 4.0, 0.0],
            1,
            "and a valid qform",
        ),
    ] {
        let path = changed(folder.path(), &[6, 6, 6, 2], |bytes| {
            put(bytes, 252, &i16::to_le_bytes(qform_code));
            for (i, entry) in rows.iter().enumerate() {
                put(bytes, SROW_X + 4 * i, &entry.to_le_bytes());
            }
        });
        let error = Image::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("run.nii") && error.contains("sform (code 2)") && error.contains(part),
            "{error}"
        );
        assert!(error.len() < 500, "{error}");
    }
}

#[test]
fn a_repetition_time_is_what_a_header_says_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let found = |shape: &[usize], step: f32, code: u8| {
        let path = changed(folder.path(), shape, |bytes| {
            put(bytes, PIXDIM_4, &step.to_le_bytes());
            bytes[UNITS] = code;
        });
        ImageReader::open(&path).unwrap().repetition_time_s()
    };
    let run = &[6, 6, 6, 3][..];
    assert_eq!(found(run, 2.5, 8), Some(2.5));
    assert_eq!(found(run, 1.0, 8), Some(1.0));
    assert_eq!(found(run, 1500.0, 16), Some(1.5));
    // Without a unit, 1 is what tools write that do not know the time.
    assert_eq!(found(run, 2.5, 0), Some(2.5));
    assert_eq!(found(run, 0.5, 0), Some(0.5));
    assert_eq!(found(run, 1.0, 0), None);
    for (shape, step, code) in [(run, 0.0, 8), (run, -2.0, 8), (run, 2.0, 32), (&run[..3], 2.0, 8)] {
        assert_eq!(found(shape, step, code), None, "{step} with unit {code}");
    }
}
