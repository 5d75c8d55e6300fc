//! Requests: time limits, redirects, and a token that is sent only to its host.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};
use url::Url;

use crate::address::{is_loopback, parse, shown};
use crate::pace::Paced;
use crate::retry::{Fault, RetryPolicy, retry_after, until_reset};
use crate::{FetchError, Token};

/// Largest number of redirects followed for one request, as in browsers.
const MAX_REDIRECTS: usize = 10;

/// Largest document read into memory; listings and indices of shards are below a megabyte.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

/// Settings of an HTTP client.
///
/// ```
/// use lpp_fetch::{Http, HttpParams};
/// let http = Http::new(HttpParams::default())?;
/// # Ok::<(), lpp_fetch::FetchError>(())
/// ```
#[derive(Debug, Clone)]
pub struct HttpParams {
    /// Longest time to connect.
    pub connect: Duration,
    /// Longest silence of a server, before or during an answer; also the time over which its speed is measured.
    pub silence: Duration,
    /// Most bytes of a file whose size neither a listing nor the server states.
    pub most_unstated: u64,
    /// Retries after transient faults.
    pub retry: RetryPolicy,
}

impl Default for HttpParams {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            silence: Duration::from_mins(1),
            // Twice the largest archive of word vectors; models have sizes.
            most_unstated: 4 << 30,
            retry: RetryPolicy::default(),
        }
    }
}

/// A client for HTTP and HTTPS.
///
/// Proxies are read from the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`); addresses on this
/// machine are reached without a proxy. Certificates are checked against Mozilla's roots, or against those of the file
/// in `SSL_CERT_FILE`.
#[derive(Debug, Clone)]
pub struct Http {
    agent: Agent,
    silence: Duration,
    pub(crate) most_unstated: u64,
    pub(crate) retry: RetryPolicy,
}

/// One request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ask<'a> {
    pub(crate) token: Option<&'a Token>,
    pub(crate) head: bool,
    /// First byte wanted, if not 0.
    pub(crate) from: u64,
    /// ETag for which the range is valid.
    pub(crate) if_range: Option<&'a str>,
    /// Whether to stop at a redirect to another host and return it.
    pub(crate) stay: bool,
}

/// An answer, after redirects.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: Body,
    silence: Duration,
}

