//! A subscription that lasts: it connects, listens, and connects again when the connection is lost.

use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::endpoint::{Endpoint, Feed};
use crate::error::Error;
use crate::events::{Event, Unreadable};

const A_YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// What happened next.
#[derive(Debug)]
pub enum Step {
    /// The channel is subscribed to. Events that came before are not brought.
    Connected,
    /// An event arrived.
    Event(Event),
    /// Something arrived that is no event; it is left out.
    Skipped(Unreadable),
    /// The connection failed or was lost; the next call tries again after the wait.
    Lost {
        /// Why.
        error: Error,
        /// How long the next call waits first.
        wait: Duration,
    },
    /// The deadline has passed.
    TimeUp,
}

/// Listens to one channel of one engine.
pub struct Bridge {
    endpoint: Endpoint,
    channel: String,
    feed: Option<Box<dyn Feed>>,
    backoff: Backoff,
    not_before: Option<Instant>,
    proven: bool,
}

impl Bridge {
    /// A bridge that connects with the first call of `next`.
    #[must_use]
    pub fn new(endpoint: Endpoint, channel: &str) -> Self {
        let (feed, not_before) = (None, None);
        Self { endpoint, channel: channel.to_owned(), feed, backoff: Backoff::default(), not_before, proven: false }
    }

    /// Wait for what happens next, until the deadline.
    ///
    /// # Errors
    /// When the other side refuses in a way that does not change by trying again.
    pub fn next(&mut self, deadline: Option<Instant>) -> Result<Step, Error> {
        let now = Instant::now();
        let deadline = deadline.or_else(|| now.checked_add(A_YEAR)).unwrap_or(now);
        if now >= deadline {
            return Ok(Step::TimeUp);
        }
        if let Some(moment) = self.not_before {
            std::thread::sleep(moment.min(deadline).saturating_duration_since(now));
            if moment > deadline {
                return Ok(Step::TimeUp);
            }
            self.not_before = None;
        }
        let Some(feed) = self.feed.as_mut() else {
            return self.connect();
        };
        match feed.next(deadline) {
            Ok(Some(payload)) => {
                self.proven = true;
                self.backoff.succeeded();
                match Event::read(&payload) {
                    // An error about no message is about the subscription: this key may not listen here.
                    Ok(Event::Error(problem)) if problem.id.is_none() && forbids(&problem.code) => {
                        Err(Error::Refused(problem.message))
                    }
                    Ok(event) => Ok(Step::Event(event)),
                    Err(why) => Ok(Step::Skipped(why)),
                }
            }
            Ok(None) => Ok(Step::TimeUp),
            Err(error) => self.lost(error),
        }
    }

    fn connect(&mut self) -> Result<Step, Error> {
        match self.endpoint.open(&self.channel) {
            Ok(feed) => {
                self.feed = Some(feed);
                self.proven = false;
                Ok(Step::Connected)
            }
            Err(error) => self.lost(error),
        }
    }

    fn lost(&mut self, error: Error) -> Result<Step, Error> {
        self.feed = None;
        // An engine that does not take the key, or this key for this channel, may say so only after the handshake.
        let unwelcome = matches!(error, Error::Closed { code: Some(1008 | 4401 | 4403), .. }) && !self.proven;
        if error.is_final() || unwelcome {
            return Err(Error::Refused(error.to_string()));
        }
        let asked = match &error {
            Error::Busy { retry_after, .. } => *retry_after,
            _ => None,
        };
        let wait = self.backoff.failed(asked);
        self.not_before = Instant::now().checked_add(wait);
        Ok(Step::Lost { error, wait })
    }
}

