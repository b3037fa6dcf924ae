//! The HTTP exchange that a WebSocket begins with.

use std::time::{Duration, Instant};

use crate::base64;
use crate::error::Error;
use crate::json;
use crate::limits::{MAX_HEAD_BYTES, MAX_REFUSAL_BYTES};
use crate::sha1;
use crate::url::WsUrl;
use crate::wire::{PATIENCE, Wire};

/// What RFC 6455 appends to the nonce.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Ask for a WebSocket; the bytes that came behind the answer.
///
/// # Errors
/// When the server refuses, or answers as no WebSocket server does.
pub fn shake(wire: &mut Wire, url: &WsUrl, key: Option<&str>, nonce: [u8; 16]) -> Result<Vec<u8>, Error> {
    let nonce = base64::encode(&nonce);
    wire.write(request(url, key, &nonce)?.as_bytes())?;
    let deadline = deadline();
    let mut arrived = Vec::new();
    let end = loop {
        if let Some(end) = arrived.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if arrived.len() > MAX_HEAD_BYTES {
            return Err(Error::protocol("the answer's head does not end"));
        }
        more(wire, &mut arrived, deadline)?;
    };
    let mut body = arrived.split_off(end.saturating_add(4));
    let head = Head::read(&String::from_utf8_lossy(&arrived))?;
    if head.status == 101 {
        head.check(&nonce)?;
        return Ok(body);
    }
    let length = head.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0).min(MAX_REFUSAL_BYTES);
    while body.len() < length && more(wire, &mut body, deadline).is_ok() {}
    Err(head.refusal(&body))
}

fn deadline() -> Instant {
    let now = Instant::now();
    now.checked_add(PATIENCE).unwrap_or(now)
}

fn more(wire: &mut Wire, arrived: &mut Vec<u8>, deadline: Instant) -> Result<(), Error> {
    match wire.read(deadline)? {
        Some(bytes) => {
            arrived.extend_from_slice(bytes);
            Ok(())
        }
        None if Instant::now() < deadline => Ok(()),
        None => Err(Error::protocol("the server does not answer the request for a WebSocket")),
    }
}

/// The request. What stands in it came from the caller alone, and cannot hold a line's end.
fn request(url: &WsUrl, key: Option<&str>, nonce: &str) -> Result<String, Error> {
    let mut head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n\
         Sec-WebSocket-Version: 13\r\nUser-Agent: hikari-bridge/{}\r\n",
        url.target,
        url.authority(),
        env!("CARGO_PKG_VERSION"),
    );
    if let Some(key) = key {
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Refused("the key must be printable ASCII without spaces".into()));
        }
        head.push_str("Authorization: Bearer ");
        head.push_str(key);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    Ok(head)
}

/// What the server has to answer to a nonce.
#[must_use]
pub fn accept(nonce: &str) -> String {
    base64::encode(&sha1::digest(format!("{nonce}{MAGIC}").as_bytes()))
}

struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    fn read(text: &str) -> Result<Self, Error> {
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")).and_then(|line| line.get(..3));
        let status = status.and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| Error::protocol("the server does not speak HTTP/1.1"))?;
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Ok(Self { status, headers })
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn lists(&self, name: &str, word: &str) -> bool {
        let mut values = self.headers.iter().filter(|(key, _)| key == name).flat_map(|(_, value)| value.split(','));
        values.any(|value| value.trim().eq_ignore_ascii_case(word))
    }

    fn check(&self, nonce: &str) -> Result<(), Error> {
        if !self.lists("upgrade", "websocket") || !self.lists("connection", "upgrade") {
            return Err(Error::protocol("the server switched to something that is no WebSocket"));
        }
        if self.get("sec-websocket-accept") != Some(&accept(nonce)) {
            return Err(Error::protocol("the server's Sec-WebSocket-Accept does not answer our key"));
        }
        if self.get("sec-websocket-extensions").is_some() || self.get("sec-websocket-protocol").is_some() {
            return Err(Error::protocol("the server agrees to something that was not offered"));
        }
        Ok(())
    }

    fn refusal(&self, body: &[u8]) -> Error {
        let said = std::str::from_utf8(body).ok().and_then(|body| json::read(body).ok());
        let said = said.as_ref().and_then(|said| said.get("error")?.get("message")?.as_text());
        let message = match said {
            Some(said) => format!("the server answers {}: {said}", self.status),
            None => format!("the server answers {}", self.status),
        };
        match self.status {
            408 | 425 | 429 | 500..=599 => {
                let retry_after = self.get("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
                Error::Busy { message, retry_after }
            }
            _ => Error::Refused(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> WsUrl {
        WsUrl::read("ws://localhost:3000/ws/chat").unwrap()
    }

    fn switched(headers: &str) -> Result<(), Error> {
        Head::read(&format!("HTTP/1.1 101 Switching Protocols\r\n{headers}")).unwrap().check("dGhlIHNhbXBsZSBub25jZQ==")
    }

    #[test]
    fn the_standards_example_is_accepted_and_nothing_near_it() {
        let good = "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
        assert!(switched(good).is_ok());
        assert!(switched(&good.replace("s3p", "S3p")).is_err());
        assert!(switched(&good.replace("WebSocket\r\n", "h2c\r\n")).is_err());
        assert!(switched(&good.replace("keep-alive, Upgrade", "keep-alive")).is_err());
        assert!(switched(&format!("{good}\r\nSec-WebSocket-Extensions: permessage-deflate")).is_err());
        assert!(switched(&format!("{good}\r\nSec-WebSocket-Protocol: chat")).is_err());
    }

    #[test]
    fn a_key_is_sent_as_bearer_and_cannot_smuggle_a_header() {
        let sent = request(&url(), Some("secret"), "n").unwrap();
        assert!(sent.starts_with("GET /ws/chat HTTP/1.1\r\nHost: localhost:3000\r\n"));
        assert!(sent.ends_with("\r\nAuthorization: Bearer secret\r\n\r\n"));
        for bad in ["", "a b", "a\r\nX: y", "\u{e9}"] {
            assert!(request(&url(), Some(bad), "n").is_err());
        }
    }

    #[test]
    fn refusals_tell_what_the_server_said_and_whether_to_come_back() {
        let head = |text: &str| Head::read(text).unwrap();
        let denied =
            head("HTTP/1.1 401 Unauthorized\r\n").refusal(br#"{"error": {"code": "unauthorized", "message": "no valid key"}}"#);
        assert!(denied.is_final());
        assert_eq!(denied.to_string(), "the server answers 401: no valid key");
        let busy = head("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\n").refusal(b"[");
        assert!(matches!(busy, Error::Busy { retry_after: Some(wait), .. } if wait == Duration::from_secs(7)));
        assert!(matches!(head("HTTP/1.1 503 x\r\n").refusal(b""), Error::Busy { retry_after: None, .. }));
    }

    #[test]
    fn what_is_no_http_is_an_error() {
        for bad in ["", "SSH-2.0-OpenSSH", "HTTP/1.1 ", "HTTP/1.1 1x1", "HTTP/2 101", "HTTP/1.1 €"] {
            assert!(Head::read(bad).is_err(), "{bad}");
        }
    }
}