impl Reply {
    /// A header field as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A header field as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    /// The content type, if the answer is a web page.
    pub(crate) fn web_page(&self) -> Option<&str> {
        self.header("content-type")
            .filter(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
    }

    /// The pause requested by the server.
    pub(crate) fn wait(&self) -> Option<Duration> {
        let stated = self.header("retry-after");
        let stated = stated.and_then(|value| retry_after(value, SystemTime::now()));
        let headers = ["ratelimit", "ratelimit-reset", "x-ratelimit-reset"];
        let limits = || headers.into_iter().filter_map(|name| self.header(name));
        let of_limits = || limits().find_map(|value| until_reset(value, SystemTime::now()));
        stated.or_else(|| of_limits().filter(|_| self.status == 429))
    }

    /// The body, of any length, but not of any speed.
    pub(crate) fn into_reader(self) -> impl Read {
        let body = self.body.into_with_config().limit(u64::MAX).reader();
        Paced::new(body, self.silence)
    }
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// [`FileError::Read`](lpp_files::FileError::Read) or [`FetchError::Answer`] if `SSL_CERT_FILE` names a file without certificates.
    pub fn new(params: HttpParams) -> Result<Self, FetchError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("lpp-rs/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_connect(Some(params.connect))
            .timeout_recv_response(Some(params.silence))
            .timeout_per_read(Some(params.silence))
            .timeout_per_write(Some(params.silence));
        if let Some(roots) = configured_roots()? {
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        Ok(Self {
            agent: config.build().into(),
            silence: params.silence,
            most_unstated: params.most_unstated,
            retry: params.retry,
        })
    }

    /// Sends one request and follows redirects. The token is sent only to the host of `url`.
    pub(crate) fn send(&self, url: &str, ask: Ask<'_>) -> Result<Reply, Fault> {
        let first = parse(url)?;
        let mut here = first.clone();
        let mut at_home = true;
        for _ in 0..=MAX_REDIRECTS {
            at_home &= here.origin() == first.origin();
            let token = ask.token.filter(|_| at_home);
            let answer = self.exchange(&here, token, ask).map_err(|e| broken(url, &e))?;
            let status = answer.status().as_u16();
            let (parts, body) = answer.into_parts();
            let reply = Reply {
                status,
                headers: parts.headers,
                body,
                silence: self.silence,
            };
            let (301..=303 | 307 | 308, Some(location)) = (status, reply.header("location")) else {
                return Ok(reply);
            };
            let next = here.join(location).map_err(|_| unusable_redirect(url))?;
            if ask.stay && next.origin() != here.origin() {
                return Ok(reply);
            }
            if !matches!(next.scheme(), "http" | "https") {
                return Err(unusable_redirect(url).into());
            }
            here = next;
        }
        Err(FetchError::answer(&shown(url), format!("more than {MAX_REDIRECTS} redirections")).into())
    }

    fn exchange(
        &self,
        url: &Url,
        token: Option<&Token>,
        ask: Ask<'_>,
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = if ask.head {
            self.agent.head(url.as_str())
        } else {
            self.agent.get(url.as_str())
        };
        if let Some(token) = token {
            request = request.header("Authorization", token.bearer());
        }
        if ask.from > 0 {
            request = request.header("Range", format!("bytes={}-", ask.from));
            if let Some(etag) = ask.if_range {
                request = request.header("If-Range", etag);
            }
        }
        if is_loopback(url) {
            return request.config().proxy(None).build().call();
        }
        request.call()
    }

    /// Downloads a small document, with retries after transient faults. Statuses other than 200 are passed to
    /// `refusal`.
    pub(crate) fn document(
        &self,
        url: &str,
        token: Option<&Token>,
        refusal: &dyn Fn(&Reply) -> FetchError,
    ) -> Result<Vec<u8>, FetchError> {
        let ask = Ask {
            token,
            ..Ask::default()
        };
        self.retry.run(|| {
            let reply = self.send(url, ask)?;
            if reply.status != 200 {
                return Err(refused(&reply, refusal(&reply)));
            }
            if let Some(found) = reply.web_page() {
                return Err(Fault::passing(web_page(url, found)));
            }
            let mut bytes = Vec::new();
            let mut body = reply.into_reader().take(MAX_DOCUMENT_BYTES + 1);
            body.read_to_end(&mut bytes).map_err(|e| cut(url, &e))?;
            if bytes.len() as u64 > MAX_DOCUMENT_BYTES {
                let problem = format!("a document of more than {MAX_DOCUMENT_BYTES} bytes");
                return Err(FetchError::answer(&shown(url), problem).into());
            }
            Ok(bytes)
        })
    }
}

/// The fault for a status other than success: retryable if the status is transient.
pub(crate) fn refused(reply: &Reply, error: FetchError) -> Fault {
    match reply.status {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => Fault::Passing {
            error,
            wait: reply.wait(),
            progress: false,
        },
        _ => Fault::Final(error),
    }
}

pub(crate) fn web_page(url: &str, found: &str) -> FetchError {
    FetchError::WebPage {
        url: shown(url),
        found: found.to_owned(),
    }
}

fn unusable_redirect(url: &str) -> FetchError {
    FetchError::answer(&shown(url), "a redirect to an invalid address")
}

fn connection(url: &str, reason: String) -> FetchError {
    FetchError::Connection {
        url: shown(url),
        reason,
        tries: 1,
    }
}

/// The fault for a connection that ended while the body was read.
pub(crate) fn cut(url: &str, error: &io::Error) -> Fault {
    let reason = if error.kind() == io::ErrorKind::TimedOut || error.to_string().contains("timeout") {
        "the server stopped sending data".to_owned()
    } else {
        format!("the connection broke ({error})")
    };
    Fault::passing(connection(url, reason))
}

/// The fault for a request without an answer. ureq's messages contain hosts and limits, never header fields.
fn broken(url: &str, error: &ureq::Error) -> Fault {
    use ureq::Error;
    let reason = match error {
        Error::HostNotFound => "no such host".to_owned(),
        Error::Timeout(_) => "no answer in time".to_owned(),
        Error::Io(e) => format!("no connection ({e})"),
        Error::Rustls(e) => {
            return Fault::Final(connection(
                url,
                format!(
                    "the server's certificate is not trusted ({e}); set SSL_CERT_FILE to use other certificates"
                ),
            ));
        }
        other => format!("no valid answer ({other})"),
    };
    Fault::passing(connection(url, reason))
}

/// The certificates of `SSL_CERT_FILE`, as used by other programs.
fn configured_roots() -> Result<Option<RootCerts>, FetchError> {
    let Some(path) = std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = std::path::PathBuf::from(path);
    let pem = std::fs::read(&path).map_err(FetchError::read(&path))?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        let problem = "no certificate in the file given by SSL_CERT_FILE";
        return Err(FetchError::answer(&path.to_string_lossy(), problem));
    }
    Ok(Some(RootCerts::Specific(Arc::new(certificates))))
}
