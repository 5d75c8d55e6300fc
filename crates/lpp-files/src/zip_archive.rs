//! Zip archives of unknown origin.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;

use crate::FileError;
use crate::rows::most_rows;

/// How the records of an archive begin: an entry of the directory, its end, and the same for large archives, which a
/// locator points to.
const ENTRY: &[u8; 4] = b"PK\x01\x02";
const END: &[u8; 4] = b"PK\x05\x06";
const LARGE_END: &[u8; 4] = b"PK\x06\x06";
const LOCATOR: &[u8; 4] = b"PK\x06\x07";

/// Lengths of these records without texts.
const BYTES_OF_ENTRY: usize = 46;
const BYTES_OF_END: usize = 22;
const BYTES_OF_LARGE_END: usize = 56;
const BYTES_OF_LOCATOR: usize = 20;

/// Longest comment; it follows the end record.
const LONGEST_COMMENT: u64 = 0xffff;

/// Memory that the library takes for an entry.
const MEMORY_OF_ENTRY: usize = 600;

const EXPECTED: &str = "a complete zip archive";

/// Opens a zip archive from its beginning, after a check of its directory.
///
/// The library reserves memory for as many entries as an archive claims to have, and keeps one of two entries with the same
/// name. So the directory is read here first: it must stand before the end of the file, hold as many entries as it says, one of each
/// name, and fit into memory.
///
/// # Errors
/// [`FileError::Malformed`] naming `path` if the reader holds no such archive, [`FileError::Read`] if it cannot be read.
///
/// ```
/// let error = lpp_files::open_zip("a.npz".as_ref(), std::io::Cursor::new(b"PK")).unwrap_err();
/// assert!(error.to_string().contains("a.npz: found no end of a zip archive"));
/// ```
pub fn open_zip<R: Read + Seek>(path: &Path, mut reader: R) -> Result<ZipArchive<R>, FileError> {
    let wrong = |found: String| FileError::malformed(path, found, EXPECTED);
    let directory = directory_of(&mut reader).map_err(|fault| match fault {
        Fault::Read(error) => FileError::read(path)(error),
        Fault::Found(found) => wrong(found),
    })?;
    // The library looks for other directories if it does not like the last one; it finds none.
    let directory_only = FromDirectory {
        reader: &mut reader,
        start: directory.start,
    };
    let n_names = ZipArchive::new(directory_only)
        .map_err(|error| wrong(format!("a broken archive ({error})")))?
        .len();
    if n_names as u64 != directory.n_entries {
        let found = format!("{} entries with {n_names} names", directory.n_entries);
        return Err(FileError::malformed(
            path,
            found,
            "a zip archive with one entry of each name",
        ));
    }
    ZipArchive::new(reader).map_err(|error| wrong(format!("a broken archive ({error})")))
}

/// The list of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Directory {
    n_entries: u64,
    start: u64,
    n_bytes: u64,
}

