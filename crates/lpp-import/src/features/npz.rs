//! Archives of NumPy arrays (`.npz`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use lpp_files::{FileError, in_quotes, open_zip};
use ndarray::ArrayD;
use zip::ZipArchive;

use super::arrays::singles;
use super::named_arrays::{EXPECTED, by_run, places_of};
use super::run_features::RunFeatures;

/// Deflate stores at best 258 bytes in 2 bits; an entry that claims to hold more is not unpacked.
const MAX_EXPANSION: u64 = 1032;

/// Reads an archive of NumPy arrays.
pub(super) fn load_npz(path: &Path, layer_axis: Option<usize>) -> Result<Vec<RunFeatures>, FileError> {
    let wrong = |found: String| FileError::malformed(path, found, "an archive of NumPy arrays (.npz)");
    let file = lpp_files::open_input(path).map_err(FileError::read(path))?;
    let length = file.metadata().map_err(FileError::read(path))?.len();
    let mut archive = open_zip(path, BufReader::new(file))?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let keys = names
        .iter()
        .map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned());
    let places = places_of(path, keys.collect(), EXPECTED)?;
    check_entries(&mut archive, &names, length).map_err(wrong)?;
    let folder = tempfile::tempdir().map_err(FileError::write(path))?;
    let unpacked = folder.path().join("array.npy");
    let mut arrays = BTreeMap::new();
    for (name, place) in names.iter().zip(places) {
        let array = array_of(path, &mut archive, name, &unpacked)?;
        if arrays.insert(place, array).is_some() {
            return Err(wrong(format!("a second array {}", in_quotes(name))));
        }
    }
    by_run(path, arrays, layer_axis)
}

/// Refuses entries that share bytes of the file, and those that claim more than their bytes can hold.
///
/// Together, all entries then hold at most [`MAX_EXPANSION`] times the file.
fn check_entries<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    names: &[String],
    length: u64,
) -> Result<(), String> {
    let mut ranges = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let entry = archive.by_index_raw(at).map_err(|error| error.to_string())?;
        let (packed, size) = (entry.compressed_size(), entry.size());
        if size > packed.saturating_mul(MAX_EXPANSION) {
            let name = in_quotes(name);
            return Err(format!(
                "{packed} bytes that claim to be {size} in the array {name}"
            ));
        }
        ranges.push((
            entry.header_start(),
            entry.data_start().saturating_add(packed),
            at,
        ));
    }
    ranges.sort_unstable();
    if let Some((.., at)) = ranges.iter().find(|(_, end, _)| *end > length) {
        return Err(format!(
            "the array {} that ends after the file",
            in_quotes(&names[*at])
        ));
    }
    let shared = ranges.windows(2).find(|pair| pair[0].1 > pair[1].0);
    shared.map_or(Ok(()), |pair| {
        let [one, other] = [pair[0].2, pair[1].2].map(|at| in_quotes(&names[at]));
        Err(format!("the arrays {one} and {other} in the same bytes"))
    })
}

