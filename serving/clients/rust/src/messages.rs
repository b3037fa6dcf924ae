//! Messages out of frames: fragments put together, texts checked, closes taken apart.

use crate::frames::{Frame, Opcode, Violation};
use crate::limits::MAX_EVENT_BYTES;

/// What the frames of a server amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// To be answered with the same bytes.
    Ping(Vec<u8>),
    /// Somebody is there.
    Pong,
    /// The end, and why.
    Close {
        /// The close code, where one was given.
        code: Option<u16>,
        /// The reason, in words.
        reason: String,
    },
}

/// Puts the frames of a message together.
#[derive(Debug, Default)]
pub struct Assembler {
    begun: Option<(Opcode, Vec<u8>)>,
}

impl Assembler {
    /// Take a frame; a message when one is whole.
    ///
    /// # Errors
    /// When the frame is out of place, or its message too big or not the text that it says it is.
    pub fn push(&mut self, frame: Frame) -> Result<Option<Message>, Violation> {
        match frame.opcode {
            Opcode::Ping => Ok(Some(Message::Ping(frame.payload))),
            Opcode::Pong => Ok(Some(Message::Pong)),
            Opcode::Close => close(&frame.payload).map(Some),
            Opcode::Continuation => {
                let (kind, mut payload) = self.begun.take().ok_or(Violation::protocol("a continuation of no message"))?;
                if payload.len().saturating_add(frame.payload.len()) > MAX_EVENT_BYTES {
                    return Err(Violation { code: 1009, what: "a message is too big" });
                }
                payload.extend_from_slice(&frame.payload);
                self.went_on(kind, payload, frame.last)
            }
            Opcode::Text | Opcode::Binary if self.begun.is_some() => Err(Violation::protocol("a message begins inside another")),
            Opcode::Text | Opcode::Binary => self.went_on(frame.opcode, frame.payload, frame.last),
        }
    }

    fn went_on(&mut self, kind: Opcode, payload: Vec<u8>, last: bool) -> Result<Option<Message>, Violation> {
        if !last {
            self.begun = Some((kind, payload));
            return Ok(None);
        }
        if kind == Opcode::Binary {
            return Ok(Some(Message::Binary(payload)));
        }
        match String::from_utf8(payload) {
            Ok(text) => Ok(Some(Message::Text(text))),
            Err(_) => Err(Violation { code: 1007, what: "a text is not in UTF-8" }),
        }
    }
}

fn close(payload: &[u8]) -> Result<Message, Violation> {
    if payload.is_empty() {
        return Ok(Message::Close { code: None, reason: String::new() });
    }
    let (code, reason) = payload.split_first_chunk::<2>().ok_or(Violation::protocol("a close with half a code"))?;
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Violation::protocol("a close code that may not be sent"));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Violation { code: 1007, what: "a reason is not in UTF-8" })?;
    Ok(Message::Close { code: Some(code), reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: Opcode, last: bool, payload: &[u8]) -> Frame {
        Frame { last, opcode, payload: payload.to_vec() }
    }

    fn all(frames: Vec<Frame>) -> Result<Vec<Message>, Violation> {
        let mut assembler = Assembler::default();
        let mut messages = Vec::new();
        for frame in frames {
            messages.extend(assembler.push(frame)?);
        }
        Ok(messages)
    }

    #[test]
    fn a_fragmented_text_may_be_cut_inside_a_character_and_hold_a_ping() {
        let euro = "€".as_bytes();
        let messages = all(vec![
            frame(Opcode::Text, false, &euro[..1]),
            frame(Opcode::Ping, true, b"?"),
            frame(Opcode::Continuation, false, &euro[1..2]),
            frame(Opcode::Continuation, true, &euro[2..]),
            frame(Opcode::Binary, true, &[0xff]),
        ]);
        let expected = [Message::Ping(b"?".to_vec()), Message::Text("€".into()), Message::Binary(vec![0xff])];
        assert_eq!(messages.unwrap(), expected);
    }

    #[test]
    fn frames_out_of_place_are_refused() {
        let alone = all(vec![frame(Opcode::Continuation, true, b"")]);
        assert_eq!(alone.unwrap_err().code, 1002);
        let inside = all(vec![frame(Opcode::Text, false, b"a"), frame(Opcode::Text, true, b"b")]);
        assert_eq!(inside.unwrap_err().code, 1002);
        let broken = all(vec![frame(Opcode::Text, true, &[0xc3])]);
        assert_eq!(broken.unwrap_err().code, 1007);
    }

    #[test]
    fn a_message_in_many_frames_has_the_same_limit() {
        let piece = vec![0; MAX_EVENT_BYTES / 2 + 1];
        let frames = vec![frame(Opcode::Binary, false, &piece), frame(Opcode::Continuation, false, &piece)];
        assert_eq!(all(frames).unwrap_err().code, 1009);
    }

    #[test]
    fn closes_are_taken_apart() {
        let close = |payload: &[u8]| all(vec![frame(Opcode::Close, true, payload)]).map(|messages| messages[0].clone());
        assert_eq!(close(b""), Ok(Message::Close { code: None, reason: String::new() }));
        assert_eq!(close(b"\x03\xf0no"), Ok(Message::Close { code: Some(1008), reason: "no".into() }));
        for bad in [&b"\x03"[..], b"\x03\xed", b"\x00\x00", b"\xff\xff", b"\x03\xe8\xff"] {
            assert!(close(bad).is_err(), "{bad:x?}");
        }
    }
}