#[derive(Debug)]
enum Fault {
    Read(io::Error),
    Found(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

fn directory_of(reader: &mut (impl Read + Seek)) -> Result<Directory, Fault> {
    let found = |found: String| Err(Fault::Found(found));
    let length = reader.seek(SeekFrom::End(0))?;
    let start_of_tail = length.saturating_sub(LONGEST_COMMENT + BYTES_OF_END as u64);
    let tail = bytes_from(reader, start_of_tail)?;
    let Some((end, directory)) = end_of(&tail) else {
        return found(format!("no end of a zip archive in {length} bytes"));
    };
    let end = start_of_tail + end as u64;
    let directory = match large_end(reader, end)? {
        Some(large) => large,
        None => directory,
    };
    let Directory {
        n_entries,
        start,
        n_bytes,
    } = directory;
    if start.checked_add(n_bytes).is_none_or(|stop| stop > end) {
        return found(format!(
            "{n_bytes} bytes of directory from byte {start} of {length}"
        ));
    }
    let most = most_rows(usize::try_from(length).unwrap_or(usize::MAX), MEMORY_OF_ENTRY) as u64;
    if n_entries > most || n_bytes > most.saturating_mul(BYTES_OF_ENTRY as u64) {
        return found(format!("a directory of {n_entries} entries and {n_bytes} bytes"));
    }
    let records = bytes_from(reader, start)?;
    let times = |record: &[u8; 4]| records.windows(4).filter(|bytes| bytes == record).count();
    if times(END) != 1 || times(LARGE_END) > 1 {
        return found("several ends of a zip archive".to_owned());
    }
    let listed = n_listed(&records);
    if listed != n_entries {
        return found(format!("{listed} entries in a directory of {n_entries}"));
    }
    Ok(directory)
}

fn bytes_from(reader: &mut (impl Read + Seek), start: u64) -> io::Result<Vec<u8>> {
    reader.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where the end of the archive begins, whose comment must stand in the file, and the directory that it names.
fn end_of(tail: &[u8]) -> Option<(usize, Directory)> {
    let last = tail.len().checked_sub(BYTES_OF_END)?;
    (0..=last).rev().find_map(|at| {
        let record = tail[at..].strip_prefix(END)?;
        (usize::from(u16_at(record, 16)?) <= last - at).then_some(())?;
        let directory = Directory {
            n_entries: u16_at(record, 6)?.into(),
            n_bytes: u32_at(record, 8)?.into(),
            start: u32_at(record, 12)?.into(),
        };
        Some((at, directory))
    })
}

/// The directory of a large archive, which a locator before the end points to.
fn large_end(reader: &mut (impl Read + Seek), end: u64) -> io::Result<Option<Directory>> {
    let Some(locator) = end.checked_sub(BYTES_OF_LOCATOR as u64) else {
        return Ok(None);
    };
    let mut record = [0; BYTES_OF_LOCATOR];
    read_at(reader, locator, &mut record)?;
    let Some(place) = record.strip_prefix(LOCATOR).and_then(|record| u64_at(record, 4)) else {
        return Ok(None);
    };
    let mut record = [0; BYTES_OF_LARGE_END];
    if place
        .checked_add(BYTES_OF_LARGE_END as u64)
        .is_none_or(|stop| stop > locator)
    {
        return Ok(None);
    }
    read_at(reader, place, &mut record)?;
    let numbers = record.strip_prefix(LARGE_END).and_then(|record| {
        Some(Directory {
            n_entries: u64_at(record, 28)?,
            n_bytes: u64_at(record, 36)?,
            start: u64_at(record, 44)?,
        })
    });
    Ok(numbers)
}

fn read_at(reader: &mut (impl Read + Seek), place: u64, buffer: &mut [u8]) -> io::Result<()> {
    reader.seek(SeekFrom::Start(place))?;
    reader.read_exact(buffer)
}

/// Number of entries that follow each other from the start of the directory.
fn n_listed(mut records: &[u8]) -> u64 {
    let mut n = 0;
    while let Some(entry) = records.strip_prefix(ENTRY) {
        // The lengths of the name, of more fields and of a comment, which follow.
        let texts: Option<usize> = [24, 26, 28]
            .iter()
            .map(|&at| u16_at(entry, at).map(usize::from))
            .sum();
        let Some(rest) = texts.and_then(|texts| entry.get(42 + texts..)) else {
            break;
        };
        n += 1;
        records = rest;
    }
    n
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A reader that gives zeros up to a byte.
struct FromDirectory<R> {
    reader: R,
    start: u64,
}

impl<R: Read + Seek> Read for FromDirectory<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let place = self.reader.stream_position()?;
        let n = self.reader.read(buffer)?;
        let hidden = usize::try_from(self.start.saturating_sub(place)).unwrap_or(n);
        buffer[..n.min(hidden)].fill(0);
        Ok(n)
    }
}

impl<R: Seek> Seek for FromDirectory<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.reader.seek(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(names: &[&str], comment: &str) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            writer
                .start_file(*name, SimpleFileOptions::default().large_file(true))
                .unwrap();
            writer.write_all(name.as_bytes()).unwrap();
        }
        writer.set_comment(comment);
        writer.finish().unwrap().into_inner()
    }

    fn names_of(bytes: &[u8]) -> Result<Vec<String>, String> {
        let archive = open_zip("a.zip".as_ref(), Cursor::new(bytes)).map_err(|error| error.to_string())?;
        Ok(archive.file_names().map(str::to_owned).collect())
    }

