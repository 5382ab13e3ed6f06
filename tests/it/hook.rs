//! A webhook that keeps what is reported to it.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::Value;

/// Takes messages, and answers each with 200.
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) bodies: std::sync::mpsc::Receiver<Value>,
}

impl Hook {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (send, bodies) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut bytes = Vec::new();
                let body = loop {
                    let mut chunk = [0; 4096];
                    let n = stream.read(&mut chunk).unwrap();
                    bytes.extend_from_slice(&chunk[..n]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    // It is whole when it can be read.
                    if let Some((_, body)) = text.split_once("\r\n\r\n")
                        && let Ok(body) = serde_json::from_str::<Value>(body)
                    {
                        break body;
                    }
                };
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(answer.as_bytes()).unwrap();
                if send.send(body).is_err() {
                    break;
                }
            }
        });
        Self { url, bodies }
    }

    pub(crate) fn told(&self) -> Value {
        self.bodies.recv_timeout(Duration::from_mins(1)).unwrap()
    }
}
