//! Files that several crates read or write, and the rules they share. It knows no study, no brain and no language.
//!
//! * [`AtomicFile`]: an output appears under its final name when it is complete, or not at all;
//! * [`npy`], [`MappedMatrix`], [`ActivationsWriter`] and [`Activations`], [`WordTable`]: formats;
//! * [`json`]: documents whose values fit into memory;
//! * [`BidsName`], [`RunOrder`] and [`natural_order`]: what file names say, and the order of runs;
//! * [`FileHash`]: a file and the hash of its contents;
//! * [`FileError`]: the one error for a file that cannot be read or written, or holds something else than it should;
//! * [`way_out`] and [`did_you_mean`]: what to do about a missing file;
//! * [`MachineMemory`] and [`ProcessMemory`]: the memory there is, and what a process takes;
//! * [`Progress`]: how libraries report progress to programs.
//!
//! ```
//! use lpp_files::BidsName;
//!
//! let name = BidsName::of("sub-EN057_task-lpp_run-15_bold.nii.gz".as_ref());
//! assert_eq!(name.entity("run"), Some("15"));
//! ```

mod activations;
mod atomic;
mod bids_name;
mod bounded_rows;
mod caught;
mod claims;
mod columns;
mod elements;
mod error;
#[cfg(feature = "fault-injection")]
mod fault;
mod file_stamp;
mod gzip;
mod hash;
mod hash_memo;
mod inherited;
mod input_file;
pub mod json;
mod json_costs;
mod known_hashes;
mod mapped;
mod mapped_matrix;
mod memory;
mod natural_order;
pub mod npy;
mod npy_array;
mod npy_elements;
mod npy_header;
mod outputs;
mod own_file;
mod pointer;
mod progress;
pub mod recorded;
mod rows;
mod run_order;
mod shorten;
mod way_out;
mod words;
mod zip_archive;
mod zlib;

pub use activations::{Activations, ActivationsWriter, LayerShape};
pub use atomic::{AtomicFile, is_unfinished, keep_claim, write_atomically};
pub use bids_name::{BidsName, EntityChoice, both_hemispheres, right_hemisphere};
pub use bounded_rows::BoundedRows;
pub use caught::{caught, panics_are_caught};
pub use claims::{claim_output, forget_claim};
pub use columns::{ONE_OF_EACH_NAME, TwoColumns, only_column, only_column_of_any_case};
pub use elements::{StoredAs, write_f32};
pub use error::FileError;
pub use file_stamp::{FileStamp, is_young};
pub use gzip::GzipReader;
pub use hash::{FileHash, hexadecimal, sha256_of_bytes, sha256_of_file};
pub use hash_memo::HashMemo;
pub use inherited::inherited_files;
pub use input_file::{open_input, read_input, read_input_text};
pub use known_hashes::{hash_file, sha256_unless_known, unchanged};
pub use mapped::MappedFile;
pub use mapped_matrix::MappedMatrix;
pub use memory::{MachineMemory, ProcessMemory, human_bytes};
pub use natural_order::{natural_order, natural_path_order, without_leading_zeros};
pub use outputs::check_outputs;
pub use own_file::{make_own_folder, open_own_file, replace_own_file};
pub use pointer::{refuse_pointer, stand_in};
pub use progress::{Progress, Silent};
pub use recorded::{recorded_name, recorded_text};
pub use rows::{check_row_count, check_rows, most_rows};
pub use run_order::{RunOrder, check_distinct_contents, check_distinct_files, check_one_kind, missing_run};
pub use shorten::{MOST_QUOTED, in_quotes, quote, shortened};
pub use way_out::{cannot_read, did_you_mean, name_makers, way_out};
pub use words::{TimedWord, WordTable};
pub use zip_archive::open_zip;
pub use zlib::ZlibReader;
