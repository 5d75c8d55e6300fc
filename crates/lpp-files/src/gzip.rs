//! Reading of gzip streams, like gunzip.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Decompresses all members of a gzip file, one after the other.
///
/// Zero bytes after a member are padding from tapes and some copying programs. They are skipped, as in gunzip and
/// Python's gzip. Anything else there is an error.
///
/// ```
/// use std::io::{Read, Write};
///
/// let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
/// gzip.write_all(b"words")?;
/// let padded = [gzip.finish()?, vec![0; 512]].concat();
/// let mut text = String::new();
/// lpp_files::GzipReader::new(padded.as_slice()).read_to_string(&mut text)?;
/// assert_eq!(text, "words");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct GzipReader<R> {
    /// `None` after the last member.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipReader<R> {
    /// A reader of the gzip file that begins at the current position of `reader`.
    pub fn new(reader: R) -> Self {
        Self {
            member: Some(GzDecoder::new(reader)),
        }
    }

    /// Continues with the next member, if there is one.
    fn next_member(&mut self) -> io::Result<()> {
        let Some(member) = self.member.take() else {
            return Ok(());
        };
        let mut rest = member.into_inner();
        loop {
            let bytes = rest.fill_buf()?;
            let n = bytes.len();
            match bytes.iter().position(|&byte| byte != 0) {
                _ if n == 0 => return Ok(()),
                None => rest.consume(n),
                Some(zeros) if bytes[zeros] == 0x1f => {
                    rest.consume(zeros);
                    self.member = Some(GzDecoder::new(rest));
                    return Ok(());
                }
                Some(_) => {
                    let problem =
                        "bytes after the end of the gzip data that are neither gzip nor zero padding";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
                }
            }
        }
    }
}

impl<R: BufRead> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let n = member.read(buffer)?;
            if n > 0 || buffer.is_empty() {
                return Ok(n);
            }
            self.next_member()?;
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::{BufReader, Write};

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        // A small buffer, so that members and padding cross its end.
        let buffered = BufReader::with_capacity(7, bytes);
        let read = GzipReader::new(buffered).read_to_end(&mut text);
        read.map(|_| text).map_err(|error| error.to_string())
    }

    #[test]
    fn members_and_padding_are_read_as_gunzip_reads_them() {
        let (a, b, empty) = (gzip(b"first "), gzip(b"second"), gzip(b""));
        for bytes in [
            [a.clone(), b.clone()].concat(),
            [a.clone(), empty.clone(), b.clone(), empty, vec![0; 1]].concat(),
            [a.clone(), vec![0; 512], b.clone()].concat(),
            [a.clone(), b.clone(), vec![0; 10_240]].concat(),
        ] {
            assert_eq!(read(&bytes).unwrap(), b"first second");
        }
        assert_eq!(read(&gzip(b"")).unwrap(), b"");
    }

    #[test]
    fn other_bytes_at_the_end_and_cuts_are_errors() {
        let whole = gzip(b"some text, long enough to be cut in many places");
        for rest in [&b"x"[..], b"\0\0garbage", b"PK\x03\x04"] {
            let error = read(&[&whole, rest].concat()).unwrap_err();
            assert!(error.contains("after the end of the gzip data"), "{error}");
        }
        assert!(read(&[&whole[..], &[0x1f, 0x8b]].concat()).is_err());
        for n in 0..whole.len() {
            assert!(read(&whole[..n]).is_err(), "cut at {n}");
        }
    }
}
