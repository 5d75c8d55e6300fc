//! NumPy arrays, written byte by byte.

use std::path::Path;

use anyhow::{Context, bail, ensure};

/// Element types of a `.npy` file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F16,
    F32,
    F64,
    I16,
    I32,
    I64,
}

impl Element {
    fn code(self) -> &'static str {
        match self {
            Self::F16 => "f2",
            Self::F32 => "f4",
            Self::F64 => "f8",
            Self::I16 => "i2",
            Self::I32 => "i4",
            Self::I64 => "i8",
        }
    }
}

/// An array and how it is to be written.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    /// The last axis fastest.
    pub(crate) data: Vec<f64>,
    pub(crate) element: Element,
    pub(crate) big_endian: bool,
    pub(crate) fortran: bool,
    pub(crate) second_version: bool,
    /// Bytes cut from the end.
    pub(crate) cut: usize,
}

impl Array {
    pub(crate) fn new(shape: &[usize], data: Vec<f64>, element: Element) -> Self {
        assert_eq!(data.len(), shape.iter().product::<usize>());
        Self {
            shape: shape.to_vec(),
            data,
            element,
            big_endian: false,
            fortran: false,
            second_version: false,
            cut: 0,
        }
    }

    /// A matrix of rows.
    pub(crate) fn of_rows(rows: &[Vec<f64>], element: Element) -> Self {
        let width = rows.first().map_or(0, Vec::len);
        Self::new(&[rows.len(), width], rows.concat(), element)
    }

    pub(crate) fn n_columns(&self) -> usize {
        self.shape.last().copied().unwrap_or(1)
    }

    pub(crate) fn rows(&self) -> Vec<Vec<f64>> {
        self.data.chunks(self.n_columns()).map(<[f64]>::to_vec).collect()
    }

    /// Applies `change` to every row.
    pub(crate) fn each_row(&mut self, mut change: impl FnMut(usize, &mut [f64])) {
        let width = self.n_columns();
        for (n, row) in self.data.chunks_mut(width).enumerate() {
            change(n, row);
        }
    }

    /// Puts the columns in another order, or takes some of them.
    pub(crate) fn take_columns(&mut self, columns: &[usize]) {
        let rows: Vec<Vec<f64>> = self.rows();
        self.data = rows
            .iter()
            .flat_map(|row| columns.iter().map(|c| row[*c]))
            .collect();
        if let Some(last) = self.shape.last_mut() {
            *last = columns.len();
        }
    }

    /// Keeps a range of rows.
    pub(crate) fn cut_rows(&mut self, rows: std::ops::Range<usize>) {
        let width = self.n_columns();
        self.data = self.data[rows.start * width..rows.end * width].to_vec();
        self.shape[0] = rows.len();
    }

    /// A matrix on its side.
    pub(crate) fn transpose(&mut self) {
        let (n, width) = (self.shape[0], self.n_columns());
        self.data = (0..width)
            .flat_map(|c| (0..n).map(move |r| (r, c)))
            .map(|(r, c)| self.data[r * width + c])
            .collect();
        self.shape.reverse();
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let order = if self.big_endian { '>' } else { '<' };
        let fortran = if self.fortran { "True" } else { "False" };
        let axes: Vec<String> = self.shape.iter().map(ToString::to_string).collect();
        // One axis needs its comma.
        let shape = axes.join(",") + ",";
        let code = self.element.code();
        let mut header =
            format!("{{'descr': '{order}{code}', 'fortran_order': {fortran}, 'shape': ({shape}), }}");
        let prefix = if self.second_version { 12 } else { 10 };
        while (prefix + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = b"\x93NUMPY".to_vec();
        if self.second_version {
            bytes.extend([2, 0]);
            bytes.extend((header.len() as u32).to_le_bytes());
        } else {
            bytes.extend([1, 0]);
            bytes.extend((header.len() as u16).to_le_bytes());
        }
        bytes.extend(header.into_bytes());
        let (n, width) = (self.shape.first().copied().unwrap_or(1), self.n_columns());
        if self.fortran && self.shape.len() == 2 {
            for column in 0..width {
                for row in 0..n {
                    self.push(&mut bytes, self.data[row * width + column]);
                }
            }
        } else {
            for value in &self.data {
                self.push(&mut bytes, *value);
            }
        }
        bytes.truncate(bytes.len() - self.cut);
        bytes
    }

    fn push(&self, bytes: &mut Vec<u8>, value: f64) {
        let mut number = match self.element {
            Element::F16 => half::f16::from_f64(value).to_le_bytes().to_vec(),
            Element::F32 => (value as f32).to_le_bytes().to_vec(),
            Element::F64 => value.to_le_bytes().to_vec(),
            Element::I16 => (value.round() as i16).to_le_bytes().to_vec(),
            Element::I32 => (value.round() as i32).to_le_bytes().to_vec(),
            Element::I64 => (value.round() as i64).to_le_bytes().to_vec(),
        };
        if self.big_endian {
            number.reverse();
        }
        bytes.extend(number);
    }
}

/// Reads an array of floats that a program wrote: little-endian, C order.
pub(crate) fn read(path: &Path) -> anyhow::Result<Array> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    ensure!(
        bytes.starts_with(b"\x93NUMPY\x01"),
        "{}: no .npy file",
        path.display()
    );
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..10 + length]).into_owned();
    ensure!(
        header.contains("'fortran_order': False"),
        "{}: {header}",
        path.display()
    );
    let inner = header
        .split('(')
        .nth(1)
        .and_then(|t| t.split(')').next())
        .context("no shape")?;
    let shape: Vec<usize> = inner
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let values = &bytes[10 + length..];
    let (element, data) = if header.contains("<f4") {
        let data = values
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect();
        (Element::F32, data)
    } else if header.contains("<f8") {
        (
            Element::F64,
            values
                .as_chunks::<8>()
                .0
                .iter()
                .map(|b| f64::from_le_bytes(*b))
                .collect(),
        )
    } else {
        bail!("{}: {header}", path.display());
    };
    Ok(Array::new(&shape, data, element))
}