    #[track_caller]
    fn refused(bytes: &[u8], said: &str) {
        let error = names_of(bytes).unwrap_err();
        assert!(error.contains("a.zip: found") && error.contains(said), "{error}");
    }

    /// The archive with the directory of large archives: their end and its locator before the end, which says nothing.
    fn large(mut bytes: Vec<u8>) -> Vec<u8> {
        let at = bytes.len() - BYTES_OF_END;
        let end = bytes.split_off(at);
        let number = |at: usize, width: usize| {
            let mut number = [0; 8];
            number[..width].copy_from_slice(&end[at..at + width]);
            number
        };
        let (n, size, start) = (number(10, 2), number(12, 4), number(16, 4));
        bytes.extend(
            [
                &LARGE_END[..],
                &44_u64.to_le_bytes(),
                &[45, 0, 45, 0],
                &[0; 8],
                &n,
                &n,
                &size,
                &start,
            ]
            .concat(),
        );
        bytes.extend([&LOCATOR[..], &[0; 4], &(at as u64).to_le_bytes(), &[1, 0, 0, 0]].concat());
        bytes.extend([&END[..], &[0; 4], &[0xff; 12], &[0; 2]].concat());
        bytes
    }

    #[test]
    fn archives_are_opened_whatever_their_size_and_comment() {
        for names in [&[][..], &["a"], &["a", "b/c"]] {
            assert_eq!(names_of(&archive(names, "")).unwrap(), names);
            assert_eq!(names_of(&archive(names, &"c".repeat(60_000))).unwrap(), names);
        }
        let many: Vec<String> = (0..1000).map(|n| format!("{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(names_of(&archive(&many, "")).unwrap(), many);
        assert_eq!(names_of(&large(archive(&many, ""))).unwrap(), many);
        // Zero padding after the end.
        assert_eq!(
            names_of(&[archive(&many, ""), vec![0; 1000]].concat()).unwrap(),
            many
        );
    }

    #[test]
    fn two_entries_of_one_name_are_refused() {
        let mut bytes = archive(&["one", "two", "off"], "");
        for at in 0..bytes.len() - 3 {
            if bytes[at..].starts_with(b"two") {
                bytes[at..at + 3].copy_from_slice(b"one");
            }
        }
        refused(&bytes, "3 entries with 2 names");
    }

    #[test]
    fn a_directory_that_is_not_what_the_end_says_is_refused() {
        let whole = archive(&["a", "b"], "");
        for n in 0..whole.len() {
            assert!(names_of(&whole[..n]).is_err(), "cut at {n}");
        }
        let mut other = whole.clone();
        let count = whole.len() - BYTES_OF_END + 10;
        other[count] = 1;
        refused(&other, "2 entries in a directory of 1");
        other[count] = 3;
        refused(&other, "2 entries in a directory of 3");
        let mut other = whole.clone();
        other[count + 6..count + 10].copy_from_slice(&[0xf0; 4]);
        refused(&other, "of directory from byte 4042322160");
        refused(&archive(&["PK\x05\x06"], ""), "several ends");
        // In two archives joined into one file, the offsets of the second are wrong.
        refused(&[&whole[..], &whole].concat(), "ends of a zip archive");
    }

    #[test]
    fn directories_that_would_take_much_memory_are_refused() {
        let mut entry = [0; BYTES_OF_ENTRY];
        entry[..4].copy_from_slice(ENTRY);
        let of = |n: u32| {
            let directory = entry.repeat(n as usize);
            let size = (directory.len() as u64).to_le_bytes();
            let n = u64::from(n).to_le_bytes();
            let place = size;
            let large = [
                &LARGE_END[..],
                &44_u64.to_le_bytes(),
                &[0; 12],
                &n,
                &n,
                &size,
                &[0; 8],
            ]
            .concat();
            let locator = [&LOCATOR[..], &[0; 4], &place, &[1, 0, 0, 0]].concat();
            [
                directory,
                large,
                locator,
                END.to_vec(),
                vec![0xff; 16],
                vec![0; 2],
            ]
            .concat()
        };
        refused(&of(200_000), "a directory of 200000 entries");
        refused(&of(1000), "1000 entries with 1 names");
    }
}
