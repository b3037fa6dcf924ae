//! What can go wrong between the bridge and an engine.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a connection could not be made or did not last.
#[derive(Debug)]
pub enum Error {
    /// The network failed; trying again may help.
    Io(io::Error),
    /// The engine, or the caller's own input, says no; trying again does not help.
    Refused(String),
    /// The engine asks to come back later.
    Busy {
        /// What it said.
        message: String,
        /// How long it asked to wait.
        retry_after: Option<Duration>,
    },
    /// The other side does not keep to the protocol.
    Protocol(String),
    /// The other side ended the connection.
    Closed {
        /// The WebSocket close code, where there was one.
        code: Option<u16>,
        /// Its reason.
        reason: String,
    },
}

impl Error {
    /// Whether another attempt can end otherwise.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// A breach of the protocol.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(message.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Refused(message) | Self::Busy { message, .. } => f.write_str(message),
            Self::Protocol(message) => write!(f, "protocol: {message}"),
            Self::Closed { code: Some(code), reason } if reason.is_empty() => write!(f, "closed with code {code}"),
            Self::Closed { code: Some(code), reason } => write!(f, "closed with code {code}: {reason}"),
            Self::Closed { code: None, reason } if reason.is_empty() => f.write_str("the connection was closed"),
            Self::Closed { code: None, reason } => f.write_str(reason),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
