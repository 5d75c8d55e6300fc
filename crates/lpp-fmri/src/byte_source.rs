//! Sequential reading of files, compressed or not. Sizes in headers are checked against the file length before memory
//! is allocated.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use lpp_files::{GzipReader, ZlibReader};

use crate::FmriError;
use crate::numeric::Element;

/// Deflate stores at best a run of 258 bytes in 2 bits, so a compressed file cannot expand by more than this factor.
const MAX_EXPANSION: u64 = 1032;
/// Bytes decoded at a time, so that memory grows only with the data that the file really contains.
const CHUNK: usize = 1 << 18;

/// Buffers a decoder, because reading single bytes from it is slow.
fn unpacked<R: Read>(decoder: R) -> BufReader<R> {
    BufReader::with_capacity(1 << 15, decoder)
}

/// A stream of bytes from a file; gzip and zlib are recognised by the first bytes, whatever the file name.
pub(crate) struct ByteSource {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    position: u64,
    /// Size of the file on disk.
    file_size: u64,
    /// Largest number of bytes that the file can contain, decompressed.
    limit: u64,
}

impl ByteSource {
    /// Opens `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, FmriError> {
        let file = lpp_files::open_input(path).map_err(FmriError::read(path))?;
        let size = file.metadata().map_err(FmriError::read(path))?.len();
        let mut buffered = BufReader::with_capacity(1 << 17, file);
        let head = buffered.fill_buf().map_err(FmriError::read(path))?;
        let (reader, limit): (Box<dyn Read + Send>, u64) = match *head {
            [0x1f, 0x8b, ..] => (
                Box::new(unpacked(GzipReader::new(buffered))),
                size.saturating_mul(MAX_EXPANSION),
            ),
            // 0x78 is deflate with a 32 KiB window; the first two bytes of a zlib stream are a multiple of 31.
            [0x78, second, ..] if (0x7800 + u16::from(second)).is_multiple_of(31) => (
                Box::new(unpacked(ZlibReader::new(buffered))),
                size.saturating_mul(MAX_EXPANSION),
            ),
            _ => (Box::new(buffered), size),
        };
        Ok(Self {
            path: path.to_owned(),
            reader,
            position: 0,
            file_size: size,
            limit,
        })
    }

    /// Size of the file on disk, in bytes.
    pub(crate) fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Number of (decompressed) bytes read so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// An error that names the file.
    pub(crate) fn malformed(&self, found: impl Into<String>, expected: impl Into<String>) -> FmriError {
        FmriError::malformed(&self.path, found, expected)
    }

    /// Fails if the file cannot contain `n_bytes` more; called before memory is allocated.
    pub(crate) fn require(&self, n_bytes: u64) -> Result<(), FmriError> {
        match self.position.checked_add(n_bytes) {
            Some(end) if end <= self.limit => Ok(()),
            _ => Err(self.malformed(
                format!("a file too small for the {n_bytes} bytes of data given in its header"),
                "a complete file",
            )),
        }
    }

    /// Fills `buffer`.
    pub(crate) fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), FmriError> {
        self.reader.read_exact(buffer).map_err(|e| self.broken(e))?;
        self.position += buffer.len() as u64;
        Ok(())
    }

    /// The next byte.
    pub(crate) fn read_byte(&mut self) -> Result<u8, FmriError> {
        let mut byte = [0];
        self.read_exact(&mut byte)?;
        Ok(byte[0])
    }

    /// Skips `n_bytes`.
    pub(crate) fn skip(&mut self, n_bytes: u64) -> Result<(), FmriError> {
        self.require(n_bytes)?;
        let passed =
            io::copy(&mut self.reader.by_ref().take(n_bytes), &mut io::sink()).map_err(|e| self.broken(e))?;
        self.position += passed;
        if passed < n_bytes {
            return Err(self.broken(io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(())
    }

    /// The next `n` numbers. Memory is allocated in chunks as bytes arrive.
    pub(crate) fn read_numbers<T: Element>(
        &mut self,
        n: usize,
        big_endian: bool,
    ) -> Result<Vec<T>, FmriError> {
        let n_bytes = n.saturating_mul(size_of::<T>());
        self.require(n_bytes as u64)?;
        let mut numbers = Vec::with_capacity(n.min(CHUNK));
        let mut buffer = vec![0; n_bytes.min(CHUNK)];
        let mut left = n_bytes;
        while left > 0 {
            let step = left.min(CHUNK);
            self.read_exact(&mut buffer[..step])?;
            T::decode(&buffer[..step], big_endian, &mut numbers);
            left -= step;
        }
        Ok(numbers)
    }

    /// Reads to the end, so that the checksum of a compressed file is verified too.
    pub(crate) fn drain(&mut self) -> Result<(), FmriError> {
        io::copy(&mut self.reader, &mut io::sink()).map_err(|e| self.broken(e))?;
        Ok(())
    }

    /// A truncated file gets its own message, because it is the most common fault.
    fn broken(&self, error: io::Error) -> FmriError {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self.malformed(
                format!("the end of the data after {} bytes or little more", self.position),
                "more: the file is truncated or damaged",
            );
        }
        FmriError::read(&self.path)(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_counts_what_was_read_or_skipped() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), (0..20).collect::<Vec<u8>>()).unwrap();
        let mut source = ByteSource::open(file.path()).unwrap();
        assert_eq!((source.position(), source.file_size()), (0, 20));
        assert_eq!(source.read_byte().unwrap(), 0);
        source.skip(3).unwrap();
        let numbers: Vec<u16> = source.read_numbers(3, true).unwrap();
        assert_eq!((numbers, source.position()), (vec![0x0405, 0x0607, 0x0809], 10));
        // Ten bytes are left, and no more.
        assert!(
            source.require(10).is_ok() && source.require(11).is_err() && source.require(u64::MAX).is_err()
        );
        source.skip(10).unwrap();
        let error = source.read_byte().unwrap_err().to_string();
        assert!(error.contains("the end of the data after 20 bytes"), "{error}");
    }
}
