//! A browser that is driven: over Chromium's debugging protocol, by what a person does (clicks and keys), and asked what is on the page.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use super::Workdir;

/// How long something may take that a person waits for. A busy machine does not reach it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A page in a browser of its own, which ends with this.
pub(crate) struct Driven {
    browser: Child,
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    session: String,
    next: u64,
    /// The addresses that were asked for, by the page or whatever it loads.
    pub(crate) asked: Vec<String>,
    /// What was written to the console, and what the browser complained of.
    pub(crate) console: Vec<String>,
}

impl Driven {
    /// Starts a browser that reaches loopback and nothing else.
    pub(crate) fn start(chromium: &Path, dir: &Workdir, more: &[&str]) -> Self {
        let mut browser = Command::new(chromium)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--remote-debugging-port=0",
            ])
            .args(more)
            .arg(format!("--user-data-dir={}", dir.path("driven").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(browser.stderr.take().unwrap()).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening on ")?.1.trim().to_owned()))
            .expect("the browser says where it listens");
        // Nobody reads the rest; a pipe that is full would stop the browser.
        std::thread::spawn(move || lines.for_each(drop));
        let (socket, _) = tungstenite::connect(address).unwrap();
        let mut driven = Self {
            browser,
            socket,
            session: String::new(),
            next: 0,
            asked: Vec::new(),
            console: Vec::new(),
        };
        let page = driven.tell("Target.createTarget", &json!({ "url": "about:blank" }));
        let target = page["targetId"].as_str().unwrap().to_owned();
        let attach = json!({ "targetId": target, "flatten": true });
        let attached = driven.tell("Target.attachToTarget", &attach);
        attached["sessionId"]
            .as_str()
            .unwrap()
            .clone_into(&mut driven.session);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            driven.tell(&format!("{domain}.enable"), &json!({}));
        }
        driven
    }

    /// Sends a command and waits for its answer.
    pub(crate) fn tell(&mut self, method: &str, with: &Value) -> Value {
        self.try_tell(method, with)
            .unwrap_or_else(|message| panic!("{method}: {message}"))
    }

    /// Tells the browser something that it may refuse; the refusal.
    fn try_tell(&mut self, method: &str, with: &Value) -> Result<Value, Value> {
        self.next += 1;
        let mut command = json!({ "id": self.next, "method": method, "params": with });
        if !self.session.is_empty() {
            command["sessionId"] = json!(self.session);
        }
        self.socket
            .send(Message::text(command.to_string()))
            .unwrap();
        loop {
            let message = self.hear();
            if message["id"] == self.next {
                return match message.get("error") {
                    None => Ok(message["result"].clone()),
                    Some(_) => Err(message),
                };
            }
        }
    }

    fn hear(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().unwrap() {
                let message: Value = serde_json::from_str(&text).unwrap();
                self.note(&message);
                return message;
            }
        }
    }

    fn note(&mut self, event: &Value) {
        let text = |at: &str| {
            event
                .pointer(at)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => self.asked.push(text("/params/request/url")),
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown") => {
                self.console.push(event["params"].to_string());
            }
            Some("Log.entryAdded") => self.console.push(text("/params/entry/text")),
            _ => {}
        }
    }

    /// What an expression is on the page.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let with = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.tell("Runtime.evaluate", &with);
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true on the page.
    pub(crate) fn until(&mut self, expression: &str) {
        let begun = Instant::now();
        // While a page is exchanged for another one there is nothing to ask.
        let guarded = format!(
            "(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        );
        loop {
            let with = json!({ "expression": guarded, "returnByValue": true });
            // A page that is exchanged just then has no place for an expression, and the browser refuses it.
            let found = self.try_tell("Runtime.evaluate", &with);
            if found.is_ok_and(|found| found["result"]["value"] == true) {
                return;
            }
            if begun.elapsed() > PATIENCE {
                let page = self.eval("document.body.innerText");
                panic!("never: {expression}\n{}", page.as_str().unwrap_or(""));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn open(&mut self, address: &str) {
        self.tell("Page.navigate", &json!({ "url": address }));
    }

    /// Without script from now on: what is loaded afterwards has none.
    pub(crate) fn without_script(&mut self) {
        self.tell(
            "Emulation.setScriptExecutionDisabled",
            &json!({ "value": true }),
        );
    }

    /// Clicks in the middle of the first element of a selector, as a mouse does.
    pub(crate) fn click(&mut self, selector: &str) {
        let place = format!(
            "(() => {{ const e = document.querySelector({s}); if (!e) return null; e.scrollIntoView({{ block: 'center' }}); const r = e.getClientRects()[0]; return r ? [r.x + r.width / 2, r.y + r.height / 2] : null; }})()",
            s = json!(selector)
        );
        self.until(&place);
        let place = self.eval(&place);
        for kind in ["mousePressed", "mouseReleased"] {
            let with = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.tell("Input.dispatchMouseEvent", &with);
        }
    }

    /// Presses a key by its name: `Enter`, `Tab`, `ArrowDown`.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "ArrowDown" => (40, ""),
            "ArrowUp" => (38, ""),
            _ => (0, key),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut with = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                with["text"] = json!(text);
            }
            self.tell("Input.dispatchKeyEvent", &with);
        }
    }

    /// Types a text where the focus is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.tell("Input.insertText", &json!({ "text": text }));
    }

    /// A picture of what is shown.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let picture = self.tell("Page.captureScreenshot", &json!({ "format": "png" }));
        let coded = picture["data"].as_str().unwrap();
        base64::engine::general_purpose::STANDARD
            .decode(coded)
            .unwrap()
    }

    /// How large the window is, and whether the person prefers dark colours.
    pub(crate) fn look(&mut self, width: u32, height: u32, is_dark: bool) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", &size);
        let scheme = if is_dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("Emulation.setEmulatedMedia", &media);
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
