//! The kinds of damage, a file for each family. A new kind is one entry of a list here below.

#![allow(clippy::too_many_lines, reason = "lists of kinds")]

mod checkpoints;
mod constants;
mod intact;
mod lengths;
mod models;
mod ownership;
mod planted;
mod run_choice;
mod settings;
mod shared;
mod sides;
mod space;
mod spheres;
mod storage;
mod tables;
mod texts;
mod times;
mod tokenizers;
mod vectors;

use crate::kind::Kind;

pub(crate) use planted::planted;

/// All kinds, in the order in which they are run.
pub(crate) fn all() -> Vec<Kind> {
    [
        intact::kinds(),
        sides::kinds(),
        run_choice::kinds(),
        lengths::kinds(),
        times::kinds(),
        space::kinds(),
        storage::kinds(),
        constants::kinds(),
        spheres::kinds(),
        tables::kinds(),
        vectors::kinds(),
        texts::kinds(),
        tokenizers::kinds(),
        checkpoints::kinds(),
        models::kinds(),
        settings::kinds(),
        ownership::kinds(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
