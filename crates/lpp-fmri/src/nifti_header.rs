//! Headers of NIfTI-1 and NIfTI-2 files in one form.
//!
//! The `nifti` crate parses the fields of NIfTI-1. This module adds three things: NIfTI-2, affines in `f64` (those of
//! the crate are `f32`), and the repairs that nibabel makes when it opens a file, so that it is read as in the
//! reference. A `pixdim[0]` that is not ±1 counts as 1, voxel sizes are used without their sign, and a size of 0 counts
//! as 1. (For the position of the voxels, see [`crate::placement`].)

use nifti::{Endianness, NiftiHeader, NiftiType};

use crate::FmriError;
use crate::byte_source::ByteSource;
use crate::grid::Grid;
use crate::numeric::ElementType;
use crate::placement::{Placed, Placement};
use crate::units::{TimeUnit, Units};

/// Header bytes of NIfTI-1; four more bytes say whether extensions follow.
const HEADER_1: usize = 348;
/// Header bytes of NIfTI-2.
const HEADER_2: usize = 540;

/// The fields used, of either version.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Header {
    pub(crate) grid: Grid,
    /// Volumes along the fourth axis; `None` for a 3-D image.
    pub(crate) n_volumes: Option<usize>,
    /// Step of the fourth axis (the repetition time of a run), in `time_unit`.
    pub(crate) time_step: f64,
    /// Unit of that step.
    pub(crate) time_unit: TimeUnit,
    /// Whether the header gives a unit of space; the grid is then in mm.
    pub(crate) in_mm: bool,
    pub(crate) element: ElementType,
    pub(crate) big_endian: bool,
    /// Slope and intercept, if the values are scaled.
    pub(crate) scaling: Option<(f64, f64)>,
    /// Warnings about the header.
    pub(crate) notes: Vec<String>,
}

/// The fields as stored.
struct RawHeader {
    big_endian: bool,
    /// Bytes of the header itself; data begin at least four bytes later.
    size: usize,
    dim: [i64; 8],
    datatype: i16,
    pixdim: [f64; 8],
    vox_offset: f64,
    scaling: (f64, f64),
    form_codes: FormCodes,
    quaternion: [f64; 3],
    q_offset: [f64; 3],
    srow: [[f64; 4]; 3],
    units: u8,
}

/// `qform_code` and `sform_code`.
struct FormCodes {
    qform: i32,
    sform: i32,
}

impl Header {
    /// Reads the header and leaves `source` at the first voxel.
    pub(crate) fn read(source: &mut ByteSource) -> Result<Self, FmriError> {
        let raw = RawHeader::read(source)?;
        let (shape, n_volumes) = raw.dimensions(source)?;
        let units = Units::of_code(raw.units);
        let Placed { affine, notes } = raw
            .placement(shape, units)
            .placed()
            .map_err(|(found, expected)| source.malformed(found, expected))?;
        let header = Self {
            grid: Grid::new(shape, affine).map_err(|e| in_file(source, &e))?,
            n_volumes,
            time_step: raw.pixdim[4] / units.time_divisor,
            time_unit: units.time,
            in_mm: units.space.is_some(),
            element: raw.element(source)?,
            big_endian: raw.big_endian,
            scaling: raw.scaling(source)?,
            notes,
        };
        source.skip(raw.padding(source)?)?;
        Ok(header)
    }
}

/// The header of a matrix that is stored in a NIfTI-2 file: the fifth and sixth axis are long, no other is.
pub(crate) struct MatrixHeader {
    /// Lengths of the two axes; the first one varies fastest.
    pub(crate) matrix: [usize; 2],
    pub(crate) element: ElementType,
    pub(crate) big_endian: bool,
    pub(crate) scaling: Option<(f64, f64)>,
    /// The content of the extension that was asked for.
    pub(crate) extension: Vec<u8>,
}

impl MatrixHeader {
    /// Reads the header and the first extension of this code, and leaves `source` at the first number.
    pub(crate) fn read(source: &mut ByteSource, code: i32) -> Result<Self, FmriError> {
        let raw = RawHeader::read(source)?;
        let length = |axis: usize| usize::try_from(raw.dim[axis]).ok().filter(|length| *length > 0);
        let [_, i, j, k, t, ..] = raw.dim;
        let (Some(rows), Some(columns), 6, [1, 1, 1, 1]) = (length(5), length(6), raw.dim[0], [i, j, k, t])
        else {
            let found = format!("dimensions {:?}", raw.dim);
            return Err(source.malformed(found, "a CIFTI-2 file: a matrix of scans or maps and places"));
        };
        Ok(Self {
            matrix: [rows, columns],
            element: raw.element(source)?,
            big_endian: raw.big_endian,
            scaling: raw.scaling(source)?,
            extension: raw.extension(source, code)?,
        })
    }
}

