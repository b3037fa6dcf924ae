//! Events over WebSocket: subscribe, then listen, answer pings, and notice when nobody is there any more.

use std::time::{Duration, Instant};

use crate::endpoint::{Feed, Payload};
use crate::error::Error;
use crate::frames::{self, FrameReader, Opcode, Violation};
use crate::handshake;
use crate::json;
use crate::messages::{Assembler, Message};
use crate::msgpack;
use crate::random::Random;
use crate::url::WsUrl;
use crate::value::Value;
use crate::wire::Wire;

/// Silence after which the server is asked whether it is there.
const ASK_AFTER: Duration = Duration::from_secs(15);
/// Silence after which it is taken to be gone.
const GONE_AFTER: Duration = Duration::from_secs(40);

/// A subscribed WebSocket.
#[derive(Debug)]
pub struct WebSocketFeed {
    wire: Wire,
    frames: FrameReader,
    messages: Assembler,
    random: Random,
    heard: Instant,
    asked: bool,
}

impl WebSocketFeed {
    /// Connect and subscribe to a channel; `binary` asks for msgpack instead of JSON.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn open(url: &WsUrl, key: Option<&str>, channel: &str, binary: bool) -> Result<Self, Error> {
        let mut random = Random::default();
        let mut wire = Wire::connect(&url.host, url.port)?;
        let behind = handshake::shake(&mut wire, url, key, random.nonce())?;
        let mut frames = FrameReader::default();
        frames.feed(&behind);
        let mut feed = Self { wire, frames, messages: Assembler::default(), random, heard: Instant::now(), asked: false };
        let wish = Value::map([("type", Value::Text("subscribe".into())), ("channel", Value::Text(channel.into()))]);
        if binary {
            feed.send(Opcode::Binary, &msgpack::write(&wish))?;
        } else {
            feed.send(Opcode::Text, json::write(&wish).as_bytes())?;
        }
        Ok(feed)
    }

    fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Error> {
        let mask = self.random.mask();
        self.wire.write(&frames::write(opcode, payload, mask))
    }

    /// The next message among what has arrived.
    fn arrived(&mut self) -> Result<Option<Message>, Violation> {
        while let Some(frame) = self.frames.pop()? {
            if let Some(message) = self.messages.push(frame)? {
                return Ok(Some(message));
            }
        }
        Ok(None)
    }

    /// Tell the server why its connection ends; it is gone either way.
    fn leave(&mut self, code: u16) {
        let _ = self.send(Opcode::Close, &code.to_be_bytes());
    }

    fn take(&mut self, message: Message) -> Result<Option<Payload>, Error> {
        match message {
            Message::Text(text) => Ok(Some(Payload::Text(text))),
            Message::Binary(bytes) => Ok(Some(Payload::Binary(bytes))),
            Message::Pong => Ok(None),
            Message::Ping(payload) => self.send(Opcode::Pong, &payload).map(|()| None),
            Message::Close { code, reason } => {
                self.leave(code.unwrap_or(1000));
                Err(Error::Closed { code, reason })
            }
        }
    }
}

impl Feed for WebSocketFeed {
    fn next(&mut self, deadline: Instant) -> Result<Option<Payload>, Error> {
        loop {
            match self.arrived() {
                Ok(Some(message)) => {
                    if let Some(payload) = self.take(message)? {
                        return Ok(Some(payload));
                    }
                    if Instant::now() < deadline {
                        continue;
                    }
                    return Ok(None); // also when pings never stop
                }
                Ok(None) => {}
                Err(violation) => {
                    self.leave(violation.code);
                    return Err(Error::protocol(violation.what));
                }
            }
            let silence = self.heard.elapsed();
            if silence >= GONE_AFTER {
                return Err(Error::Closed { code: None, reason: "the server has fallen silent".into() });
            }
            if silence >= ASK_AFTER && !self.asked {
                self.send(Opcode::Ping, b"")?;
                self.asked = true;
            }
            let patience = if self.asked { GONE_AFTER } else { ASK_AFTER };
            let until = self.heard.checked_add(patience).map_or(deadline, |moment| moment.min(deadline));
            if let Some(bytes) = self.wire.read(until)? {
                self.frames.feed(bytes);
                self.heard = Instant::now();
                self.asked = false;
            } else if Instant::now() >= deadline {
                return Ok(None);
            }
        }
    }
}

impl Drop for WebSocketFeed {
    fn drop(&mut self) {
        self.leave(1000);
    }
}
