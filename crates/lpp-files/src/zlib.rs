//! Reading of zlib streams to their checksum.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress, Status};

/// Decompresses a zlib stream; one that ends before its checksum is an error.
///
/// ```
/// use std::io::{Read, Write};
///
/// let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
/// zlib.write_all(b"words")?;
/// let stream = zlib.finish()?;
/// let mut text = String::new();
/// lpp_files::ZlibReader::new(stream.as_slice()).read_to_string(&mut text)?;
/// assert_eq!(text, "words");
/// assert!(lpp_files::ZlibReader::new(&stream[..stream.len() - 1]).read_to_string(&mut text).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ZlibReader<R> {
    reader: R,
    stream: Decompress,
    has_ended: bool,
}

impl<R: BufRead> ZlibReader<R> {
    /// A reader of the stream that begins at the current position of `reader`.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            stream: Decompress::new(true),
            has_ended: false,
        }
    }
}

impl<R: BufRead> Read for ZlibReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.has_ended && !buffer.is_empty() {
            let raw = self.reader.fill_buf()?;
            let is_last = raw.is_empty();
            let before = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(raw, buffer, FlushDecompress::None)?;
            let counted = |now: u64, before: u64| usize::try_from(now - before).map_err(io::Error::other);
            self.reader.consume(counted(self.stream.total_in(), before.0)?);
            let n = counted(self.stream.total_out(), before.1)?;
            self.has_ended = status == Status::StreamEnd;
            if n > 0 {
                return Ok(n);
            }
            if is_last && !self.has_ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use std::io::{BufReader, Write};

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        ZlibReader::new(BufReader::with_capacity(7, bytes)).read_to_end(&mut text)?;
        Ok(text)
    }

    #[test]
    fn only_whole_streams_are_read() {
        for text in [b"".to_vec(), b"a ".repeat(100_000), (0..=255).collect()] {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&text).unwrap();
            let whole = encoder.finish().unwrap();
            assert_eq!(read(&whole).unwrap(), text);
            for n in 0..whole.len() {
                let error = read(&whole[..n]).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "cut at {n}");
            }
            let mut changed = whole.clone();
            *changed.last_mut().unwrap() ^= 1;
            assert!(read(&changed).is_err());
        }
    }
}
