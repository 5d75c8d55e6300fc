//! Readers of lpp-rs against damaged and hostile files.
//!
//! Each [`Target`] is a reader with files to begin from: fixtures, and cases made by hand of which some once broke a reader. A
//! [`Mutator`] damages them, knowing of compression, archives, numbers in text and length fields. A reader may refuse or read the
//! result; it must not panic, take more memory than the file allows, take long, or complain at length. [`check`] says whether it
//! did.
//!
//! Inputs follow from a seed, so that a finding can be repeated; the file itself is kept as well. Nothing of a nightly toolchain is
//! needed: readers run in the process of the program `lpp-fuzz`, which starts itself anew for each target, so that an abort costs
//! one target only. `tests/corpus.rs` runs every target over its files and some thousand mutations as a plain test.

mod all_targets;
mod cases;
mod check;
mod designs;
mod imported;
mod items;
mod memory;
mod mutate;
mod seeds;
mod targets;
mod vocabularies;

pub use all_targets::targets;
pub use check::{Failure, Outcome, check};
pub use memory::CountingAllocator;
pub use mutate::Mutator;
pub use seeds::Seeds;
pub use targets::{Packing, Target};
