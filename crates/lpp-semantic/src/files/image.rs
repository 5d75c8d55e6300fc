//! NIfTI images, written byte by byte: any type, byte order, storage of the axes, and contradictory headers.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::{Context, ensure};

/// World coordinates of a voxel: the upper three rows of a 4 × 4 matrix.
pub(crate) type Affine = [[f64; 4]; 3];

/// Stored types, by their NIfTI code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    U8 = 2,
    I16 = 4,
    I32 = 8,
    F32 = 16,
    F64 = 64,
    U16 = 512,
}

impl Number {
    fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    fn of_code(code: i16) -> Option<Self> {
        [Self::U8, Self::I16, Self::I32, Self::F32, Self::F64, Self::U16]
            .into_iter()
            .find(|n| *n as i16 == code)
    }
}

/// Which axis lies where in the file: axis `d` of the file is axis `from[d]` of the image, backwards if `flipped[d]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) from: [usize; 3],
    pub(crate) flipped: [bool; 3],
}

impl Storage {
    /// As the image itself: x, y, z ascending.
    pub(crate) const PLAIN: Self = Self {
        from: [0, 1, 2],
        flipped: [false; 3],
    };
    /// x from right to left, as FSL and HCP write.
    pub(crate) const LAS: Self = Self {
        from: [0, 1, 2],
        flipped: [true, false, false],
    };

    /// The voxel of the image at `at` of the file, whose axes have the lengths `shape` in the image.
    fn source(self, at: [usize; 3], shape: [usize; 3]) -> [usize; 3] {
        let mut voxel = [0; 3];
        for ((axis, flipped), at) in self.from.into_iter().zip(self.flipped).zip(at) {
            voxel[axis] = if flipped { shape[axis] - 1 - at } else { at };
        }
        voxel
    }
}

/// Rotation of a header's quaternion, and its offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Qform {
    pub(crate) quaternion: [f32; 3],
    pub(crate) qfac: f32,
    pub(crate) offset: [f32; 3],
}

/// Bytes around a compressed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packed {
    /// One member.
    Plain,
    /// That many zero bytes behind the end.
    Padded(usize),
    /// Two members, as after `cat a.gz b.gz` or a parallel gzip.
    TwoMembers,
}

/// An image and how it is to be written.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// Lengths along x, y, z and time.
    pub(crate) shape: [usize; 4],
    /// Of the image with its axes in order; the file's follows from the storage.
    pub(crate) affine: Affine,
    /// x slowest, time fastest.
    pub(crate) data: Vec<f64>,
    pub(crate) storage: Storage,
    pub(crate) number: Number,
    pub(crate) slope: f32,
    pub(crate) intercept: f32,
    pub(crate) big_endian: bool,
    pub(crate) second_version: bool,
    /// Code of the sform; 0: none.
    pub(crate) sform_code: i16,
    /// What the header's sform says in place of the truth.
    pub(crate) sform: Option<Affine>,
    pub(crate) qform: Option<Qform>,
    /// Factor on all lengths in the header, and the code of their unit.
    pub(crate) space: (f64, u8),
    /// The header's time step and the code of its unit.
    pub(crate) time: (f32, u8),
    /// The axes as the header tells them, in place of three or four.
    pub(crate) dims: Option<Vec<usize>>,
    /// Bytes between the header and the data.
    pub(crate) extension: usize,
    pub(crate) packed: Packed,
    /// Share of the uncompressed bytes that is kept.
    pub(crate) kept: f64,
    /// Bytes behind the data.
    pub(crate) trailing: usize,
}

impl Image {
    pub(crate) fn new(shape: [usize; 4], affine: Affine, data: Vec<f64>) -> Self {
        assert_eq!(data.len(), shape.iter().product::<usize>());
        Self {
            shape,
            affine,
            data,
            storage: Storage::PLAIN,
            number: Number::F32,
            slope: 1.0,
            intercept: 0.0,
            big_endian: false,
            second_version: false,
            sform_code: 1,
            sform: None,
            qform: None,
            space: (1.0, 2),
            time: (1.0, 0),
            dims: None,
            extension: 0,
            packed: Packed::Plain,
            kept: 1.0,
            trailing: 0,
        }
    }

    pub(crate) fn space_shape(&self) -> [usize; 3] {
        [self.shape[0], self.shape[1], self.shape[2]]
    }