fn in_file(source: &ByteSource, error: &FmriError) -> FmriError {
    source.malformed(error.to_string(), "a grid with voxels and an invertible affine")
}

impl RawHeader {
    fn read(source: &mut ByteSource) -> Result<Self, FmriError> {
        let mut bytes = [0; HEADER_2];
        let (head, rest) = bytes.split_at_mut(HEADER_1);
        source.read_exact(head)?;
        match i32::from_le_bytes([head[0], head[1], head[2], head[3]]) {
            540 | 0x1c02_0000 => {
                source.read_exact(rest)?;
                Self::version_2(&bytes).ok_or_else(|| not_nifti(source))
            }
            _ => Self::version_1(head, source),
        }
    }

    fn version_1(bytes: &[u8], source: &ByteSource) -> Result<Self, FmriError> {
        let h = NiftiHeader::from_reader(bytes).map_err(|_| not_nifti(source))?;
        if &h.magic == b"ni1\0" {
            return Err(source.malformed(
                "the header of a .hdr/.img pair",
                "a single file (.nii or .nii.gz)",
            ));
        }
        Ok(Self {
            big_endian: h.endianness == Endianness::Big,
            size: HEADER_1,
            // The crate reads `dim` unsigned, the format defines it signed.
            dim: h.dim.map(|d| i64::from(d.cast_signed())),
            datatype: h.datatype,
            pixdim: h.pixdim.map(f64::from),
            vox_offset: f64::from(h.vox_offset),
            scaling: (f64::from(h.scl_slope), f64::from(h.scl_inter)),
            form_codes: FormCodes {
                qform: h.qform_code.into(),
                sform: h.sform_code.into(),
            },
            quaternion: [h.quatern_b, h.quatern_c, h.quatern_d].map(f64::from),
            q_offset: [h.quatern_x, h.quatern_y, h.quatern_z].map(f64::from),
            srow: [h.srow_x, h.srow_y, h.srow_z].map(|row| row.map(f64::from)),
            units: h.xyzt_units,
        })
    }

    /// Byte positions are those of the NIfTI-2 standard (`nifti2.h`).
    fn version_2(bytes: &[u8; HEADER_2]) -> Option<Self> {
        if &bytes[4..8] != b"n+2\0" {
            return None;
        }
        let big_endian = bytes[0] == 0;
        let field = |at: usize| Field {
            bytes,
            at,
            big_endian,
        };
        Some(Self {
            big_endian,
            size: HEADER_2,
            dim: std::array::from_fn(|i| field(16 + 8 * i).i64()),
            datatype: field(12).i16(),
            pixdim: std::array::from_fn(|i| field(104 + 8 * i).f64()),
            vox_offset: field(168).i64() as f64,
            scaling: (field(176).f64(), field(184).f64()),
            form_codes: FormCodes {
                qform: field(344).i32(),
                sform: field(348).i32(),
            },
            quaternion: std::array::from_fn(|i| field(352 + 8 * i).f64()),
            q_offset: std::array::from_fn(|i| field(376 + 8 * i).f64()),
            srow: std::array::from_fn(|r| std::array::from_fn(|c| field(400 + 32 * r + 8 * c).f64())),
            // Codes have six bits; the rest of the number is none of them.
            units: field(500).i32().to_le_bytes()[0],
        })
    }

    /// Spatial shape and number of volumes. Beyond the third axis, only one may be longer than 1: the fourth, or time
    /// in a later one.
    fn dimensions(&self, source: &ByteSource) -> Result<([usize; 3], Option<usize>), FmriError> {
        let wrong = || {
            source.malformed(
                format!("dimensions {:?}", self.dim),
                "a 3-D or 4-D image: of the axes from the fourth on, all but one must have length 1 (squeeze or split the others)",
            )
        };
        let rank = usize::try_from(self.dim[0])
            .ok()
            .filter(|rank| (3..=7).contains(rank))
            .ok_or_else(wrong)?;
        let mut lengths = [1; 7];
        for (length, &stored) in lengths.iter_mut().zip(&self.dim[1..=rank]) {
            *length = usize::try_from(stored)
                .ok()
                .filter(|&n| n > 0)
                .ok_or_else(wrong)?;
        }
        let mut long = lengths[3..].iter().copied().filter(|&n| n != 1);
        let n_volumes = long.next().unwrap_or(1);
        if long.next().is_some() {
            return Err(wrong());
        }
        Ok((
            [lengths[0], lengths[1], lengths[2]],
            (rank > 3).then_some(n_volumes),
        ))
    }

    fn placement(&self, shape: [usize; 3], units: Units) -> Placement {
        let [direction, x, y, z, ..] = self.pixdim;
        Placement {
            shape,
            qform_code: self.form_codes.qform,
            sform_code: self.form_codes.sform,
            pixdim: [direction, x, y, z],
            quaternion: self.quaternion,
            q_offset: self.q_offset,
            srow: self.srow,
            unit: units.space,
        }
    }

