//! A TCP connection that is read with a deadline.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long one attempt to connect, or one write, may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// An open connection.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    chunk: Vec<u8>,
}

impl Wire {
    /// Connect to the first address of the machine that answers.
    ///
    /// # Errors
    /// When none does.
    pub fn connect(host: &str, port: u16) -> Result<Self, Error> {
        let mut last = None;
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(Self { stream, chunk: vec![0; 16 * 1024] });
                }
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| Error::Refused("the name stands for no address".into()), Error::Io))
    }

    /// What has arrived by the deadline; nothing when nothing has.
    ///
    /// # Errors
    /// When the connection failed or ended.
    pub fn read(&mut self, deadline: Instant) -> Result<Option<&[u8]>, Error> {
        let wait = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        self.stream.set_read_timeout(Some(wait))?;
        match self.stream.read(&mut self.chunk) {
            Ok(0) => Err(Error::Closed { code: None, reason: String::new() }),
            Ok(count) => Ok(self.chunk.get(..count)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Send all of it.
    ///
    /// # Errors
    /// When the connection failed, or the other side takes nothing for too long.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.stream.write_all(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn reading_ends_at_the_deadline_and_at_the_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut wire = Wire::connect("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        assert!(wire.read(Instant::now()).unwrap().is_none());
        peer.write_all(b"hi").unwrap();
        assert_eq!(wire.read(Instant::now() + PATIENCE).unwrap(), Some(&b"hi"[..]));
        drop(peer);
        assert!(matches!(wire.read(Instant::now() + PATIENCE), Err(Error::Closed { .. })));
    }

    #[test]
    fn nobody_there_is_an_error() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(matches!(Wire::connect("127.0.0.1", port), Err(Error::Io(_))));
    }
}
