//! Images and masks that must be refused with a message, without a panic and without taking memory on trust.

use std::io::Write;
use std::path::Path;

use crate::common::fixture;
use flate2::Compression;
use flate2::write::GzEncoder;
use lpp_fmri::{FmriError, Grid, Image, ImageReader, Mask};
use ndarray::{Array1, Array3, array};

/// The bytes of a small valid image, for spoiling.
fn valid() -> Vec<u8> {
    std::fs::read(fixture("images/plain_f4.nii")).unwrap()
}

fn load(bytes: &[u8]) -> Result<Image, FmriError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    Image::load(file.path())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The valid image with some bytes replaced.
fn spoilt(place: usize, bytes: &[u8]) -> Vec<u8> {
    let mut image = valid();
    image[place..place + bytes.len()].copy_from_slice(bytes);
    image
}

fn assert_refused(bytes: &[u8], part: &str) {
    for bytes in [bytes.to_vec(), packed(bytes)] {
        let message = load(&bytes).unwrap_err().to_string();
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn broken_headers_are_refused() {
    let i16s = |values: &[i16]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
    assert_refused(b"", "the file is truncated");
    assert_refused(b"not an image at all", "the file is truncated");
    assert_refused(&[7; 1000], "no NIfTI header");
    assert_refused(&spoilt(344, b"ni1\0"), ".hdr/.img pair");
    assert_refused(&spoilt(344, b"nope"), "no NIfTI header");
    assert_refused(&spoilt(40, &i16s(&[2, 12, 5])), "expected a 3-D or 4-D image");
    assert_refused(&spoilt(42, &i16s(&[0])), "expected a 3-D or 4-D image");
    assert_refused(&spoilt(42, &i16s(&[-3])), "expected a 3-D or 4-D image");
    assert_refused(
        &spoilt(40, &i16s(&[5, 3, 4, 5, 2, 2])),
        "expected a 3-D or 4-D image",
    );
    assert_refused(&spoilt(70, &i16s(&[32])), "type code 32");
    assert_refused(&spoilt(70, &i16s(&[1536])), "type code 1536");
    assert_refused(&spoilt(70, &i16s(&[-1])), "type code -1");
    assert_refused(&spoilt(108, &351f32.to_le_bytes()), "data at byte 351");
    assert_refused(&spoilt(108, &f32::NAN.to_le_bytes()), "data at byte NaN");
    assert_refused(&spoilt(108, &1e30f32.to_le_bytes()), "data at byte");
    assert_refused(&spoilt(108, &1e9f32.to_le_bytes()), "a file too small");
    assert_refused(
        &spoilt(116, &f32::INFINITY.to_le_bytes()),
        "expected a finite intercept",
    );
    assert_refused(&spoilt(280, &[0; 48]), "cannot be inverted");
    assert_refused(&spoilt(280, &f32::NAN.to_le_bytes()), "cannot be inverted");
    let mut long_quaternion = spoilt(252, &i16s(&[1, 0]));
    long_quaternion[256..260].copy_from_slice(&2f32.to_le_bytes());
    assert_refused(&long_quaternion, "the quaternion (2, ");
}

#[test]
fn a_header_that_lies_about_its_size_takes_no_memory() {
    let dims: Vec<u8> = [7i16, 32767, 32767, 32767, 32767, 1, 1, 1]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_refused(&spoilt(40, &dims), "a file too small for the");
    // NIfTI-2 dimensions whose product overflows.
    let mut second = valid_nifti_2();
    for axis in 0..4 {
        second[24 + 8 * axis..32 + 8 * axis].copy_from_slice(&(1i64 << 40).to_le_bytes());
    }
    second[16..24].copy_from_slice(&4i64.to_le_bytes());
    assert_refused(&second, "a file too small for the");
    let slightly = spoilt(42, &4i16.to_le_bytes());
    assert!(
        load(&slightly)
            .unwrap_err()
            .to_string()
            .contains("a file too small for the 320 bytes")
    );
    assert!(
        load(&packed(&slightly))
            .unwrap_err()
            .to_string()
            .contains("the file is truncated")
    );
}

fn valid_nifti_2() -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(fixture("images/nifti2_i4.nii.gz")).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(file), &mut bytes).unwrap();
    bytes
}

#[test]
fn no_truncation_panics_or_passes() {
    for whole in [
        valid(),
        valid_nifti_2(),
        packed(&valid()),
        packed(&valid_nifti_2()),
    ] {
        assert!(load(&whole).is_ok());
        for n in 0..whole.len() {
            assert!(load(&whole[..n]).is_err(), "{n} of {} bytes", whole.len());
        }
    }
}

#[test]
fn no_wrong_byte_of_a_header_panics() {
    for whole in [valid(), valid_nifti_2()] {
        for place in 0..whole.len().min(544) {
            for flip in [1u8, 0x40, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] ^= flip;
                let _ = load(&bytes);
            }
        }
    }
}

