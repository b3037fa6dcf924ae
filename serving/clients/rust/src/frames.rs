//! The frames of RFC 6455: bytes in, whole frames out, whatever pieces they arrive in; and frames of our own as bytes.

use crate::buffer::Buffer;
use crate::limits::MAX_EVENT_BYTES;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opcode {
    /// Goes on with the message before.
    Continuation,
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
    /// Ends the connection.
    Close,
    /// Asks whether somebody is there.
    Ping,
    /// Answers a ping.
    Pong,
}

impl Opcode {
    fn of(number: u8) -> Option<Self> {
        Some(match number {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    fn number(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    /// Control frames may come between the frames of a message, and are small.
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// One frame of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether its message ends with it.
    pub last: bool,
    /// What it is.
    pub opcode: Opcode,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// A breach of the protocol, and the close code that answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// 1002: against the protocol, 1007: not UTF-8, 1009: too big.
    pub code: u16,
    /// What was wrong.
    pub what: &'static str,
}

impl Violation {
    /// Against the protocol.
    #[must_use]
    pub fn protocol(what: &'static str) -> Self {
        Self { code: 1002, what }
    }
}

/// Makes frames of the bytes that arrive.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: Buffer,
}

impl FrameReader {
    /// Take what arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next whole frame; nothing until more has arrived.
    ///
    /// # Errors
    /// When the bytes are against the protocol or the frame is too big.
    pub fn pop(&mut self) -> Result<Option<Frame>, Violation> {
        let Some((head, rest)) = self.buffer.waiting().split_first_chunk::<2>() else {
            return Ok(None);
        };
        let [first, second] = *head;
        let opcode = Opcode::of(first & 0x0f).ok_or(Violation::protocol("a frame of unknown kind"))?;
        let last = first & 0x80 != 0;
        if first & 0x70 != 0 {
            return Err(Violation::protocol("a reserved bit is set, but no extension was agreed on"));
        }
        if second & 0x80 != 0 {
            return Err(Violation::protocol("a server's frame is masked"));
        }
        if opcode.is_control() && (!last || second > 125) {
            return Err(Violation::protocol("a control frame is fragmented or too long"));
        }
        let (width, length) = match second {
            126 => match rest.first_chunk::<2>() {
                Some(bytes) => (2, u64::from(u16::from_be_bytes(*bytes))),
                None => return Ok(None),
            },
            127 => match rest.first_chunk::<8>() {
                Some(bytes) => (8, u64::from_be_bytes(*bytes)),
                None => return Ok(None),
            },
            short => (0, u64::from(short)),
        };
        if (width == 2 && length < 126) || (width == 8 && u16::try_from(length).is_ok()) {
            return Err(Violation::protocol("a length is written longer than it needs"));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_EVENT_BYTES {
            return Err(Violation { code: 1009, what: "a frame is too big" });
        }
        let Some(payload) = rest.get(width..).and_then(|rest| rest.get(..length)) else {
            return Ok(None);
        };
        let frame = Frame { last, opcode, payload: payload.to_vec() };
        self.buffer.consume(length.saturating_add(width).saturating_add(2));
        Ok(Some(frame))
    }
}

/// A frame of ours, which the protocol wants masked.
#[must_use]
pub fn write(opcode: Opcode, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len().saturating_add(14));
    frame.push(0x80 | opcode.number());
    match payload.len() {
        // Each arm's numbers fit its width.
        #[allow(clippy::cast_possible_truncation)]
        length @ 0..=125 => frame.push(0x80 | length as u8),
        #[allow(clippy::cast_possible_truncation)]
        length @ 126..=0xffff => {
            frame.push(0x80 | 0x7e);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 0x7f);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn read_all(bytes: &[u8], piece: usize) -> Result<Vec<Frame>, Violation> {
        let mut reader = FrameReader::default();
        let mut frames = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.feed(piece);
            while let Some(frame) = reader.pop()? {
                frames.push(frame);
            }
        }
        Ok(frames)
    }

    fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..=125 => bytes.push(u8::try_from(length).unwrap()),
            length @ 126..=0xffff => {
                bytes.push(126);
                bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            }
            length => {
                bytes.push(127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_come_out_whole_whatever_pieces_they_arrive_in() {
        let (medium, large) = (vec![b'm'; 300], vec![b'l'; 70_000]);
        let mut bytes = server_frame(0x81, b"Hello");
        bytes.extend(server_frame(0x82, &medium));
        bytes.extend(server_frame(0x89, b""));
        bytes.extend(server_frame(0x02, &large));
        bytes.extend(server_frame(0x80, b"end"));
        for piece in [1, 2, 3, 7, 1024, usize::MAX] {
            let frames = read_all(&bytes, piece).unwrap();
            let shape: Vec<_> = frames.iter().map(|frame| (frame.opcode, frame.last, frame.payload.len())).collect();
            assert_eq!(
                shape,
                [
                    (Opcode::Text, true, 5),
                    (Opcode::Binary, true, 300),
                    (Opcode::Ping, true, 0),
                    (Opcode::Binary, false, 70_000),
                    (Opcode::Continuation, true, 3),
                ]
            );
        }
    }

    #[test]
    fn breaches_of_the_protocol_are_named() {
        for (bytes, code) in [
            (&[0x83, 0][..], 1002),                          // unknown kind
            (&[0xC1, 0], 1002),                              // reserved bit
            (&[0x81, 0x80, 0, 0, 0, 0], 1002),               // masked
            (&[0x09, 0], 1002),                              // fragmented ping
            (&[0x89, 126, 0, 126], 1002),                    // long ping
            (&[0x81, 126, 0, 5], 1002),                      // length in a longer form than needed
            (&[0x81, 127, 0, 0, 0, 0, 0, 0, 1, 0], 1002),    // the same
            (&[0x81, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0], 1009), // absurdly long
        ] {
            assert_eq!(read_all(bytes, 99).unwrap_err().code, code, "{bytes:x?}");
        }
    }

    #[test]
    fn the_standards_masked_hello() {
        let frame = write(Opcode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(frame, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn lengths_of_ours_take_the_shortest_form() {
        for (length, head) in [(125, 6), (126, 8), (65_535, 8), (65_536, 14)] {
            assert_eq!(write(Opcode::Binary, &vec![0; length], [0; 4]).len(), length + head);
        }
    }

    #[test]
    fn any_bytes_never_panic() {
        let mut random = Random::default();
        for _ in 0..20_000 {
            let length = random.word() % 60;
            let bytes: Vec<u8> = (0..length).map(|_| random.word().to_be_bytes()[0]).collect();
            let _ = read_all(&bytes, 5);
        }
    }
}