    /// Lengths of the axes as stored.
    pub(crate) fn stored_shape(&self) -> [usize; 3] {
        self.storage.from.map(|axis| self.shape[axis])
    }

    /// World coordinates of the file's axes.
    pub(crate) fn stored_affine(&self) -> Affine {
        let mut stored = self.affine;
        for (row, plain) in stored.iter_mut().zip(self.affine) {
            for d in 0..3 {
                let axis = self.storage.from[d];
                let step = plain[axis];
                row[d] = if self.storage.flipped[d] { -step } else { step };
                if self.storage.flipped[d] {
                    row[3] += step * (self.shape[axis] - 1) as f64;
                }
            }
        }
        stored
    }

    /// World coordinates of all voxels, in the C order of the file's axes.
    pub(crate) fn stored_positions(&self) -> Vec<[f64; 3]> {
        c_order(self.stored_shape())
            .map(|at| self.world(self.storage.source(at, self.space_shape())))
            .collect()
    }

    /// Values of the first volume, in the C order of the file's axes.
    pub(crate) fn stored_values(&self) -> Vec<f64> {
        c_order(self.stored_shape())
            .map(|at| self.at(self.storage.source(at, self.space_shape()), 0))
            .collect()
    }

    pub(crate) fn world(&self, voxel: [usize; 3]) -> [f64; 3] {
        place(&self.affine, voxel)
    }

    pub(crate) fn at(&self, voxel: [usize; 3], scan: usize) -> f64 {
        let [_, ny, nz, nt] = self.shape;
        self.data[((voxel[0] * ny + voxel[1]) * nz + voxel[2]) * nt + scan]
    }

    /// Applies `change` to the time course of every voxel.
    pub(crate) fn each_voxel(&mut self, mut change: impl FnMut([f64; 3], &mut [f64])) {
        let (affine, scans) = (self.affine, self.shape[3]);
        for (voxel, course) in c_order(self.space_shape()).zip(self.data.chunks_mut(scans)) {
            change(place(&affine, voxel), course);
        }
    }

    /// Keeps the scans of a range.
    pub(crate) fn cut(&mut self, scans: std::ops::Range<usize>) {
        let old = self.shape[3];
        self.data = self
            .data
            .chunks(old)
            .flat_map(|course| course[scans.clone()].to_vec())
            .collect();
        self.shape[3] = scans.len();
    }

