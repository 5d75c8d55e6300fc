//! Retries: number of tries and pauses.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::FetchError;

/// Number of tries, pauses, and the function that waits.
///
/// The pause doubles from `first_pause` up to `longest_pause`. A pause requested by the server (`Retry-After`) is
/// respected up to `longest_request`; if it is longer, the download fails, so that the user knows. A try that received
/// new bytes resets the count, so that a large file over a poor connection arrives in the end.
///
/// ```
/// use std::time::Duration;
/// use lpp_fetch::RetryPolicy;
///
/// let policy = RetryPolicy::default().with_first_pause(Duration::from_millis(100));
/// assert_eq!(policy.pause(0), Duration::from_millis(100));
/// assert_eq!(policy.pause(3), Duration::from_millis(800));
/// ```
#[derive(Clone)]
pub struct RetryPolicy {
    /// Number of tries without progress before a fault is final; at least 1.
    pub tries: u32,
    /// Pause before the second try.
    pub first_pause: Duration,
    /// Longest pause, unless the server requests one.
    pub longest_pause: Duration,
    /// Longest pause that a server may request.
    pub longest_request: Duration,
    sleep: Arc<dyn Fn(Duration) + Send + Sync>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            // 1 + 2 + 4 + 8 + 16 s: over half a minute, in which most outages of a busy server end.
            tries: 6,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(1),
            longest_request: Duration::from_mins(10),
            sleep: Arc::new(std::thread::sleep),
        }
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("tries", &self.tries)
            .field("first_pause", &self.first_pause)
            .field("longest_pause", &self.longest_pause)
            .finish_non_exhaustive()
    }
}

/// Why a try failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Another try may succeed.
    Passing {
        error: FetchError,
        /// The pause requested by the server.
        wait: Option<Duration>,
        /// Whether the try received bytes that are kept.
        progress: bool,
    },
    /// Retrying will not help.
    Final(FetchError),
}

impl Fault {
    pub(crate) fn passing(error: FetchError) -> Self {
        Self::Passing {
            error,
            wait: None,
            progress: false,
        }
    }
}

impl From<FetchError> for Fault {
    fn from(error: FetchError) -> Self {
        Self::Final(error)
    }
}

impl RetryPolicy {
    /// The same with a different first pause.
    #[must_use]
    pub fn with_first_pause(self, first_pause: Duration) -> Self {
        Self { first_pause, ..self }
    }

    /// The same with a different number of tries.
    #[must_use]
    pub fn with_tries(self, tries: u32) -> Self {
        Self { tries, ..self }
    }

    /// The same with a different function that waits; tests use one that only records the pauses.
    #[must_use]
    pub fn with_sleep(self, sleep: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        Self {
            sleep: Arc::new(sleep),
            ..self
        }
    }

    /// The pause after that many consecutive failures, from 0.
    #[must_use]
    pub fn pause(&self, failures: u32) -> Duration {
        let doubled = self.first_pause.saturating_mul(2u32.saturating_pow(failures));
        doubled.min(self.longest_pause)
    }

    /// Calls `attempt` until it succeeds, its fault is final, or the tries are used up.
    pub(crate) fn run<T>(&self, mut attempt: impl FnMut() -> Result<T, Fault>) -> Result<T, FetchError> {
        let mut failures = 0;
        let mut tries = 0;
        loop {
            tries += 1;
            let (error, wait, progress) = match attempt() {
                Ok(value) => return Ok(value),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Passing {
                    error,
                    wait,
                    progress,
                }) => (error, wait, progress),
            };
            failures = if progress { 0 } else { failures + 1 };
            if failures >= self.tries || wait.is_some_and(|wait| wait > self.longest_request) {
                return Err(counted(error, tries));
            }
            let pause = wait.unwrap_or_else(|| self.pause(failures.saturating_sub(1)));
            if pause > self.longest_pause {
                tracing::warn!(
                    "{error}; retrying in {:.0} s, as the server requests",
                    pause.as_secs_f64()
                );
            } else {
                tracing::debug!("{error}; retrying in {:.1} s", pause.as_secs_f64());
            }
            (self.sleep)(pause);
        }
    }
}

fn counted(error: FetchError, tries: u32) -> FetchError {
    match error {
        FetchError::Connection { url, reason, .. } => FetchError::Connection { url, reason, tries },
        other => other,
    }
}

