//! What stands before an API and ends connections: a load balancer, as machines that are suspended meet it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use super::Server;

/// When a connection is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// When nothing has come from the client for so long.
    Idle(Duration),
    /// After the first answer.
    EachAnswer,
    /// When one side ends it.
    Never,
}

/// The address of a front of a sandbox.
pub(crate) fn front_of(server: &Server, ends: Ends) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let behind = server.url.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(api) = TcpStream::connect(&behind) else {
                continue;
            };
            if let Ends::Idle(idle) = ends {
                client.set_read_timeout(Some(idle)).unwrap();
            }
            let (from, to) = (client.try_clone().unwrap(), api.try_clone().unwrap());
            let is_last = ends == Ends::EachAnswer;
            std::thread::spawn(move || pass_on(from, to, false));
            std::thread::spawn(move || pass_on(api, client, is_last));
        }
    });
    url
}

/// Passes bytes on until the end, an error, or nothing for too long; or one answer, which says how long it is.
fn pass_on(mut from: TcpStream, mut to: TcpStream, is_last: bool) {
    let mut bytes = [0; 16 * 1024];
    let mut left = None;
    loop {
        let count = match from.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(count) if count > 0 && to.write_all(&bytes[..count]).is_ok() => count,
            _ => break,
        };
        let all = left.unwrap_or_else(|| length_of(&bytes[..count]));
        left = Some(all.saturating_sub(count));
        if is_last && left == Some(0) {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// Bytes of an answer, by its head, which comes at once.
fn length_of(begin: &[u8]) -> usize {
    let text = String::from_utf8_lossy(begin).to_ascii_lowercase();
    let (head, _) = text.split_once("\r\n\r\n").unwrap_or_default();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    head.len() + 4 + length
}
