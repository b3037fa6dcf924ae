//! Hears the events of a Hikari engine, over WebSocket or Redis, as typed values.
//!
//! ```no_run
//! use hikari_bridge::{Bridge, Endpoint, Event, Step};
//!
//! # fn main() -> Result<(), hikari_bridge::Error> {
//! let endpoint = Endpoint::redis("redis://127.0.0.1:6379/0")?;
//! let mut bridge = Bridge::new(endpoint, "lobby");
//! loop {
//!     if let Step::Event(Event::Analysis(analysis)) = bridge.next(None)? {
//!         println!("{}: {}", analysis.username, analysis.recommendation.tone);
//!     }
//! }
//! # }
//! ```
//!
//! Everything that arrives is checked and limited: a hostile peer costs a bounded amount of memory and ends in an error.

#![forbid(unsafe_code)]

pub mod backoff;
pub mod base64;
pub mod bridge;
pub mod buffer;
pub mod endpoint;
pub mod error;
pub mod events;
pub mod frames;
pub mod handshake;
pub mod json;
pub mod limits;
pub mod messages;
pub mod msgpack;
pub mod options;
pub mod random;
pub mod redis;
pub mod report;
pub mod resp;
pub mod sha1;
pub mod url;
pub mod value;
pub mod websocket;
pub mod wire;

pub use bridge::{Bridge, Step};
pub use endpoint::Endpoint;
pub use error::Error;
pub use events::Event;
