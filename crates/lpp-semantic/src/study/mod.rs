//! Intact studies, made from a seed.

mod checkpoint;
mod encoding;
mod events;
mod ridge;
mod story;
mod subjects;

use std::collections::BTreeMap;

use crate::files::{Affine, Content, Files, Image, Storage};

pub(crate) use checkpoint::{checkpoint, gpt2, language_model};
pub(crate) use encoding::{ENCODING_RUNS, MODELS, band, encoding};
pub(crate) use events::{events, response};
pub(crate) use ridge::{N_RIDGE_FEATURES, N_RIDGE_RUNS, ridge};
pub(crate) use story::{ANNOTATION, byte_level_bpe, story};
pub(crate) use subjects::{ball_runs, derivatives, one_run, subject_arrays, subject_images};

/// A study before it is written: its files, and what the programs are told of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Study {
    pub(crate) files: Files,
    /// Flags that a kind adds to a program.
    pub(crate) flags: Vec<(&'static str, Vec<String>)>,
    /// Paths and names that the programs get, by what they are.
    given: BTreeMap<&'static str, Vec<String>>,
}

impl Study {
    pub(crate) fn flag(&mut self, program: &'static str, flags: &[&str]) {
        self.flags
            .push((program, flags.iter().map(|f| (*f).to_owned()).collect()));
    }

    pub(crate) fn give(&mut self, what: &'static str, values: Vec<String>) {
        self.given.insert(what, values);
    }

    pub(crate) fn given(&self, what: &str) -> &[String] {
        self.given.get(what).map_or(&[], Vec::as_slice)
    }

    /// The only value of its kind.
    pub(crate) fn one(&self, what: &str) -> &str {
        self.given(what).first().map_or("", String::as_str)
    }

    /// Stores a mask in another order of its axes, and every array over its voxels with it.
    pub(crate) fn store_mask(&mut self, mask: &str, storage: Storage, arrays: &[String]) {
        let before = masked_positions(self.files.image(mask));
        self.files.image(mask).storage = storage;
        let after = masked_positions(self.files.image(mask));
        let order: Vec<usize> = after
            .iter()
            .map(|place| {
                before
                    .iter()
                    .position(|p| same_place(*p, *place))
                    .unwrap_or_default()
            })
            .collect();
        for array in arrays {
            self.files.array(array).take_columns(&order);
        }
    }

    /// Places of the voxels of a mask of this study, in the order of masked arrays.
    pub(crate) fn masked(&self, mask: &str) -> Vec<[f64; 3]> {
        match self.files.get(mask) {
            Some(Content::Image(image)) => masked_positions(image),
            _ => Vec::new(),
        }
    }
}

fn masked_positions(mask: &Image) -> Vec<[f64; 3]> {
    let inside = mask.stored_values();
    let places = mask.stored_positions();
    places
        .into_iter()
        .zip(inside)
        .filter(|(_, v)| v.is_finite() && *v > 0.5)
        .map(|(p, _)| p)
        .collect()
}

fn same_place(a: [f64; 3], b: [f64; 3]) -> bool {
    (0..3).all(|d| (a[d] - b[d]).abs() < 1e-3)
}

/// A grid with equal steps around the origin.
pub(crate) fn centred(shape: [usize; 3], step_mm: f64) -> Affine {
    std::array::from_fn(|row| {
        std::array::from_fn(|column| match column {
            3 => -step_mm * (shape[row] - 1) as f64 / 2.0,
            _ if column == row => step_mm,
            _ => 0.0,
        })
    })
}
