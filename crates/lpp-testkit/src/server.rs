//! A web server on the loopback whose faults a test chooses.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `HEAD`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Header fields; names in lower case.
    pub headers: BTreeMap<String, String>,
}

impl Request {
    /// A header field by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What the server sends, and how it goes wrong.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    honour_range: bool,
    cut_after: Option<usize>,
    pause: Duration,
    pace: Option<(usize, Duration)>,
    length_unstated: bool,
}

impl Answer {
    /// A status without a body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// A file: status 200, or 206 where a range is asked for and `If-Range`, if there is one, names `etag`.
    #[must_use]
    pub fn file(body: impl Into<Vec<u8>>, etag: &str) -> Self {
        Self {
            status: 200,
            body: body.into(),
            honour_range: true,
            ..Self::default()
        }
        .header("ETag", etag)
        .header("Content-Type", "application/octet-stream")
    }

    /// A JSON document.
    #[must_use]
    pub fn json(text: impl Into<String>) -> Self {
        Self {
            status: 200,
            body: text.into().into_bytes(),
            ..Self::default()
        }
        .header("Content-Type", "application/json")
    }

    /// A page for humans, as proxies and log-in forms send it with status 200.
    #[must_use]
    pub fn page(text: &str) -> Self {
        Self {
            status: 200,
            body: text.as_bytes().to_vec(),
            ..Self::default()
        }
        .header("Content-Type", "text/html; charset=utf-8")
    }

    /// A redirection.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self::status(302).header("Location", location)
    }

    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Closes the connection after so many bytes of the body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }

    /// Sends the whole file whatever range was asked for.
    #[must_use]
    pub fn ignoring_range(mut self) -> Self {
        self.honour_range = false;
        self
    }

    /// Waits before it answers.
    #[must_use]
    pub fn after(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// Sends `bytes`, waits, sends the next `bytes`, and so on.
    #[must_use]
    pub fn paced(mut self, bytes: usize, pause: Duration) -> Self {
        self.pace = Some((bytes, pause));
        self
    }

    /// Leaves the length of the body to the end of the connection.
    #[must_use]
    pub fn without_length(mut self) -> Self {
        self.length_unstated = true;
        self
    }

    fn ranged(mut self, request: &Request) -> Self {
        let etag = self.headers.iter().find(|(name, _)| name == "ETag");
        let unchanged = match request.header("if-range") {
            Some(validator) => etag.is_some_and(|(_, value)| value == validator),
            None => true,
        };
        let start = request.header("range").and_then(|range| {
            range
                .strip_prefix("bytes=")?
                .strip_suffix('-')?
                .parse::<usize>()
                .ok()
        });
        let (Some(start), true, true) = (start, self.honour_range, unchanged) else {
            return self;
        };
        let total = self.body.len();
        if start >= total {
            self.status = 416;
            self.body.clear();
            return self.header("Content-Range", format!("bytes */{total}"));
        }
        self.status = 206;
        self.body.drain(..start);
        self.header("Content-Range", format!("bytes {start}-{}/{total}", total - 1))
    }

    fn send(self, request: &Request, mut stream: &TcpStream) -> io::Result<()> {
        thread::sleep(self.pause);
        let answer = self.ranged(request);
        let mut head = format!("HTTP/1.1 {} Status\r\nConnection: close\r\n", answer.status).into_bytes();
        for (name, value) in &answer.headers {
            write!(head, "{name}: {value}\r\n")?;
        }
        let announced = answer.headers.iter().any(|(name, _)| name == "Content-Length");
        if !(announced || answer.length_unstated) {
            write!(head, "Content-Length: {}\r\n", answer.body.len())?;
        }
        head.extend(b"\r\n");
        stream.write_all(&head)?;
        if request.method == "HEAD" {
            return Ok(());
        }
        let end = answer.cut_after.unwrap_or(usize::MAX).min(answer.body.len());
        let (piece, pause) = answer.pace.unwrap_or((usize::MAX, Duration::ZERO));
        for chunk in answer.body[..end].chunks(piece.min(1 << 20)) {
            stream.write_all(chunk)?;
            thread::sleep(pause);
        }
        stream.flush()
    }
}

type Handler = dyn Fn(&Request, usize) -> Answer + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    log: Mutex<Vec<Request>>,
    closed: AtomicBool,
}

impl Shared {
    fn log(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let Some(request) = read_request(stream)? else {
            return Ok(());
        };
        let before = {
            let mut log = self.log();
            let same = |earlier: &&Request| earlier.path == request.path && earlier.method == request.method;
            let before = log.iter().filter(same).count();
            log.push(request.clone());
            before
        };
        (self.handler)(&request, before).send(&request, stream)?;
        stream.shutdown(Shutdown::Both)
    }
}

fn read_request(stream: &TcpStream) -> io::Result<Option<Request>> {
    let mut lines = BufReader::new(stream).lines();
    let Some(first) = lines.next().transpose()? else {
        return Ok(None);
    };
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Ok(Some(Request {
        method,
        path,
        headers,
    }))
}

/// A running server; it stops when dropped.
///
/// ```
/// use lpp_testkit::{Answer, TestServer};
///
/// let server = TestServer::start(|_, nth| if nth == 0 { Answer::status(503) } else { Answer::file("abc", "\"1\"") });
/// assert!(server.url("/file").starts_with("http://127.0.0.1:"));
/// assert!(server.log().is_empty());
/// ```
pub struct TestServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Serves on a free port; `handler` gets the request and how many the same were there before.
    ///
    /// # Panics
    /// If the loopback has no free port.
    #[must_use]
    pub fn start(handler: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|e| panic!("no free port: {e}"));
        Self::serve(listener, handler)
    }

    /// Serves on this socket.
    ///
    /// # Panics
    /// If the socket has no address.
    #[must_use]
    pub fn serve(
        listener: TcpListener,
        handler: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener
            .local_addr()
            .unwrap_or_else(|e| panic!("no address: {e}"));
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            log: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let state = Arc::clone(&shared);
        let acceptor = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if state.closed.load(Ordering::SeqCst) {
                    break;
                }
                let state = Arc::clone(&state);
                // A client that hangs up early is what some tests are about.
                thread::spawn(move || drop(state.serve(&stream)));
            }
        });
        Self {
            address,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// The address of `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    #[must_use]
    pub fn log(&self) -> Vec<Request> {
        self.shared.log().clone()
    }

    /// The requests of one method whose path contains `part`.
    #[must_use]
    pub fn requests(&self, method: &str, part: &str) -> Vec<Request> {
        let log = self.log().into_iter();
        log.filter(|r| r.method == method && r.path.contains(part))
            .collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // The acceptor waits for a connection; this one wakes it.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}