/// The array of an entry, by way of a file.
fn array_of<R: Read + Seek>(
    path: &Path,
    archive: &mut ZipArchive<R>,
    name: &str,
    unpacked: &Path,
) -> Result<ArrayD<f32>, FileError> {
    let wrong = |found: String, expected: String| {
        FileError::malformed(
            path,
            format!("{found} in the array {}", in_quotes(name)),
            expected,
        )
    };
    let broken = |error: String| wrong(error, "an archive of NumPy arrays (.npz)".to_owned());
    let mut entry = archive.by_name(name).map_err(|error| broken(error.to_string()))?;
    let size = entry.size();
    let mut file = File::create(unpacked).map_err(FileError::write(unpacked))?;
    // The checksum is compared where the entry ends, which is only found by reading on after the last byte.
    let read = std::io::copy(&mut entry.by_ref().take(size.saturating_add(1)), &mut file)
        .map_err(|error| broken(error.to_string()))?;
    if read != size {
        let found = if read < size {
            format!("{read} bytes")
        } else {
            "more bytes".to_owned()
        };
        return Err(wrong(found, format!("{size} bytes, as its header says")));
    }
    drop(file);
    singles(unpacked).map_err(|error| match error {
        FileError::Malformed { found, expected, .. } => wrong(found, expected),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};

    use ndarray::array;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// The bytes of a small array in NumPy's form.
    fn npy() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        lpp_files::npy::save(&path, &array![[1_f32, 2.0], [3.0, 4.0]]).unwrap();
        std::fs::read(path).unwrap()
    }

    fn archive(names: &[&str], method: zip::CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(&npy()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn load(bytes: &[u8]) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        std::fs::write(&path, bytes).unwrap();
        let runs = load_npz(&path, None).map_err(|error| error.to_string())?;
        Ok(runs.len())
    }

    fn refused(bytes: &[u8], said: &str) {
        let error = load(bytes).unwrap_err();
        assert!(error.contains("a.npz: found") && error.contains(said), "{error}");
    }

    /// Where `wanted` begins in the bytes, the `nth` time.
    fn place(bytes: &[u8], wanted: &[u8], nth: usize) -> usize {
        let mut places = (0..bytes.len()).filter(|&at| bytes[at..].starts_with(wanted));
        places.nth(nth).unwrap()
    }

    const CENTRAL: &[u8] = b"PK\x01\x02";

    #[test]
    fn damaged_arrays_are_refused() {
        let stored = archive(&["run-0.npy"], zip::CompressionMethod::Stored);
        assert_eq!(load(&stored), Ok(1));
        let mut flipped = stored.clone();
        let last = place(&stored, CENTRAL, 0) - 1;
        flipped[last] ^= 0x40;
        refused(&flipped, "checksum");
        for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
            let mut other = archive(&["run-0.npy"], method);
            let crc = place(&other, CENTRAL, 0) + 16;
            other[crc] ^= 1;
            refused(&other, "checksum");
        }
    }

    #[test]
    fn arrays_of_another_size_than_announced_are_refused() {
        for (change, said) in [(-1_i64, "more bytes"), (1, " bytes, as its header says")] {
            let mut bytes = archive(&["run-0.npy"], zip::CompressionMethod::Deflated);
            let at = place(&bytes, CENTRAL, 0) + 24;
            let size = i64::try_from(npy().len()).unwrap() + change;
            bytes[at..at + 4].copy_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
            refused(&bytes, said);
        }
        let mut bytes = archive(&["run-0.npy"], zip::CompressionMethod::Deflated);
        let at = place(&bytes, CENTRAL, 0) + 24;
        bytes[at..at + 4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
        refused(&bytes, "claim to be 2147483647");
    }

    #[test]
    fn arrays_in_the_same_bytes_are_refused() {
        let names = ["run-0.npy", "run-1.npy"];
        let mut bytes = archive(&names, zip::CompressionMethod::Deflated);
        assert_eq!(load(&bytes), Ok(2));
        // The second entry of the directory points to the first array.
        let offset = place(&bytes, CENTRAL, 1) + 42;
        bytes[offset..offset + 4].copy_from_slice(&0_u32.to_le_bytes());
        refused(&bytes, "in the same bytes");
    }

    #[test]
    fn an_array_that_comes_twice_is_refused() {
        let bytes = archive(&["run-0", "run-0.npy"], zip::CompressionMethod::Stored);
        refused(&bytes, "a second array");
        // The library would read the second one alone.
        let mut bytes = archive(&["run-0.npy", "run-1.npy"], zip::CompressionMethod::Stored);
        for nth in 0..2 {
            let at = place(&bytes, b"run-1.npy", 0);
            bytes[at + 4] = b'0';
            assert_eq!(
                nth == 1,
                load(&bytes).is_err_and(|error| error.contains("2 entries with 1 names"))
            );
        }
    }
}
