//! One file from a server to its final name.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::address::shown;
use crate::digest::BLOCK;
use crate::http::{Ask, Http, Reply, cut, refused, web_page};
use crate::meter::FileMeter;
use crate::part::Part;
use crate::retry::Fault;
use crate::{Digest, FetchError, Token, pace, space};

/// A download: address, path, and checks.
///
/// A partial file is resumed at its end with a range request, provided that the file still has the stored ETag
/// (`If-Range`). If the parts may not belong together, the download starts again from the beginning. The file gets its
/// final name when size and hash are right.
pub(crate) struct Transfer<'a> {
    pub(crate) http: &'a Http,
    pub(crate) url: &'a str,
    pub(crate) token: Option<&'a Token>,
    pub(crate) bytes: Option<u64>,
    pub(crate) digest: Option<&'a Digest>,
    pub(crate) part: PathBuf,
    /// Whether the ETag is stored next to the partial file.
    pub(crate) keep_etag: bool,
    pub(crate) target: &'a Path,
    /// The error for a status other than success.
    pub(crate) refusal: &'a dyn Fn(&Reply) -> FetchError,
    pub(crate) meter: &'a FileMeter<'a>,
}

/// The error for a status without a special meaning for the server.
pub(crate) fn plain_refusal(url: &str) -> impl Fn(&Reply) -> FetchError + '_ {
    move |reply| FetchError::Status {
        url: shown(url),
        status: reply.status,
    }
}

