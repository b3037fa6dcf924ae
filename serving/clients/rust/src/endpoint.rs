//! Where events come from.

use std::fmt;
use std::time::Instant;

use crate::error::Error;
use crate::redis::RedisFeed;
use crate::url::{RedisUrl, WsUrl};
use crate::websocket::WebSocketFeed;

/// One event as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// JSON.
    Text(String),
    /// msgpack.
    Binary(Vec<u8>),
}

/// An open subscription.
pub trait Feed {
    /// The next event that arrives before the deadline.
    ///
    /// # Errors
    /// When the subscription has ended; it is of no more use then.
    fn next(&mut self, deadline: Instant) -> Result<Option<Payload>, Error>;
}

/// An engine, or the Redis that it publishes to.
#[derive(Clone)]
pub enum Endpoint {
    /// The engine's own socket.
    WebSocket {
        /// Its address.
        url: WsUrl,
        /// The API key, where the engine asks for one.
        key: Option<String>,
        /// Whether events shall come as msgpack.
        binary: bool,
    },
    /// The engine's Redis.
    Redis(RedisUrl),
}

impl Endpoint {
    /// The engine at a `ws://` address.
    ///
    /// # Errors
    /// When the address is none.
    pub fn websocket(url: &str, key: Option<String>) -> Result<Self, Error> {
        let url = WsUrl::read(url).map_err(Error::Refused)?;
        Ok(Self::WebSocket { url, key, binary: false })
    }

    /// The Redis at a `redis://` address.
    ///
    /// # Errors
    /// When the address is none.
    pub fn redis(url: &str) -> Result<Self, Error> {
        RedisUrl::read(url).map(Self::Redis).map_err(Error::Refused)
    }

    /// Subscribe to a channel.
    ///
    /// # Errors
    /// When the other side cannot be reached or refuses.
    pub fn open(&self, channel: &str) -> Result<Box<dyn Feed>, Error> {
        match self {
            Self::WebSocket { url, key, binary } => Ok(Box::new(WebSocketFeed::open(url, key.as_deref(), channel, *binary)?)),
            Self::Redis(url) => Ok(Box::new(RedisFeed::open(url, channel)?)),
        }
    }
}

/// Without secrets.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebSocket { url, .. } => write!(f, "ws://{}", url.authority()),
            Self::Redis(url) => write!(f, "{url:?}"),
        }
    }
}
