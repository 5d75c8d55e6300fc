//! Whether an HDF5 file holds the numbers that its datasets announce.
//!
//! A dataset of any size can be declared without a number in it; HDF5 then reads zeros.

use std::path::Path;

use hdf5_reader::error::Error;
use hdf5_reader::io::Cursor;
use hdf5_reader::messages::HdfMessage;
use hdf5_reader::messages::layout::DataLayout;
use hdf5_reader::{Dataset, Hdf5File};
use lpp_files::{FileError, in_quotes};

/// Bytes of all datasets that any file may have: four million numbers of four bytes.
const FREE_BYTES: u64 = 16_000_000;
/// Deflate stores at best 258 bytes in 2 bits; datasets that claim to hold more are not unpacked.
const MAX_EXPANSION: u64 = 1032;
const WRITTEN: &str = "datasets with all of their numbers written (HDF5 reads zeros where there are none)";

/// The most bytes that the datasets of a file of this length can hold together, plain and compressed.
pub(super) fn most_bytes(length: u64) -> [u64; 2] {
    [1, MAX_EXPANSION].map(|times| FREE_BYTES.saturating_add(length.saturating_mul(times)))
}

/// Refuses datasets whose numbers are not in the file, before memory is taken for them.
pub(super) fn check_storage(
    path: &Path,
    file: &Hdf5File,
    datasets: &[(String, Dataset)],
) -> Result<(), FileError> {
    let length = file.storage().len();
    let most = most_bytes(length);
    let mut together = [0_u64; 2];
    for (name, dataset) in datasets {
        let wrong = |found: String| {
            FileError::malformed(
                path,
                format!("{found} in the dataset {}", in_quotes(name)),
                WRITTEN,
            )
        };
        let failed = |error: Error| wrong(error.to_string());
        let bytes = dataset.raw_byte_len().map_err(failed)? as u64;
        if bytes == 0 {
            continue;
        }
        let storage = Storage::of(file, dataset).map_err(failed)?;
        if !storage.is_there {
            return Err(wrong("no numbers".to_owned()));
        }
        let kind = usize::from(storage.is_packed);
        together[kind] = together[kind].saturating_add(bytes);
        if !storage.is_packed && bytes > length || together[kind] > most[kind] {
            let found = format!("{bytes} bytes of numbers, more than the file can hold,");
            return Err(wrong(found));
        }
        check_chunks(dataset).map_err(failed)?.map_err(wrong)?;
    }
    Ok(())
}

/// How the numbers of a dataset are stored.
struct Storage {
    is_there: bool,
    is_packed: bool,
}

impl Storage {
    fn of(file: &Hdf5File, dataset: &Dataset) -> Result<Self, Error> {
        let offset_size = file.superblock().offset_size;
        let mut storage = Self {
            is_there: false,
            is_packed: false,
        };
        for message in &file.get_or_parse_header(dataset.address())?.messages {
            match message {
                HdfMessage::DataLayout(message) => {
                    storage.is_there = match &message.layout {
                        DataLayout::Compact { data } => !data.is_empty(),
                        DataLayout::Contiguous { address, size } => {
                            *size > 0 && !Cursor::is_undefined_offset(*address, offset_size)
                        }
                        DataLayout::Chunked { address, .. } => {
                            !Cursor::is_undefined_offset(*address, offset_size)
                        }
                    }
                }
                HdfMessage::FilterPipeline(pipeline) => storage.is_packed = !pipeline.filters.is_empty(),
                HdfMessage::ExternalFiles(_) => {
                    return Err(Error::Other("numbers in another file".to_owned()));
                }
                _ => {}
            }
        }
        Ok(storage)
    }
}

/// Refuses a dataset some of whose chunks were never written.
fn check_chunks(dataset: &Dataset) -> Result<Result<(), String>, Error> {
    let Some(chunk) = dataset.chunks() else {
        return Ok(Ok(()));
    };
    let counts = dataset.shape().iter().zip(&chunk);
    let n = counts.fold(1_u64, |n, (&length, &chunk)| {
        n.saturating_mul(length.div_ceil(u64::from(chunk).max(1)))
    });
    let mut written = 0;
    // The library tells of a chunk only with its numbers, so that they are unpacked twice.
    for chunk in dataset.iter_chunks()? {
        chunk?;
        written += 1;
    }
    Ok(if written == n {
        Ok(())
    } else {
        Err(format!("{written} of {n} chunks"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::hdf5::load_hdf5;
    use super::*;
    use lpp_testkit::fixture;

    #[test]
    fn numbers_that_were_never_written_are_refused() {
        for (file, said) in [
            ("unwritten", "no numbers in the dataset \"run-0\""),
            ("unwritten_small", "no numbers in the dataset \"run-0\""),
            ("unwritten_chunks", "no numbers in the dataset \"run-0\""),
            ("sparse", "more than the file can hold, in the dataset \"run-0\""),
            (
                "sparse_packed",
                "more than the file can hold, in the dataset \"run-0\"",
            ),
            ("partly", "2 of 4 chunks in the dataset \"run-0\""),
            ("outside", "numbers in another file in the dataset \"run-0\""),
            ("same", "more than the file can hold, in the dataset \"run-"),
        ] {
            let path = fixture(&format!("features/hostile/{file}.hdf5"));
            let error = load_hdf5(&path, None).map(|runs| runs.len()).unwrap_err();
            let error = error.to_string();
            assert!(
                error.contains(".hdf5: found") && error.contains(said),
                "{file}: {error}"
            );
        }
    }

    #[test]
    fn a_file_holds_what_deflate_can_pack() {
        assert_eq!(most_bytes(0), [16_000_000, 16_000_000]);
        assert_eq!(most_bytes(1000), [16_001_000, 17_032_000]);
    }
}
