//! RESP2, the protocol of Redis: bytes in, whole replies out, whatever pieces they arrive in; and commands as bytes.

use crate::buffer::Buffer;
use crate::limits::MAX_EVENT_BYTES;

/// Replies that pub/sub brings are flat lists of three; a little more is let through.
const MAX_NESTING: usize = 4;
const MAX_ELEMENTS: usize = 1024;
const MAX_LINE: usize = 4096;

/// What Redis says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A short text.
    Status(String),
    /// Something went wrong; begins with a code in capitals.
    Error(String),
    /// A number.
    Number(i64),
    /// Bytes, or nothing.
    Bulk(Option<Vec<u8>>),
    /// Replies, or nothing.
    List(Option<Vec<Reply>>),
}

/// Makes replies of the bytes that arrive.
#[derive(Debug, Default)]
pub struct ReplyReader {
    buffer: Buffer,
}

impl ReplyReader {
    /// Take what arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next whole reply; nothing until more has arrived.
    ///
    /// # Errors
    /// When the bytes are no reply, or one over the limits.
    pub fn pop(&mut self) -> Result<Option<Reply>, &'static str> {
        let mut cursor = Cursor { bytes: self.buffer.waiting(), at: 0 };
        let reply = cursor.reply(MAX_NESTING)?;
        let end = cursor.at;
        if reply.is_some() {
            self.buffer.consume(end);
        } else if self.buffer.waiting().len() > MAX_EVENT_BYTES.saturating_mul(2) {
            return Err("a reply is too big");
        }
        Ok(reply)
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn line(&mut self) -> Result<Option<&'a str>, &'static str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(end) = rest.iter().take(MAX_LINE).position(|byte| *byte == b'\n') else {
            return if rest.len() < MAX_LINE { Ok(None) } else { Err("a line does not end") };
        };
        self.at = self.at.saturating_add(end).saturating_add(1);
        let line = rest.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or("a line ends without a carriage return")?;
        std::str::from_utf8(line).map(Some).map_err(|_| "a line is not in UTF-8")
    }

    fn reply(&mut self, nesting: usize) -> Result<Option<Reply>, &'static str> {
        let Some(line) = self.line()? else {
            return Ok(None);
        };
        let mut characters = line.chars();
        let kind = characters.next();
        let rest = characters.as_str();
        match kind {
            Some('+') => Ok(Some(Reply::Status(rest.to_owned()))),
            Some('-') => Ok(Some(Reply::Error(rest.to_owned()))),
            Some(':') => rest.parse().map(|number| Some(Reply::Number(number))).map_err(|_| "a number is none"),
            Some('$') => match length(rest, MAX_EVENT_BYTES)? {
                Some(length) => self.bulk(length),
                None => Ok(Some(Reply::Bulk(None))),
            },
            Some('*') => match length(rest, MAX_ELEMENTS)? {
                Some(length) => self.list(length, nesting),
                None => Ok(Some(Reply::List(None))),
            },
            _ => Err("a reply of unknown kind"),
        }
    }

    fn bulk(&mut self, length: usize) -> Result<Option<Reply>, &'static str> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((bytes, end)) = rest.split_at_checked(length).and_then(|(bytes, rest)| Some((bytes, rest.get(..2)?))) else {
            return Ok(None);
        };
        if end != b"\r\n" {
            return Err("bytes do not end where they should");
        }
        self.at = self.at.saturating_add(length).saturating_add(2);
        Ok(Some(Reply::Bulk(Some(bytes.to_vec()))))
    }

    fn list(&mut self, length: usize, nesting: usize) -> Result<Option<Reply>, &'static str> {
        let nesting = nesting.checked_sub(1).ok_or("lists are nested too deep")?;
        let mut replies = Vec::new();
        for _ in 0..length {
            match self.reply(nesting)? {
                Some(reply) => replies.push(reply),
                None => return Ok(None),
            }
        }
        Ok(Some(Reply::List(Some(replies))))
    }
}

fn length(text: &str, most: usize) -> Result<Option<usize>, &'static str> {
    match text.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(length) => match usize::try_from(length) {
            Ok(length) if length <= most => Ok(Some(length)),
            _ => Err("a length is out of range"),
        },
        Err(_) => Err("a length is no number"),
    }
}

/// A command as bytes.
#[must_use]
pub fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn read_all(bytes: &[u8], piece: usize) -> Result<Vec<Reply>, &'static str> {
        let mut reader = ReplyReader::default();
        let mut replies = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.feed(piece);
            while let Some(reply) = reader.pop()? {
                replies.push(reply);
            }
        }
        Ok(replies)
    }

    fn bulk(bytes: &[u8]) -> Reply {
        Reply::Bulk(Some(bytes.to_vec()))
    }

    #[test]
    fn replies_come_out_whole_whatever_pieces_they_arrive_in() {
        let bytes =
            b"+OK\r\n-ERR no\r\n:-7\r\n$-1\r\n*-1\r\n$0\r\n\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n\r\n\xff\0\r\n*0\r\n";
        let expected = [
            Reply::Status("OK".into()),
            Reply::Error("ERR no".into()),
            Reply::Number(-7),
            Reply::Bulk(None),
            Reply::List(None),
            bulk(b""),
            Reply::List(Some(vec![bulk(b"message"), bulk(b"c"), bulk(b"\r\n\xff\0")])),
            Reply::List(Some(vec![])),
        ];
        for piece in [1, 2, 3, 10, usize::MAX] {
            assert_eq!(read_all(bytes, piece).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for bad in [
            &b"x\r\n"[..],
            b"\r\n",
            b":x\r\n",
            b"$x\r\n",
            b"$-2\r\n",
            b"$99999999999\r\n",
            b"*9999\r\n",
            b"+OK\n",
            b"$1\r\nabc",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            b"+\xff\r\n",
        ] {
            assert!(read_all(bad, 64).is_err(), "{bad:?}");
        }
        assert!(read_all(&vec![b'+'; MAX_LINE], 512).is_err());
    }

    #[test]
    fn many_bytes_that_never_become_a_reply_are_refused() {
        let mut bytes = b"*1024\r\n".to_vec();
        for _ in 0..10 {
            bytes.extend_from_slice(format!("${}\r\n", MAX_EVENT_BYTES / 4).as_bytes());
            bytes.resize(bytes.len() + MAX_EVENT_BYTES / 4, 0);
            bytes.extend_from_slice(b"\r\n");
        }
        assert_eq!(read_all(&bytes, 1 << 20), Err("a reply is too big"));
    }

    #[test]
    fn commands_count_bytes() {
        assert_eq!(command(&["SUBSCRIBE", "é\r\n"]), b"*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\n\xc3\xa9\r\n\r\n");
    }

    #[test]
    fn any_bytes_never_panic() {
        let mut random = Random::default();
        let alphabet = b"+-:$*\r\n0123456789x\xff";
        for _ in 0..50_000 {
            let length = random.word() % 30;
            let bytes: Vec<u8> =
                (0..length).map(|_| alphabet[usize::try_from(random.word()).unwrap_or(0) % alphabet.len()]).collect();
            let _ = read_all(&bytes, 3);
        }
    }
}