    /// The file's bytes before compression.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = if self.second_version {
            self.header_2()
        } else {
            self.header_1()
        };
        // A set extension flag, one extension of that many bytes.
        if self.extension > 0 {
            bytes.extend([1, 0, 0, 0]);
            let start = bytes.len();
            bytes.extend(self.int(self.extension as i32));
            bytes.extend(self.int(6));
            bytes.resize(start + self.extension, b'x');
        } else {
            bytes.extend([0; 4]);
        }
        let stored = self.stored_shape();
        for scan in 0..self.shape[3] {
            for k in 0..stored[2] {
                for j in 0..stored[1] {
                    for i in 0..stored[0] {
                        let voxel = self.storage.source([i, j, k], self.space_shape());
                        self.push(&mut bytes, self.at(voxel, scan));
                    }
                }
            }
        }
        bytes.truncate((bytes.len() as f64 * self.kept) as usize);
        bytes.resize(bytes.len() + self.trailing, 0);
        bytes
    }

    fn push(&self, bytes: &mut Vec<u8>, value: f64) {
        let raw = (value - f64::from(self.intercept)) / f64::from(self.slope);
        let whole = raw.round_ties_even();
        let mut number = match self.number {
            Number::U8 => vec![whole as u8],
            Number::I16 => (whole as i16).to_le_bytes().to_vec(),
            Number::U16 => (whole as u16).to_le_bytes().to_vec(),
            Number::I32 => (whole as i32).to_le_bytes().to_vec(),
            Number::F32 => (raw as f32).to_le_bytes().to_vec(),
            Number::F64 => raw.to_le_bytes().to_vec(),
        };
        if self.big_endian {
            number.reverse();
        }
        bytes.extend(number);
    }

    fn int(&self, value: i32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn short(&self, value: i16) -> [u8; 2] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn float(&self, value: f32) -> [u8; 4] {
        if self.big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn dims(&self) -> Vec<usize> {
        self.dims.clone().unwrap_or_else(|| {
            let mut dims = self.stored_shape().to_vec();
            if self.shape[3] != 1 {
                dims.push(self.shape[3]);
            }
            dims
        })
    }

    /// What the header's sform says.
    fn told_sform(&self) -> Affine {
        self.sform
            .unwrap_or_else(|| self.stored_affine().map(|row| row.map(|v| v * self.space.0)))
    }

    /// Steps of the axes and of time.
    fn pixdim(&self) -> [f32; 8] {
        let stored = self.stored_affine();
        let step = |d: usize| (0..3).map(|r| stored[r][d].powi(2)).sum::<f64>().sqrt() * self.space.0;
        let mut pixdim = [1.0; 8];
        pixdim[0] = self.qform.map_or(1.0, |q| q.qfac);
        for d in 0..3 {
            pixdim[d + 1] = step(d) as f32;
        }
        // Time is the axis behind the third, or the fifth if the fourth is spare.
        pixdim[4] = self.time.0;
        pixdim
    }

    fn header_1(&self) -> Vec<u8> {
        let mut head = vec![0_u8; 348];
        let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.int(348));
        let dims = self.dims();
        put(40, &self.short(dims.len() as i16));
        for d in 0..7 {
            put(42 + 2 * d, &self.short(dims.get(d).map_or(1, |n| *n as i16)));
        }
        put(70, &self.short(self.number as i16));
        put(72, &self.short(8 * self.number.bytes() as i16));
        for (d, step) in self.pixdim().into_iter().enumerate() {
            put(76 + 4 * d, &self.float(step));
        }
        put(108, &self.float((352 + self.extension) as f32));
        put(112, &self.float(self.slope));
        put(116, &self.float(self.intercept));
        put(123, &[self.space.1 + self.time.1]);
        put(252, &self.short(i16::from(self.qform.is_some())));
        put(254, &self.short(self.sform_code));
        if let Some(q) = self.qform {
            for d in 0..3 {
                put(256 + 4 * d, &self.float(q.quaternion[d]));
                put(268 + 4 * d, &self.float(q.offset[d]));
            }
        }
        for (row, values) in self.told_sform().into_iter().enumerate() {
            for (column, value) in values.into_iter().enumerate() {
                put(280 + 16 * row + 4 * column, &self.float(value as f32));
            }
        }
        put(344, b"n+1\0");
        head
    }

    fn header_2(&self) -> Vec<u8> {
        let mut head = vec![0_u8; 540];
        let order = |mut bytes: Vec<u8>| {
            if self.big_endian {
                bytes.reverse();
            }
            bytes
        };
        let long = |value: i64| order(value.to_le_bytes().to_vec());
        let double = |value: f64| order(value.to_le_bytes().to_vec());
        let mut put = |at: usize, bytes: &[u8]| head[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &self.int(540));
        put(4, b"n+2\0\r\n\x1a\n");
        put(12, &self.short(self.number as i16));
        put(14, &self.short(8 * self.number.bytes() as i16));
        let dims = self.dims();
        put(16, &long(dims.len() as i64));
        for d in 0..7 {
            put(24 + 8 * d, &long(dims.get(d).map_or(1, |n| *n as i64)));
        }
        for (d, step) in self.pixdim().into_iter().enumerate() {
            put(104 + 8 * d, &double(f64::from(step)));
        }
        put(168, &long(544 + self.extension as i64));
        put(176, &double(f64::from(self.slope)));
        put(184, &double(f64::from(self.intercept)));
        put(344, &self.int(i32::from(self.qform.is_some())));
        put(348, &self.int(i32::from(self.sform_code)));
        for (row, values) in self.told_sform().into_iter().enumerate() {
            for (column, value) in values.into_iter().enumerate() {
                put(400 + 32 * row + 8 * column, &double(value));
            }
        }
        put(500, &self.int(i32::from(self.space.1 + self.time.1)));
        head
    }

    pub(crate) fn encode(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let bytes = self.bytes();
        if !name.ends_with(".gz") {
            return Ok(bytes);
        }
        let zip = |part: &[u8]| -> anyhow::Result<Vec<u8>> {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(part)?;
            Ok(encoder.finish()?)
        };
        Ok(match self.packed {
            Packed::Plain => zip(&bytes)?,
            Packed::Padded(n) => [zip(&bytes)?, vec![0; n]].concat(),
            Packed::TwoMembers => {
                let (head, tail) = bytes.split_at(bytes.len() / 3);
                [zip(head)?, zip(tail)?].concat()
            }
        })
    }
}

