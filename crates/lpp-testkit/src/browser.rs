//! A headless Chromium that a test can drive, through the `DevTools` protocol over a pipe.
//!
//! Nothing listens on a port, and no crate for web sockets is needed: with `--remote-debugging-pipe` Chromium reads commands
//! from descriptor 3 and writes answers to descriptor 4, each a JSON object ended by a zero byte.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// How long a command, or what a test waits for, may take. Software rendering beside other work is slow.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long to wait before looking again.
const PAUSE: Duration = Duration::from_millis(50);
/// What keeps Chromium from talking to anybody, and lets it run as root and draw without a graphics card.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--remote-debugging-pipe",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--no-default-browser-check",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
];

/// One page in a browser of its own, which ends with it.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    n_calls: u64,
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium; `None`, with a message, if this machine has none.
    ///
    /// `LPP_CHROMIUM` names the program; without it, it is looked for on the path. Where `LPP_NEED_CHROMIUM` is set, as in
    /// CI, its absence is a failure.
    ///
    /// # Panics
    /// If Chromium does not start.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "a skipped test should say so")]
    pub fn start() -> Option<Self> {
        let Some(program) = program() else {
            assert!(
                env::var_os("LPP_NEED_CHROMIUM").is_none(),
                "no Chromium, and LPP_NEED_CHROMIUM is set"
            );
            eprintln!("skipped: no Chromium (setup/chromium.sh installs it, LPP_CHROMIUM names one)");
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary folder");
        // The shell moves the pipes from the standard descriptors to where Chromium wants them.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#])
            .arg(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let input = child.stdin.take().expect("a pipe to Chromium");
        let output = child.stdout.take().expect("a pipe from Chromium");
        let mut browser = Self {
            child,
            input,
            messages: read_messages(output),
            session: String::new(),
            n_calls: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.attach();
        Some(browser)
    }

    /// Opens a page of its own and listens to what it reports.
    fn attach(&mut self) {
        let target = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = self.call(
            "Target.attachToTarget",
            &json!({ "targetId": target["targetId"], "flatten": true }),
        );
        attached["sessionId"]
            .as_str()
            .expect("a session")
            .clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Opens a local file and waits until it is loaded.
    ///
    /// # Panics
    /// If it does not load.
    pub fn open(&mut self, file: &Path) {
        let file = file.canonicalize().expect("the page");
        self.events.clear();
        let answer = self.call(
            "Page.navigate",
            &json!({ "url": format!("file://{}", file.display()) }),
        );
        assert!(answer["errorText"].is_null(), "{answer}");
        self.wait_for("document.readyState === 'complete'");
    }

    /// Value of a JavaScript expression; a promise is waited for.
    ///
    /// # Panics
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call(
            "Runtime.evaluate",
            &json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true }),
        );
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        answer["result"]["value"].clone()
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Panics
    /// If that takes too long; with what the page complained of.
    pub fn wait_for(&mut self, condition: &str) {
        let started = Instant::now();
        while self.evaluate(&format!("Boolean({condition})")) != Value::Bool(true) {
            assert!(
                started.elapsed() < PATIENCE,
                "{condition} has not come true; {:?}",
                self.complaints()
            );
            thread::sleep(PAUSE);
        }
    }

    /// Size of the window in CSS pixels; `phone` for a touch screen that takes the page's `viewport` at its word.
    pub fn set_size(&mut self, width: u32, height: u32, phone: bool) {
        let scale = if phone { 2 } else { 1 };
        self.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone }),
        );
    }

    /// Whether the reader prefers dark pages.
    pub fn set_dark(&mut self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] }),
        );
    }

    /// What the page is laid out for: `screen` or `print`.
    pub fn set_medium(&mut self, medium: &str) {
        self.call("Emulation.setEmulatedMedia", &json!({ "media": medium }));
    }

    /// Clicks in the middle of an element.
    ///
    /// # Panics
    /// If there is none.
    pub fn click(&mut self, selector: &str) {
        self.click_at(selector, [0.5, 0.5]);
    }

    /// Clicks in an element, at these shares of its width and height.
    ///
    /// # Panics
    /// If there is none.
    pub fn click_at(&mut self, selector: &str, [across, down]: [f64; 2]) {
        let place = self.evaluate(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center', behavior: 'instant' }});
               const r = e.getBoundingClientRect(); return [r.x + r.width * {across}, r.y + r.height * {down}]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                &json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 }),
            );
        }
    }

    /// Presses a key, by its name in JavaScript, where the focus is.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            " " => (32, " "),
            "PageUp" => (33, ""),
            "PageDown" => (34, ""),
            "End" => (35, ""),
            "Home" => (36, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            _ => (9, ""),
        };
        let name = if key == " " { "Space" } else { key };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": name, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", &event);
        }
    }

    /// A picture of the page, the whole of it or what the window shows.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn screenshot(&mut self, file: &Path, whole: bool) {
        let answer = self.call(
            "Page.captureScreenshot",
            &json!({ "format": "png", "captureBeyondViewport": whole }),
        );
        let bytes = STANDARD
            .decode(answer["data"].as_str().expect("a picture"))
            .expect("base64");
        std::fs::write(file, bytes).expect("a picture on the disk");
    }

    /// Errors and warnings since the page was opened: exceptions, messages of scripts, of the browser and of its policy.
    pub fn complaints(&mut self) -> Vec<String> {
        self.collect();
        let complaint = |event: &Value| {
            let params = &event["params"];
            let bad = match event["method"].as_str()? {
                "Runtime.exceptionThrown" => true,
                "Runtime.consoleAPICalled" => {
                    matches!(params["type"].as_str(), Some("error" | "warning" | "assert"))
                }
                // Of drawing only errors: reading pixels in software makes the graphics driver complain of its speed.
                "Log.entryAdded" if params["entry"]["source"] == "rendering" => {
                    params["entry"]["level"] == "error"
                }
                "Log.entryAdded" => matches!(params["entry"]["level"].as_str(), Some("error" | "warning")),
                _ => false,
            };
            bad.then(|| params.to_string())
        };
        self.events.iter().filter_map(complaint).collect()
    }

    /// Addresses that the page asked for since it was opened, itself included.
    pub fn requests(&mut self) -> Vec<String> {
        self.collect();
        let address = |event: &Value| {
            (event["method"] == "Network.requestWillBeSent")
                .then(|| event["params"]["request"]["url"].as_str().map(str::to_owned))?
        };
        self.events.iter().filter_map(address).collect()
    }

    /// Takes in the events that have come; a call makes sure that earlier ones have.
    fn collect(&mut self) {
        self.call("Runtime.evaluate", &json!({ "expression": "0" }));
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.n_calls += 1;
        let id = self.n_calls;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            command["sessionId"] = self.session.clone().into();
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).expect("Chromium listens");
        let started = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(started.elapsed());
            let message = self
                .messages
                .recv_timeout(left)
                .unwrap_or_else(|e| panic!("{method}: no answer from Chromium: {e}"));
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].clone();
            }
            if message["sessionId"] == self.session {
                self.events.push(message);
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_messages(output: impl std::io::Read + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for message in BufReader::new(output).split(0).map_while(Result::ok) {
            let Ok(message) = serde_json::from_slice(&message) else {
                continue;
            };
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    receiver
}

fn program() -> Option<PathBuf> {
    if let Some(named) = env::var_os("LPP_CHROMIUM") {
        return Some(named.into());
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}