    fn element(&self, source: &ByteSource) -> Result<ElementType, FmriError> {
        match nifti_type(self.datatype) {
            Some(NiftiType::Uint8) => Ok(ElementType::U8),
            Some(NiftiType::Int8) => Ok(ElementType::I8),
            Some(NiftiType::Uint16) => Ok(ElementType::U16),
            Some(NiftiType::Int16) => Ok(ElementType::I16),
            Some(NiftiType::Uint32) => Ok(ElementType::U32),
            Some(NiftiType::Int32) => Ok(ElementType::I32),
            Some(NiftiType::Uint64) => Ok(ElementType::U64),
            Some(NiftiType::Int64) => Ok(ElementType::I64),
            Some(NiftiType::Float32) => Ok(ElementType::F32),
            Some(NiftiType::Float64) => Ok(ElementType::F64),
            _ => Err(source.malformed(
                format!("data of type code {}", self.datatype),
                "integers of 8 to 64 bits, float32 or float64",
            )),
        }
    }

    /// Slope and intercept. There is no scaling if the slope is 0 or not finite, or if it would change nothing.
    fn scaling(&self, source: &ByteSource) -> Result<Option<(f64, f64)>, FmriError> {
        let (slope, intercept) = self.scaling;
        if slope == 0.0 || !slope.is_finite() || (slope, intercept) == (1.0, 0.0) {
            return Ok(None);
        }
        if !intercept.is_finite() {
            return Err(source.malformed(
                format!("a slope {slope} with intercept {intercept}"),
                "a finite intercept",
            ));
        }
        Ok(Some((slope, intercept)))
    }

    /// The first extension of a code; skips everything else before the data.
    fn extension(&self, source: &mut ByteSource, code: i32) -> Result<Vec<u8>, FmriError> {
        let mut left = self.padding(source)?.saturating_sub(4);
        source.skip(4)?;
        let mut found = None;
        while left >= 8 && found.is_none() {
            let head: Vec<i32> = source.read_numbers(2, self.big_endian)?;
            let content = u64::try_from(head[0]).ok().and_then(|size| size.checked_sub(8));
            let Some(content) = content.filter(|content| *content <= left - 8) else {
                let wrong = format!("an extension of {} bytes", head[0]);
                return Err(source.malformed(wrong, "extensions that end before the data"));
            };
            left -= 8 + content;
            if head[1] == code {
                let length = usize::try_from(content).unwrap_or(usize::MAX);
                found = Some(source.read_numbers::<u8>(length, false)?);
            } else {
                source.skip(content)?;
            }
        }
        source.skip(left)?;
        found.ok_or_else(|| source.malformed("no extension with XML", "a CIFTI-2 file"))
    }

    /// Bytes between the header and the data. An offset of 0 means "right after the header".
    fn padding(&self, source: &ByteSource) -> Result<u64, FmriError> {
        let least = (self.size + 4) as f64;
        let offset = if self.vox_offset == 0.0 {
            least
        } else {
            self.vox_offset
        };
        // 2^53: beyond it, and for NaN, the stored float names no byte.
        if !(least..=9_007_199_254_740_992.0).contains(&offset) {
            return Err(source.malformed(format!("data at byte {offset}"), format!("{least} or later")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked just above"
        )]
        let offset = offset as u64;
        Ok(offset - self.size as u64)
    }
}

/// Looks a code up in the table of the `nifti` crate, through a header.
fn nifti_type(code: i16) -> Option<NiftiType> {
    NiftiHeader {
        datatype: code,
        ..NiftiHeader::default()
    }
    .data_type()
    .ok()
}

fn not_nifti(source: &ByteSource) -> FmriError {
    source.malformed("no NIfTI header", "a NIfTI-1 or NIfTI-2 image (.nii or .nii.gz)")
}

/// One number of a NIfTI-2 header.
struct Field<'a> {
    bytes: &'a [u8; HEADER_2],
    at: usize,
    big_endian: bool,
}

impl Field<'_> {
    /// The next `N` bytes in little-endian order.
    fn little<const N: usize>(&self) -> [u8; N] {
        std::array::from_fn(|i| self.bytes[self.at + if self.big_endian { N - 1 - i } else { i }])
    }

    fn i16(&self) -> i16 {
        i16::from_le_bytes(self.little())
    }

    fn i32(&self) -> i32 {
        i32::from_le_bytes(self.little())
    }

    fn i64(&self) -> i64 {
        i64::from_le_bytes(self.little())
    }

    fn f64(&self) -> f64 {
        f64::from_le_bytes(self.little())
    }
}