/// The voxels of a box, the last axis fastest.
pub(crate) fn c_order(shape: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [nx, ny, nz] = shape;
    (0..nx * ny * nz).map(move |n| [n / (ny * nz), n / nz % ny, n % nz])
}

fn place(affine: &Affine, voxel: [usize; 3]) -> [f64; 3] {
    affine.map(|row| row[3] + (0..3).map(|d| row[d] * voxel[d] as f64).sum::<f64>())
}

/// An image that a program wrote (NIfTI-1, little-endian), as the file has it.
pub(crate) struct ReadImage {
    pub(crate) dims: Vec<usize>,
    pub(crate) affine: Affine,
    pub(crate) time: (f32, u8),
    /// i fastest.
    pub(crate) data: Vec<f64>,
}

impl ReadImage {
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let raw = std::fs::read(path).with_context(|| path.display().to_string())?;
        let mut bytes = Vec::new();
        if raw.starts_with(&[0x1f, 0x8b]) {
            flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut bytes)?;
        } else {
            bytes = raw;
        }
        ensure!(
            bytes.len() >= 352 && bytes[0..4] == 348_i32.to_le_bytes(),
            "{}: no NIfTI-1",
            path.display()
        );
        let short = |at: usize| i16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let float = |at: usize| f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let n = usize::try_from(short(40))?;
        let dims: Vec<usize> = (0..n)
            .map(|d| usize::try_from(short(42 + 2 * d)))
            .collect::<Result<_, _>>()?;
        let number = Number::of_code(short(70));
        ensure!(short(254) > 0, "{}: written without an sform", path.display());
        let affine = std::array::from_fn(|r| std::array::from_fn(|c| f64::from(float(280 + 16 * r + 4 * c))));
        let start = float(108) as usize;
        let count: usize = dims.iter().product();
        let (slope, intercept) = (f64::from(float(112)), f64::from(float(116)));
        let (slope, intercept) = if slope == 0.0 || !slope.is_finite() {
            (1.0, 0.0)
        } else {
            (slope, intercept)
        };
        let values = &bytes[start..];
        // int8, which masks have, beside the types that this test writes.
        let width = number.map_or(1, Number::bytes);
        ensure!(values.len() >= count * width, "{}: cut short", path.display());
        let one = |i: usize| -> f64 {
            let b = &values[i * width..(i + 1) * width];
            match number {
                None => f64::from(b[0] as i8),
                Some(Number::U8) => f64::from(b[0]),
                Some(Number::I16) => f64::from(i16::from_le_bytes([b[0], b[1]])),
                Some(Number::U16) => f64::from(u16::from_le_bytes([b[0], b[1]])),
                Some(Number::I32) => f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]])),
                Some(Number::F32) => f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
                Some(Number::F64) => f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]),
            }
        };
        let data = (0..count).map(|i| one(i) * slope + intercept).collect();
        Ok(Self {
            dims,
            affine,
            time: (float(92), bytes[123] & 0x38),
            data,
        })
    }

    fn shape(&self) -> [usize; 3] {
        std::array::from_fn(|d| self.dims.get(d).copied().unwrap_or(1))
    }

    /// Number of volumes.
    pub(crate) fn n_scans(&self) -> usize {
        self.dims.iter().skip(3).product()
    }

    /// World coordinates and values of a volume.
    pub(crate) fn volume(&self, scan: usize) -> Vec<([f64; 3], f64)> {
        let [nx, ny, nz] = self.shape();
        c_order(self.shape())
            .map(|v| {
                let at = v[0] + nx * (v[1] + ny * (v[2] + nz * scan));
                (place(&self.affine, v), self.data[at])
            })
            .collect()
    }

    /// World coordinates of the voxels that are not 0, in C order: those of masked arrays.
    pub(crate) fn inside(&self) -> Vec<[f64; 3]> {
        self.volume(0)
            .into_iter()
            .filter(|(_, v)| *v != 0.0)
            .map(|(place, _)| place)
            .collect()
    }
}
