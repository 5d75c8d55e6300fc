//! One map as text: rounded values, differences from voxel to voxel, deflate, base64.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Distance of the values that a packed map can hold. Half of it, 0.0005, is the largest error: a quarter of one of the 256
/// colours of a map that goes from 0 to 0.5.
pub(crate) const STEP: f64 = 0.001;
/// A voxel without a value.
const MISSING: i16 = i16::MIN;

/// Packs one value per voxel. NaN stays missing; what lies beyond ±32.767, which no correlation does, is cut there.
///
/// The packed bytes are those of the zigzag-coded differences, all low ones, then all high ones, most of which are zero.
pub(crate) fn pack(values: &[f64]) -> String {
    let mut before = 0_i16;
    let codes: Vec<u16> = values
        .iter()
        .map(|value| {
            let level = level(*value);
            let difference = level.wrapping_sub(before);
            before = level;
            ((difference << 1) ^ (difference >> 15)).cast_unsigned()
        })
        .collect();
    let low = codes.iter().map(|code| code.to_le_bytes()[0]);
    let high = codes.iter().map(|code| code.to_le_bytes()[1]);
    pack_bytes(&low.chain(high).collect::<Vec<u8>>())
}

/// Packs bytes: zlib, then base64.
pub(crate) fn pack_bytes(bytes: &[u8]) -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let packed = encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .unwrap_or_default();
    STANDARD.encode(packed)
}

fn level(value: f64) -> i16 {
    if value.is_nan() {
        return MISSING;
    }
    let largest = f64::from(i16::MAX);
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of i16")]
    let level = (value / STEP).round().clamp(-largest, largest) as i16;
    level
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    /// As the script of the page does it.
    fn unpack(text: &str) -> Vec<f64> {
        let mut planes = Vec::new();
        ZlibDecoder::new(STANDARD.decode(text).unwrap().as_slice())
            .read_to_end(&mut planes)
            .unwrap();
        let n = planes.len() / 2;
        let mut level = 0_i16;
        (0..n)
            .map(|voxel| {
                let code = u16::from_le_bytes([planes[voxel], planes[n + voxel]]);
                let difference = (code >> 1).cast_signed() ^ -(code & 1).cast_signed();
                level = level.wrapping_add(difference);
                if level == MISSING {
                    f64::NAN
                } else {
                    f64::from(level) * STEP
                }
            })
            .collect()
    }

    #[test]
    fn maps_come_back_within_half_a_step() {
        let values: Vec<f64> = (0..5000).map(|i| (f64::from(i) * 0.7).sin() * 0.9).collect();
        for (value, back) in values.iter().zip(unpack(&pack(&values))) {
            // Half a step, and the rounding of the product.
            assert!((value - back).abs() <= STEP / 2.0 + 1e-15, "{value} {back}");
        }
    }

    #[test]
    fn missing_and_extreme_values_survive() {
        let back = unpack(&pack(&[f64::NAN, 1.0, f64::NAN, f64::INFINITY, -1e9, 0.0]));
        assert!(back[0].is_nan() && back[2].is_nan());
        // Both are multiples of the step.
        assert!((back[1] - 1.0).abs() < 1e-15 && back[5].abs() < 1e-15);
        assert!(back[3] > 32.0 && back[4] < -32.0);
        assert!(unpack(&pack(&[])).is_empty());
    }
}