fn forbids(code: &str) -> bool {
    matches!(code, "forbidden" | "unauthorized")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use crate::events::tests::ANALYSIS;
    use crate::handshake::accept;

    /// Answers each connection with the next of these scripts.
    fn serve(scripts: Vec<fn(TcpStream)>) -> (u16, thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            for script in scripts {
                script(listener.accept().unwrap().0);
            }
        });
        (port, serving)
    }

    fn head(stream: &mut TcpStream) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap()
    }

    fn upgrade(stream: &mut TcpStream) {
        let head = head(stream);
        let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
            accept(key)
        );
        stream.write_all(answer.as_bytes()).unwrap();
        // The subscription: 2 bytes, 4 of mask, and the text.
        let mut frame = [0; 6];
        stream.read_exact(&mut frame).unwrap();
        let mut text = vec![0; usize::from(frame[1] & 0x7f)];
        stream.read_exact(&mut text).unwrap();
        let text: Vec<u8> = text.iter().zip(frame[2..].iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(String::from_utf8(text).unwrap(), r#"{"type":"subscribe","channel":"lobby"}"#);
    }

    fn send(stream: &mut TcpStream, first: u8, payload: &[u8]) {
        let mut frame = vec![first, 126];
        frame.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(payload);
        stream.write_all(&frame).unwrap();
    }

    fn bridge(port: u16) -> Bridge {
        Bridge::new(Endpoint::websocket(&format!("ws://127.0.0.1:{port}/ws/chat"), None).unwrap(), "lobby")
    }

    fn soon() -> Option<Instant> {
        Instant::now().checked_add(Duration::from_secs(20))
    }

    #[test]
    fn a_lost_connection_is_made_anew() {
        let (port, serving) = serve(vec![
            drop,
            |mut stream| {
                let _ = head(&mut stream);
                stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").unwrap();
            },
            |mut stream| {
                upgrade(&mut stream);
                let (one, other) = ANALYSIS.as_bytes().split_at(200);
                send(&mut stream, 0x01, one); // in two fragments, with a ping in between
                stream.write_all(&[0x89, 1, b'?']).unwrap();
                send(&mut stream, 0x80, other);
                let mut pong = [0; 7];
                stream.read_exact(&mut pong).unwrap();
                assert_eq!(pong[..2], [0x8A, 0x81]);
                assert_eq!(pong[6] ^ pong[2], b'?');
            },
            |mut stream| {
                upgrade(&mut stream);
                stream.write_all(b"\x81\x02{}").unwrap();
                send(&mut stream, 0x81, ANALYSIS.as_bytes());
                stream.write_all(&[0x88, 2, 3, 0xE9]).unwrap(); // going away
            },
        ]);
        let mut bridge = bridge(port);
        let mut seen = Vec::new();
        while seen.len() < 9 {
            seen.push(match bridge.next(soon()).unwrap() {
                Step::Connected => "connected",
                Step::Event(Event::Analysis(_)) => "analysis",
                Step::Event(_) => "event",
                Step::Skipped(_) => "skipped",
                Step::Lost { .. } => "lost",
                Step::TimeUp => "time up",
            });
        }
        let expected = ["lost", "lost", "connected", "analysis", "lost", "connected", "skipped", "analysis", "lost"];
        assert_eq!(seen, expected);
        serving.join().unwrap();
    }

    #[test]
    fn a_refusal_ends_it() {
        let (port, serving) = serve(vec![|mut stream| {
            let _ = head(&mut stream);
            let body = r#"{"error": {"code": "unauthorized", "message": "no valid key"}}"#;
            let answer = format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).unwrap();
        }]);
        assert!(bridge(port).next(soon()).unwrap_err().to_string().contains("no valid key"));
        serving.join().unwrap();
    }

    #[test]
    fn a_close_for_policy_right_after_the_handshake_is_a_refusal() {
        let (port, serving) = serve(vec![|mut stream| {
            upgrade(&mut stream);
            stream.write_all(b"\x88\x0b\x03\xf0not yours").unwrap();
        }]);
        let mut bridge = bridge(port);
        assert!(matches!(bridge.next(soon()), Ok(Step::Connected)));
        assert!(bridge.next(soon()).unwrap_err().to_string().contains("not yours"));
        serving.join().unwrap();
    }

    #[test]
    fn a_subscription_that_is_not_granted_is_a_refusal() {
        let (port, serving) = serve(vec![|mut stream| {
            upgrade(&mut stream);
            // Longer than a short frame.
            let error = r#"{"type": "error", "v": 1, "id": null, "error": {"code": "forbidden", "message": "this key is for other channels"},
                "and": "unknown fields are read past"}"#;
            send(&mut stream, 0x81, error.as_bytes());
            let _ = stream.read(&mut [0; 16]);
        }]);
        let mut bridge = bridge(port);
        assert!(matches!(bridge.next(soon()), Ok(Step::Connected)));
        assert!(bridge.next(soon()).unwrap_err().to_string().contains("other channels"));
        drop(bridge);
        serving.join().unwrap();
    }

    #[test]
    fn the_deadline_ends_waiting() {
        let (port, serving) = serve(vec![|mut stream| {
            upgrade(&mut stream);
            let _ = stream.read(&mut [0; 16]);
        }]);
        let mut bridge = bridge(port);
        assert!(matches!(bridge.next(soon()), Ok(Step::Connected)));
        let deadline = Some(Instant::now() + Duration::from_millis(20));
        assert!(matches!(bridge.next(deadline), Ok(Step::TimeUp)));
        drop(bridge);
        serving.join().unwrap();
    }

    #[test]
    fn redis_brings_events_and_what_is_none_is_skipped() {
        let (port, serving) = serve(vec![|mut stream| {
            let expected = crate::resp::command(&["SUBSCRIBE", "hikari.events.lobby"]);
            let mut asked = vec![0; expected.len()];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(asked, expected);
            stream.write_all(b"*3\r\n$9\r\nsubscribe\r\n$19\r\nhikari.events.lobby\r\n:1\r\n").unwrap();
            for payload in [b"\xc1".to_vec(), crate::msgpack::write(&crate::json::read(ANALYSIS).unwrap())] {
                let head = format!("*3\r\n$7\r\nmessage\r\n$19\r\nhikari.events.lobby\r\n${}\r\n", payload.len());
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&payload).unwrap();
                stream.write_all(b"\r\n").unwrap();
            }
        }]);
        let mut bridge = Bridge::new(Endpoint::redis(&format!("redis://127.0.0.1:{port}")).unwrap(), "lobby");
        assert!(matches!(bridge.next(soon()), Ok(Step::Connected)));
        assert!(matches!(bridge.next(soon()), Ok(Step::Skipped(_))));
        assert!(matches!(bridge.next(soon()), Ok(Step::Event(Event::Analysis(_)))));
        assert!(matches!(bridge.next(soon()), Ok(Step::Lost { .. })));
        serving.join().unwrap();
    }
}