/// The pause in `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The time until the limit of a `RateLimit` header ends: `"api";r=0;t=3` as in the draft of the working group,
/// `reset=3` as in an earlier draft, or just a number of seconds or of Unix time, as from older servers. Of several
/// limits, the one that ends last counts.
///
/// # References
/// R. Polli, A. Martinez and D. Miller, draft-ietf-httpapi-ratelimit-headers.
pub(crate) fn until_reset(value: &str, now: SystemTime) -> Option<Duration> {
    /// Numbers from here on are Unix times (2001), not a pause of thirty years.
    const FIRST_MOMENT: u64 = 1_000_000_000;
    if let Ok(number) = value.trim().parse::<u64>() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(number.min(u64::from(u32::MAX)));
        return Some(if number < FIRST_MOMENT {
            Duration::from_secs(number)
        } else {
            moment.duration_since(now).unwrap_or_default()
        });
    }
    let parameters = value.split([';', ',']).filter_map(|part| part.split_once('='));
    let ends = parameters.filter(|(name, _)| matches!(name.trim(), "t" | "reset"));
    let seconds = ends.filter_map(|(_, seconds)| seconds.trim().parse().ok());
    seconds.max().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn broken() -> FetchError {
        FetchError::Connection {
            url: "http://h/f".into(),
            reason: "cut".into(),
            tries: 0,
        }
    }

    fn pauses_of(
        policy: RetryPolicy,
        mut attempt: impl FnMut(usize) -> Result<(), Fault>,
    ) -> (String, Vec<u64>) {
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&pauses);
        let policy = policy.with_sleep(move |pause| written.lock().unwrap().push(pause.as_secs()));
        let mut count = 0;
        let result = policy.run(|| {
            count += 1;
            attempt(count)
        });
        let text = result.map_or_else(|e| e.to_string(), |()| "done".into());
        (text, pauses.lock().unwrap().clone())
    }

    #[test]
    fn pauses_double_and_the_last_fault_is_told() {
        let (text, pauses) = pauses_of(RetryPolicy::default(), |_| Err(Fault::passing(broken())));
        assert_eq!(text, "http://h/f: cut, after 6 tries");
        assert_eq!(pauses, [1, 2, 4, 8, 16]);
    }

    #[test]
    fn progress_starts_the_count_again() {
        let (text, pauses) = pauses_of(RetryPolicy::default().with_tries(2), |n| {
            if n == 9 {
                return Ok(());
            }
            Err(Fault::Passing {
                error: broken(),
                wait: None,
                progress: true,
            })
        });
        assert_eq!((text.as_str(), pauses.len()), ("done", 8));
    }

    #[test]
    fn the_server_sets_the_pause_within_reason() {
        let wait = |seconds| Fault::Passing {
            error: broken(),
            wait: Some(Duration::from_secs(seconds)),
            progress: false,
        };
        let (text, pauses) = pauses_of(
            RetryPolicy::default(),
            |n| if n == 1 { Err(wait(7)) } else { Ok(()) },
        );
        assert_eq!((text.as_str(), pauses), ("done", vec![7]));
        let (text, pauses) = pauses_of(RetryPolicy::default(), |_| Err(wait(86_400)));
        assert!(text.contains("after 1 tries") && pauses.is_empty(), "{text}");
    }

    #[test]
    fn a_limit_tells_when_it_ends() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for (value, seconds) in [
            ("\"api\";r=0;t=3", Some(3)),
            ("\"api\"; r=0; t=300", Some(300)),
            ("\"burst\";r=0;t=1, \"daily\";r=0;t=40", Some(40)),
            ("limit=100, remaining=0, reset=7", Some(7)),
            ("12", Some(12)),
            ("1700000005", Some(5)),
            ("1600000000", Some(0)),
            ("\"api\";r=0", None),
            ("soon", None),
        ] {
            assert_eq!(
                until_reset(value, now),
                seconds.map(Duration::from_secs),
                "{value}"
            );
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        let date = "Sun, 06 Nov 1994 08:50:37 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_mins(1)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now),
            Some(Duration::ZERO)
        );
        assert_eq!(retry_after("soon", now), None);
    }
}