impl Transfer<'_> {
    /// Downloads and verifies the file. If the contents are wrong, it is downloaded once more from the beginning: the
    /// cause may be a part from before a change of the file, or a crash of the machine.
    pub(crate) fn run(&self) -> Result<(), FetchError> {
        let mut part = Part::open(&self.part, self.keep_etag)?;
        if let Err(error) = self.fill(&mut part) {
            // What came stays for the next time; if nothing came, nothing shall lie around.
            if part.len()? == 0 {
                part.discard()?;
            }
            return Err(error);
        }
        if let Err(error) = self.check(&part) {
            tracing::warn!("{error}; downloading it again from the beginning");
            part.restart()?;
            self.fill(&mut part)?;
            if let Err(error) = self.check(&part) {
                part.discard()?;
                return Err(error);
            }
        }
        part.finish(self.target)
    }

    fn fill(&self, part: &mut Part) -> Result<(), FetchError> {
        let mut since = Instant::now();
        self.http.retry.run(|| {
            let before = part.len()?;
            let result = self.attempt(part).map_err(|fault| {
                // The pause before the try counts too, so that one byte per connection is not progress.
                let received = part.len().unwrap_or(0).saturating_sub(before);
                with_progress(fault, received >= pace::least(since.elapsed()))
            });
            since = Instant::now();
            result
        })
    }

    fn check(&self, part: &Part) -> Result<(), FetchError> {
        let found = part.len()?;
        if let Some(expected) = self.bytes.filter(|&expected| expected != found) {
            return Err(self.wrong_size(found, expected));
        }
        let Some(digest) = self.digest else {
            return Ok(());
        };
        let found = digest.of_file(part.path())?;
        if found == digest.hex() {
            return Ok(());
        }
        Err(FetchError::Hash {
            url: shown(self.url),
            algorithm: digest.algorithm(),
            found,
            expected: digest.hex().to_owned(),
        })
    }

    /// One request, and as much of its answer as arrives.
    fn attempt(&self, part: &mut Part) -> Result<(), Fault> {
        let start = self.start(part)?;
        if start > 0 && self.bytes == Some(start) {
            return Ok(());
        }
        let ask = Ask {
            token: self.token,
            from: start,
            // A part whose name and hash say what it is needs no condition, and the storage hosts of a hub may differ
            // in the ETags they give.
            if_range: part.etag().filter(|_| self.keep_etag || self.digest.is_none()),
            ..Ask::default()
        };
        let reply = self.http.send(self.url, ask)?;
        self.accept(&reply, part, start)?;
        self.receive(reply, part)
    }

    /// The position at which to resume. Without an ETag or a hash it is 0, because a rest from a different file would
    /// not be noticed.
    fn start(&self, part: &mut Part) -> Result<u64, FetchError> {
        let there = part.len()?;
        let too_long = self.bytes.is_some_and(|bytes| there > bytes);
        if there > 0 && (too_long || (part.etag().is_none() && self.digest.is_none())) {
            part.restart()?;
            return Ok(0);
        }
        Ok(there)
    }

    /// Checks the headers of an answer before anything is written.
    fn accept(&self, reply: &Reply, part: &mut Part, start: u64) -> Result<(), Fault> {
        match reply.status {
            206 if start > 0 => {
                let range = reply.header("content-range").and_then(content_range);
                let fits = range.is_some_and(|(from, total)| {
                    from == start
                        && self
                            .bytes
                            .is_none_or(|bytes| total.is_none_or(|total| total == bytes))
                });
                if !fits {
                    part.restart()?;
                    let problem = "the server sent a range that was not requested";
                    return Err(Fault::passing(FetchError::answer(&shown(self.url), problem)));
                }
            }
            200 if start > 0 => {
                tracing::debug!(
                    "{}: the server does not resume; downloading from the beginning",
                    shown(self.url)
                );
                part.restart()?;
            }
            200 => {}
            416 if start > 0 => {
                part.restart()?;
                let problem = "the server has no bytes after those received";
                return Err(Fault::passing(FetchError::answer(&shown(self.url), problem)));
            }
            _ => return Err(refused(reply, (self.refusal)(reply))),
        }
        if let Some(found) = reply.web_page() {
            return Err(Fault::passing(web_page(self.url, found)));
        }
        let offered = reply
            .number("content-length")
            .map(|rest| rest + part.len().unwrap_or(0));
        match (offered, self.bytes) {
            (Some(found), Some(expected)) if found != expected => {
                Err(Fault::passing(self.wrong_size(found, expected)))
            }
            _ => Ok(part.note_etag(reply.header("etag"))?),
        }
    }

    fn receive(&self, reply: Reply, part: &mut Part) -> Result<(), Fault> {
        let mut position = part.seek_end()?;
        let end = reply.number("content-length").map(|rest| rest + position);
        if let (None, Some(end)) = (self.bytes, end) {
            space::require([(self.target, end - position)])?;
        }
        let most = self.bytes.or(end).unwrap_or(self.http.most_unstated);
        let mut reader = reply.into_reader();
        let mut block = vec![0; BLOCK];
        loop {
            let n = match reader.read(&mut block) {
                Ok(n) => n,
                Err(error) => return Err(cut(self.url, &error)),
            };
            if n == 0 {
                break;
            }
            position += n as u64;
            if let Some(expected) = self.bytes.filter(|&bytes| position > bytes) {
                part.restart()?;
                return Err(Fault::passing(self.wrong_size(position, expected)));
            }
            if position > most {
                part.restart()?;
                return Err(Fault::Final(self.endless(most)));
            }
            part.write(&block[..n])?;
            self.meter.reached(position);
        }
        if end.or(self.bytes).is_some_and(|end| position < end) {
            let error = std::io::ErrorKind::UnexpectedEof.into();
            return Err(cut(self.url, &error));
        }
        Ok(())
    }

    fn endless(&self, most: u64) -> FetchError {
        let problem = format!(
            "more than {most} bytes of a file whose size the server does not state; download it by hand if it is right"
        );
        FetchError::answer(&shown(self.url), problem)
    }

    fn wrong_size(&self, found: u64, expected: u64) -> FetchError {
        FetchError::Size {
            url: shown(self.url),
            found,
            expected,
        }
    }
}

fn with_progress(fault: Fault, progress: bool) -> Fault {
    match fault {
        Fault::Passing { error, wait, .. } => Fault::Passing {
            error,
            wait,
            progress,
        },
        Fault::Final(error) => Fault::Final(error),
    }
}

/// First byte and total size of `bytes 100-199/200`.
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (from, _) = range.split_once('-')?;
    Some((from.trim().parse().ok()?, total.trim().parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn content_ranges() {
        assert_eq!(content_range("bytes 100-199/200"), Some((100, Some(200))));
        assert_eq!(content_range("bytes 100-199/*"), Some((100, None)));
        assert_eq!(content_range("bytes */200"), None);
        assert_eq!(content_range("lines 1-2/3"), None);
    }
}
