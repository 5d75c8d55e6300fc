//! Damage, drawn from a seed.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::seeds::{Seed, Seeds};

/// Texts in the place of numbers and words.
const TEXTS: [&str; 26] = [
    "",
    "0",
    "-1",
    "1",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "-1e-999",
    "4294967295",
    "2147483648",
    "9223372036854775807",
    "-9223372036854775808",
    "99999999999999999999999",
    "0.1e",
    "0x10",
    "null",
    "true",
    "\"",
    "{",
    "[[[[[[[[",
    "\u{feff}",
    "\u{0}",
    "é\u{301}",
    "\r",
];
/// Numbers in the place of length fields.
const LENGTHS: [u64; 12] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x4000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];
/// No mutation makes a file longer than this.
const LONGEST: usize = 1 << 22;

/// A source of damaged files.
#[derive(Debug)]
pub struct Mutator {
    rng: ChaCha8Rng,
}

impl Mutator {
    /// The mutator of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// One of the files, damaged in one to eight places; half of the time below its compression.
    pub fn damaged(&mut self, seeds: &Seeds) -> Vec<u8> {
        let Some(file) = seeds.draw(&mut self.rng) else {
            return Vec::new();
        };
        if self.rng.random_bool(0.6)
            && let Some(inner) = &file.unpacked
        {
            let mut inner = inner.clone();
            self.damage(&mut inner, seeds);
            return seeds.packing().packed(&inner, &file.bytes);
        }
        let mut bytes = file.bytes.clone();
        self.damage(&mut bytes, seeds);
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>, seeds: &Seeds) {
        let n = 1 << self.rng.random_range(0..4_u32);
        for _ in 0..n {
            match self.rng.random_range(0..12_u32) {
                0 | 1 => self.flip(bytes),
                2 | 3 => self.length(bytes),
                4 | 5 => self.word(bytes),
                6 => self.cut(bytes),
                7 => self.repeat(bytes),
                8 => self.remove(bytes),
                9 => self.insert(bytes),
                10 => self.line(bytes),
                _ => self.splice(bytes, seeds),
            }
            bytes.truncate(LONGEST);
        }
    }

    /// A place in the file: near its beginning half of the time, where headers are.
    fn place(&mut self, len: usize) -> usize {
        let end = if self.rng.random_bool(0.5) {
            len.min(512)
        } else {
            len
        };
        if end == 0 {
            0
        } else {
            self.rng.random_range(0..end)
        }
    }

    fn part(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.place(len);
        let longest = (len - start).min(1 << self.rng.random_range(0..12_u32));
        start..start + self.rng.random_range(0..=longest)
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let place = self.place(bytes.len());
        if let Some(byte) = bytes.get_mut(place) {
            *byte = match self.rng.random_range(0..3_u32) {
                0 => *byte ^ (1 << self.rng.random_range(0..8_u32)),
                1 => self.rng.random(),
                _ => *[0, 1, 0x7f, 0x80, 0xff, b'\n', b',', b'"', b'.']
                    .choose(&mut self.rng)
                    .unwrap_or(&0),
            };
        }
    }

    /// A number of 2, 4 or 8 bytes in either order.
    fn length(&mut self, bytes: &mut [u8]) {
        let number = *LENGTHS.choose(&mut self.rng).unwrap_or(&0);
        let number = number.wrapping_add_signed(self.rng.random_range(-2..=2));
        let width = *[2, 4, 8].choose(&mut self.rng).unwrap_or(&4);
        let little = number.to_le_bytes();
        let mut field = little[..width].to_vec();
        if self.rng.random_bool(0.3) {
            field.reverse();
        }
        let place = self.place(bytes.len()) & !1;
        if let Some(old) = bytes.get_mut(place..place + width) {
            old.copy_from_slice(&field);
        }
    }

    /// Another text in the place of a run of letters and digits.
    fn word(&mut self, bytes: &mut Vec<u8>) {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".+-_".contains(byte);
        let place = self.place(bytes.len());
        let start = bytes[..place]
            .iter()
            .rposition(|b| !is_part(b))
            .map_or(0, |at| at + 1);
        let end = bytes[place..]
            .iter()
            .position(|b| !is_part(b))
            .map_or(bytes.len(), |at| place + at);
        if end - start <= 64 {
            let text = *TEXTS.choose(&mut self.rng).unwrap_or(&"");
            bytes.splice(start..end, text.bytes());
        }
    }

    fn cut(&mut self, bytes: &mut Vec<u8>) {
        let place = self.place(bytes.len());
        bytes.truncate(place);
    }

    fn repeat(&mut self, bytes: &mut Vec<u8>) {
        let part = self.part(bytes.len());
        // Each length of the result takes the same time altogether.
        let times = 1 << self.rng.random::<u64>().trailing_zeros().min(12);
        let times = times.min(LONGEST / (part.len() + 1));
        let more = bytes[part.clone()].repeat(times);
        bytes.splice(part.end..part.end, more);
    }

    fn remove(&mut self, bytes: &mut Vec<u8>) {
        let part = self.part(bytes.len());
        bytes.drain(part);
    }

    fn insert(&mut self, bytes: &mut Vec<u8>) {
        let place = self.place(bytes.len());
        let byte = self.rng.random();
        let n = self.rng.random_range(1..64);
        let more: Vec<u8> = if self.rng.random_bool(0.5) {
            vec![byte; n]
        } else {
            (0..n).map(|_| self.rng.random()).collect()
        };
        bytes.splice(place..place, more);
    }

    /// Two lines change places, or one is taken out or doubled.
    fn line(&mut self, bytes: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = bytes
            .split_inclusive(|&b| b == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        if lines.is_empty() {
            return;
        }
        let (a, b) = (
            self.rng.random_range(0..lines.len()),
            self.rng.random_range(0..lines.len()),
        );
        match self.rng.random_range(0..3_u32) {
            0 => lines.swap(a, b),
            1 => drop(lines.remove(a)),
            _ => lines.insert(a, lines[b].clone()),
        }
        *bytes = lines.concat();
    }

    /// The end of another file.
    fn splice(&mut self, bytes: &mut Vec<u8>, seeds: &Seeds) {
        if let Some(Seed { bytes: other, .. }) = seeds.draw(&mut self.rng) {
            let place = self.place(bytes.len());
            let from = self.place(other.len());
            bytes.truncate(place);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}
