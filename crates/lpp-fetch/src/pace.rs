//! The lowest speed of a server.

use std::io::{self, Read};
use std::time::{Duration, Instant};

/// Bytes a second below which a server is given up: a slow modem had five times as many.
const LEAST_A_SECOND: u64 = 1024;

/// The least number of bytes that shows progress after so long; one byte in any case.
pub(crate) fn least(time: Duration) -> u64 {
    let least = time.as_millis() * u128::from(LEAST_A_SECOND) / 1000;
    u64::try_from(least).unwrap_or(u64::MAX).max(1)
}

/// A body that ends with an error if less than the lowest speed comes during a window of time. One byte now and then would
/// otherwise keep a program busy for years.
pub(crate) struct Paced<R> {
    reader: R,
    window: Duration,
    since: Instant,
    received: u64,
}

impl<R> Paced<R> {
    pub(crate) fn new(reader: R, window: Duration) -> Self {
        Self {
            reader,
            window,
            since: Instant::now(),
            received: 0,
        }
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.received += n as u64;
        let time = self.since.elapsed();
        if n == 0 || time < self.window {
            return Ok(n);
        }
        if self.received < least(time) {
            let problem = format!("the server sends less than {LEAST_A_SECOND} bytes a second");
            return Err(io::Error::other(problem));
        }
        (self.since, self.received) = (Instant::now(), 0);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_asks_for_a_kilobyte_and_a_moment_for_a_byte() {
        assert_eq!(least(Duration::ZERO), 1);
        assert_eq!(least(Duration::from_secs(3)), 3072);
    }
}