#[test]
fn a_damaged_gzip_shows_at_the_last_volume_too() {
    let whole = std::fs::read(fixture("images/both_f8_4d.nii.gz")).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&whole[..whole.len() - 4]).unwrap();
    let mut reader = ImageReader::open(file.path()).unwrap();
    assert!(reader.next_volume().is_ok() && reader.next_volume().is_ok());
    assert!(reader.next_volume().is_err());
}

#[test]
fn a_missing_file_is_named() {
    let error = Image::load(Path::new("no/such/image.nii")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read no/such/image.nii; there is no folder no"
    );
}

/// Saves a volume on a tiny grid and loads it as a mask.
fn mask_of(values: Array3<f32>) -> Result<Mask, FmriError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mask.nii");
    let (i, j, k) = values.dim();
    let grid = Grid::new([i, j, k], *Grid::working().affine()).unwrap();
    Image::new(grid, values.into_dyn()).unwrap().save(&path).unwrap();
    Mask::load(&path)
}

#[test]
fn a_mask_has_two_values_of_which_one_is_zero() {
    assert_eq!(mask_of(array![[[0.0, 7.0, 7.0]]]).unwrap().n_voxels(), 2);
    assert_eq!(mask_of(array![[[1.0, 1.0]]]).unwrap().n_voxels(), 2);
    // As SPM writes them, and as resampling tools round.
    assert_eq!(
        mask_of(array![[[f32::NAN, 1.0, f32::NAN]]]).unwrap().n_voxels(),
        1
    );
    assert_eq!(mask_of(array![[[0.0, f32::NAN, 1.0]]]).unwrap().n_voxels(), 1);
    assert_eq!(mask_of(array![[[0.0, 1.0, 0.999_999_9]]]).unwrap().n_voxels(), 2);
    for (values, part) in [
        (array![[[0.0, 0.0]]], "found a mask without a voxel inside"),
        (
            array![[[f32::NAN, f32::NAN]]],
            "found a mask without a voxel inside",
        ),
        (array![[[0.0, 1.0, 2.0]]], "found the values 1 and 2"),
        (
            array![[[0.0, 0.9, 1.0]]],
            "found the values 0.8999999761581421 and 1",
        ),
        (array![[[1.0, f32::INFINITY]]], "found the values 1 and inf"),
    ] {
        let message = mask_of(values).unwrap_err().to_string();
        assert!(
            message.contains(part) && message.contains("mask.nii"),
            "{message}"
        );
    }
    let message = Mask::load(&fixture("images/both_f8_4d.nii.gz"))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("an image of shape [3, 2, 4, 3], expected a mask"),
        "{message}"
    );
}

#[test]
fn arrays_must_fit_the_mask() {
    let mask = mask_of(array![[[0.0, 1.0, 1.0]]]).unwrap();
    assert!(matches!(
        mask.apply(&Array3::<f32>::zeros((1, 3, 1))),
        Err(FmriError::Shape { .. })
    ));
    assert!(matches!(
        mask.unmask(&Array1::<f32>::zeros(3), 0.0),
        Err(FmriError::Shape { .. })
    ));
    let elsewhere = Image::load(&fixture("images/plain_f4.nii")).unwrap();
    let message = mask.apply_image(&elsewhere).unwrap_err().to_string();
    assert!(message.contains("does not match the mask's"), "{message}");
    let image = Image::new(*mask.grid(), array![[[5.0, 6.0, 7.0]]].into_dyn()).unwrap();
    assert_eq!(mask.apply_image(&image).unwrap(), array![[6.0, 7.0]]);
    assert!(matches!(
        Mask::new(*mask.grid(), Array3::from_elem((1, 3, 1), true)),
        Err(FmriError::Shape { .. })
    ));
    assert!(matches!(
        Mask::new(*mask.grid(), Array3::from_elem((1, 1, 3), false)),
        Err(FmriError::EmptyMask)
    ));
}

#[test]
fn a_mask_survives_its_file_and_keeps_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    let mask = mask_of(array![[[0.0, 1.0, 1.0]], [[1.0, 0.0, 0.0]]]).unwrap();
    for name in ["m.nii", "m.nii.gz"] {
        mask.save(&folder.path().join(name)).unwrap();
        let again = Mask::load(&folder.path().join(name)).unwrap();
        assert_eq!((again.hash(), &again), (mask.hash(), &mask));
    }
    assert_ne!(
        mask.hash(),
        mask_of(array![[[0.0, 1.0, 1.0]], [[1.0, 0.0, 1.0]]])
            .unwrap()
            .hash()
    );
    assert!(!mask.is_symmetric().unwrap());
    let sides = mask.sides(lpp_fmri::MaskOf::Group);
    assert_eq!((sides.by_x().left().len(), sides.halves()), (3, None));
}
