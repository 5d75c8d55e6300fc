//! Writes NIfTI-1 files like the tools of the reference.

use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use lpp_files::{AtomicFile, FileError};
use ndarray::ArrayD;

use crate::FmriError;
use crate::affine::column_lengths;
use crate::image::Image;
use crate::numeric::{Element, ElementType, NumArray, with_array};

/// Offset of the data: 348 bytes of header and 4 bytes for "no extensions".
const DATA_OFFSET: usize = 352;
/// Numbers encoded at a time.
const CHUNK: usize = 1 << 16;

impl Image {
    /// Writes a NIfTI-1 file, gzip-compressed if the name ends in `.gz`, complete or not at all.
    ///
    /// The header is new. It has the affine as sform with code 2, no qform, voxel sizes from the affine, the [time
    /// step](Image::time_step), slope 1 and intercept 0, the known units, and the data at byte 352 in the type of the
    /// array. An image created here has no units, like the files of the reference; an image that was read and resampled
    /// keeps its units. Affines are stored as `f32`.
    ///
    /// # Errors
    /// [`FmriError::File`] if the file cannot be written, [`FmriError::Shape`] if an axis is longer than the
    /// format's 32767.
    pub fn save(&self, path: &Path) -> Result<(), FmriError> {
        let header = header_bytes(self)?;
        let failed = |source| {
            FmriError::File(FileError::Write {
                path: path.to_owned(),
                source,
            })
        };
        let mut file = AtomicFile::create(path)?;
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz")) {
            // Level 1, as nibabel: volumes compress little better and much slower at higher levels.
            let mut encoder = GzEncoder::new(&mut file, Compression::fast());
            write_all(&mut encoder, &header, self.values()).map_err(failed)?;
            encoder.finish().map_err(failed)?;
        } else {
            write_all(&mut file, &header, self.values()).map_err(failed)?;
        }
        Ok(file.commit()?)
    }
}

fn write_all(out: &mut impl Write, header: &[u8], values: &NumArray) -> io::Result<()> {
    out.write_all(header)?;
    with_array!(values, array => write_numbers(out, array))
}

/// Writes the elements with the first axis fastest, little-endian.
fn write_numbers<T: Element>(out: &mut impl Write, array: &ArrayD<T>) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(CHUNK * size_of::<T>());
    for (i, value) in array.t().iter().enumerate() {
        value.encode(&mut buffer);
        if (i + 1) % CHUNK == 0 {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

/// The header and its four trailing bytes; positions are those of the NIfTI-1 standard (`nifti1.h`).
#[expect(
    clippy::cast_possible_truncation,
    reason = "the format stores geometry as f32; ranks and bits are small"
)]
fn header_bytes(image: &Image) -> Result<[u8; DATA_OFFSET], FmriError> {
    let affine = image.grid().affine();
    let element = image.values().element_type();
    let sizes = column_lengths(affine);
    let mut header = Fields([0; DATA_OFFSET]);
    header.put(0, 348i32.to_le_bytes());
    header.put(40, (image.values().shape().len() as u16).to_le_bytes());
    for (axis, length) in dimensions(image)?.into_iter().enumerate() {
        header.put(42 + 2 * axis, length.to_le_bytes());
    }
    header.put(70, data_type_code(element).to_le_bytes());
    header.put(72, (8 * element.size() as u16).to_le_bytes());
    let time_step = image.time_step();
    let pixdim = [1.0, sizes[0], sizes[1], sizes[2], time_step, 1.0, 1.0, 1.0];
    for (i, step) in pixdim.into_iter().enumerate() {
        header.put(76 + 4 * i, (step as f32).to_le_bytes());
    }
    header.put(108, (DATA_OFFSET as f32).to_le_bytes());
    header.put(112, 1f32.to_le_bytes()); // scl_slope
    header.put(123, [image.units_code()]); // xyzt_units
    header.put(254, 2i16.to_le_bytes()); // sform_code: aligned to another image
    for row in 0..3 {
        header.put(268 + 4 * row, (affine[row][3] as f32).to_le_bytes());
        for column in 0..4 {
            header.put(
                280 + 16 * row + 4 * column,
                (affine[row][column] as f32).to_le_bytes(),
            );
        }
    }
    header.put(344, *b"n+1\0");
    Ok(header.0)
}

/// Lengths of the seven axes, 1 for missing axes.
fn dimensions(image: &Image) -> Result<[i16; 7], FmriError> {
    let mut lengths = [1; 7];
    for (length, &n) in lengths.iter_mut().zip(image.values().shape()) {
        *length = i16::try_from(n).map_err(|_| FmriError::Shape {
            what: "an image for a NIfTI-1 file",
            found: image.values().shape().to_vec(),
            expected: vec![i16::MAX as usize],
        })?;
    }
    Ok(lengths)
}

/// The standard's `DT_` codes.
fn data_type_code(element: ElementType) -> i16 {
    match element {
        ElementType::U8 => 2,
        ElementType::I16 => 4,
        ElementType::I32 => 8,
        ElementType::F32 => 16,
        ElementType::F64 => 64,
        ElementType::I8 => 256,
        ElementType::U16 => 512,
        ElementType::U32 => 768,
        ElementType::I64 => 1024,
        ElementType::U64 => 1280,
    }
}

/// The header under construction.
struct Fields([u8; DATA_OFFSET]);

impl Fields {
    fn put<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        self.0[at..at + N].copy_from_slice(&bytes);
    }
}
