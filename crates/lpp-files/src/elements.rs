//! Floats as bytes of files.

use std::io::Write;

use half::f16;

/// Values converted at a time; they stay in the cache of a core.
const AT_ONCE: usize = 4096;

/// Type of the elements of an activations file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StoredAs {
    /// 32-bit floats: as computed.
    #[default]
    F32,
    /// 16-bit floats: half the disk space, eleven significant bits, magnitudes up to 65504.
    F16,
}

impl StoredAs {
    /// `f32` or `f16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    /// The name of the type in safetensors files.
    pub(crate) fn dtype(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
        }
    }

    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::F32 => size_of::<f32>(),
            Self::F16 => size_of::<f16>(),
        }
    }

    /// The first value that cannot be stored. NaN can.
    pub(crate) fn beyond(self, values: &[f32]) -> Option<f32> {
        match self {
            Self::F32 => None,
            Self::F16 => values.iter().copied().find(|&x| f16::from_f32(x).is_infinite()),
        }
    }

    /// Writes values as little-endian bytes.
    pub(crate) fn write(self, values: &[f32], out: &mut dyn Write) -> std::io::Result<()> {
        match self {
            Self::F32 => write_f32(values, out),
            Self::F16 => write_converted(values, |x| f16::from_f32(x).to_le_bytes(), out),
        }
    }
}

/// Writes values as little-endian bytes of f32.
///
/// # Errors
/// What `out` reports.
///
/// ```
/// let mut bytes = Vec::new();
/// lpp_files::write_f32(&[1.0, -2.0], &mut bytes).unwrap();
/// assert_eq!(bytes, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
/// ```
pub fn write_f32(values: &[f32], out: &mut dyn Write) -> std::io::Result<()> {
    write_converted(values, f32::to_le_bytes, out)
}

fn write_converted<const N: usize>(
    values: &[f32],
    bytes_of: impl Fn(f32) -> [u8; N],
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let mut buffer = vec![[0; N]; AT_ONCE.min(values.len())];
    for part in values.chunks(AT_ONCE) {
        let converted = &mut buffer[..part.len()];
        for (bytes, &x) in converted.iter_mut().zip(part) {
            *bytes = bytes_of(x);
        }
        out.write_all(converted.as_flattened())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_slices_come_out_in_order() {
        let values: Vec<f32> = (0..2 * AT_ONCE + 3).map(|i| i as f32).collect();
        let mut bytes = Vec::new();
        write_f32(&values, &mut bytes).unwrap();
        let expected: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn what_f16_cannot_hold_is_found() {
        // 65519 rounds to 65504, the largest f16; 65520 is halfway to the next power and rounds up.
        assert_eq!(StoredAs::F16.beyond(&[0.0, 65519.0, f32::NAN]), None);
        assert_eq!(StoredAs::F16.beyond(&[1.0, -65520.0]), Some(-65520.0));
        assert_eq!(StoredAs::F16.beyond(&[f32::INFINITY]), Some(f32::INFINITY));
        assert_eq!(StoredAs::F32.beyond(&[1e38]), None);
    }
}
