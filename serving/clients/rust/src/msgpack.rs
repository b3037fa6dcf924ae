//! msgpack in and out, with limits on depth and on the number of values. A length is never believed: nothing is allocated for more than
//! has arrived.

use crate::limits::Budget;
use crate::value::{DecodeError, Value};

type Result<T> = std::result::Result<T, DecodeError>;

/// Read one document.
///
/// # Errors
/// When the bytes are no msgpack document, or are deeper or larger than the limits.
pub fn read(bytes: &[u8]) -> Result<Value> {
    let mut reader = Reader { bytes, at: 0, budget: Budget::default() };
    let value = reader.value()?;
    if reader.at == bytes.len() { Ok(value) } else { Err(reader.error("something follows the document")) }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn error(&self, what: &'static str) -> DecodeError {
        DecodeError { what, at: self.at }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).ok_or_else(|| self.error("a length is out of range"))?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(|| self.error("the document ends too early"))?;
        self.at = end;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        <[u8; N]>::try_from(bytes).map_err(|_| self.error("the document ends too early"))
    }

    /// A length of so many bytes.
    fn length<const N: usize>(&mut self) -> Result<usize> {
        let wide = self.array::<N>()?.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
        usize::try_from(wide).map_err(|_| self.error("a length is out of range"))
    }

    fn value(&mut self) -> Result<Value> {
        if !self.budget.spend() {
            return Err(self.error("too many values"));
        }
        let [kind] = self.array::<1>()?;
        Ok(match kind {
            0x00..=0x7f => Value::Int(i64::from(kind)),
            0x80..=0x8f => return self.map(usize::from(kind & 0x0f)),
            0x90..=0x9f => return self.list(usize::from(kind & 0x0f)),
            0xa0..=0xbf => return self.text(usize::from(kind & 0x1f)),
            0xc0 => Value::Null,
            0xc1 => return Err(self.error("a byte that msgpack does not use")),
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            0xc4..=0xc6 => {
                let length = self.sized(kind & 3)?;
                Value::Bytes(self.take(length)?.to_vec())
            }
            0xc7..=0xc9 => {
                let length = self.sized(kind.wrapping_sub(0xc7))?;
                self.extension(length)?
            }
            0xca => Value::Float(f64::from(f32::from_be_bytes(self.array()?))),
            0xcb => Value::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Value::Int(i64::from(u8::from_be_bytes(self.array()?))),
            0xcd => Value::Int(i64::from(u16::from_be_bytes(self.array()?))),
            0xce => Value::Int(i64::from(u32::from_be_bytes(self.array()?))),
            0xcf => unsigned(u64::from_be_bytes(self.array()?)),
            0xd0 => Value::Int(i64::from(i8::from_be_bytes(self.array()?))),
            0xd1 => Value::Int(i64::from(i16::from_be_bytes(self.array()?))),
            0xd2 => Value::Int(i64::from(i32::from_be_bytes(self.array()?))),
            0xd3 => Value::Int(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1_usize << (kind & 0x0f).wrapping_sub(4))?,
            0xd9..=0xdb => {
                let length = self.sized(kind.wrapping_sub(0xd9))?;
                return self.text(length);
            }
            0xdc => {
                let length = self.length::<2>()?;
                return self.list(length);
            }
            0xdd => {
                let length = self.length::<4>()?;
                return self.list(length);
            }
            0xde => {
                let length = self.length::<2>()?;
                return self.map(length);
            }
            0xdf => {
                let length = self.length::<4>()?;
                return self.map(length);
            }
            0xe0..=0xff => Value::Int(i64::from(i8::from_be_bytes([kind]))),
        })
    }

    /// The length of a text, of bytes or of an extension: of one, two or four bytes.
    fn sized(&mut self, width: u8) -> Result<usize> {
        match width {
            0 => self.length::<1>(),
            1 => self.length::<2>(),
            _ => self.length::<4>(),
        }
    }

    fn extension(&mut self, length: usize) -> Result<Value> {
        self.take(1)?;
        self.take(length)?;
        Ok(Value::Opaque)
    }

    fn text(&mut self, length: usize) -> Result<Value> {
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.error("a text is not in UTF-8"))?;
        Ok(Value::Text(text.to_owned()))
    }

    fn nested<T>(&mut self, length: usize, read: impl Fn(&mut Self) -> Result<Option<T>>) -> Result<Vec<T>> {
        if !self.budget.enter() {
            return Err(self.error("nested too deep"));
        }
        let mut values = Vec::new();
        for _ in 0..length {
            values.extend(read(self)?);
        }
        self.budget.leave();
        Ok(values)
    }

    fn list(&mut self, length: usize) -> Result<Value> {
        self.nested(length, |reader| reader.value().map(Some)).map(Value::List)
    }

    /// Events name their parts with texts; what stands under anything else is read past.
    fn map(&mut self, length: usize) -> Result<Value> {
        self.nested(length, |reader| {
            let (name, value) = (reader.value()?, reader.value()?);
            Ok(match name {
                Value::Text(name) => Some((name, value)),
                _ => None,
            })
        })
        .map(Value::Map)
    }
}

fn unsigned(number: u64) -> Value {
    #[allow(clippy::cast_precision_loss)] // a number this large is none that events count with
    i64::try_from(number).map_or(Value::Float(number as f64), Value::Int)
}

/// Write a document. What is longer than msgpack can say does not arise: the bridge writes only small messages of its own.
#[must_use]
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null | Value::Opaque => out.push(0xc0),
        Value::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Int(number) => {
            out.push(0xd3);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Float(number) => {
            out.push(0xcb);
            out.extend_from_slice(&number.to_be_bytes());
        }
        Value::Text(text) => write_sized(0xdb, text.len(), text.as_bytes(), out),
        Value::Bytes(bytes) => write_sized(0xc6, bytes.len(), bytes, out),
        Value::List(values) => {
            write_sized(0xdd, values.len(), &[], out);
            for value in values {
                write_value(value, out);
            }
        }
        Value::Map(entries) => {
            write_sized(0xdf, entries.len(), &[], out);
            for (name, value) in entries {
                write_sized(0xdb, name.len(), name.as_bytes(), out);
                write_value(value, out);
            }
        }
    }
}

fn write_sized(kind: u8, length: usize, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_DEPTH, MAX_VALUES};
    use crate::random::Random;

    #[test]
    fn every_kind_of_value_is_read() {
        let cases: &[(&[u8], Value)] = &[
            (&[0x07], Value::Int(7)),
            (&[0xff], Value::Int(-1)),
            (&[0xe0], Value::Int(-32)),
            (&[0xcc, 200], Value::Int(200)),
            (&[0xcd, 1, 0], Value::Int(256)),
            (&[0xce, 0, 1, 0, 0], Value::Int(65536)),
            (&[0xcf, 0, 0, 0, 1, 0, 0, 0, 0], Value::Int(1 << 32)),
            (&[0xcf, 255, 255, 255, 255, 255, 255, 255, 255], Value::Float(18_446_744_073_709_551_615.0)),
            (&[0xd0, 0x80], Value::Int(-128)),
            (&[0xd1, 0x80, 0], Value::Int(-32768)),
            (&[0xd2, 0x80, 0, 0, 0], Value::Int(-2_147_483_648)),
            (&[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0], Value::Int(i64::MIN)),
            (&[0xca, 0x3f, 0, 0, 0], Value::Float(0.5)),
            (&[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0], Value::Float(0.5)),
            (&[0xc0], Value::Null),
            (&[0xc2], Value::Bool(false)),
            (&[0xc3], Value::Bool(true)),
            (&[0xa2, b'h', b'i'], Value::Text("hi".into())),
            (&[0xd9, 1, b'x'], Value::Text("x".into())),
            (&[0xda, 0, 1, b'x'], Value::Text("x".into())),
            (&[0xdb, 0, 0, 0, 1, b'x'], Value::Text("x".into())),
            (&[0xc4, 1, 9], Value::Bytes(vec![9])),
            (&[0xc5, 0, 1, 9], Value::Bytes(vec![9])),
            (&[0xc6, 0, 0, 0, 1, 9], Value::Bytes(vec![9])),
            (&[0x92, 1, 2], Value::List(vec![Value::Int(1), Value::Int(2)])),
            (&[0xdc, 0, 1, 1], Value::List(vec![Value::Int(1)])),
            (&[0xdd, 0, 0, 0, 1, 1], Value::List(vec![Value::Int(1)])),
            (&[0x81, 0xa1, b'a', 1], Value::map([("a", Value::Int(1))])),
            (&[0xde, 0, 1, 0xa1, b'a', 1], Value::map([("a", Value::Int(1))])),
            (&[0xdf, 0, 0, 0, 1, 0xa1, b'a', 1], Value::map([("a", Value::Int(1))])),
            (&[0x81, 5, 1], Value::map([])),
            (&[0xd4, 1, 0], Value::Opaque),
            (&[0xd5, 1, 0, 0], Value::Opaque),
            (&[0xd6, 255, 0, 0, 0, 0], Value::Opaque),
            (&[0xd7, 255, 0, 0, 0, 0, 0, 0, 0, 0], Value::Opaque),
            (&[0xd8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], Value::Opaque),
            (&[0xc7, 1, 5, 0], Value::Opaque),
            (&[0xc8, 0, 1, 5, 0], Value::Opaque),
            (&[0xc9, 0, 0, 0, 1, 5, 0], Value::Opaque),
        ];
        for (bytes, value) in cases {
            assert_eq!(read(bytes).as_ref(), Ok(value), "{bytes:x?}");
            for end in 0..bytes.len() {
                assert!(read(&bytes[..end]).is_err(), "{bytes:x?} cut at {end}");
            }
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        for bytes in [
            &[0xdd, 255, 255, 255, 255][..],
            &[0xdf, 255, 255, 255, 255],
            &[0xdb, 255, 255, 255, 255],
            &[0xc6, 255, 255, 255, 255],
            &[0xc9, 255, 255, 255, 255, 1],
        ] {
            assert_eq!(read(bytes).unwrap_err().what, "the document ends too early");
        }
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        assert!(read(&[]).is_err());
        assert!(read(&[0xc1]).is_err());
        assert!(read(&[1, 2]).is_err());
        assert_eq!(read(&[0xa1, 0xff]).unwrap_err().what, "a text is not in UTF-8");
    }

    #[test]
    fn depth_and_number_of_values_are_limited() {
        let mut nested = vec![0x91; MAX_DEPTH];
        nested.push(1);
        assert!(read(&nested).is_ok());
        assert_eq!(read(&vec![0x91; 1_000_000]).unwrap_err().what, "nested too deep");
        let mut many = vec![0xdd, 0x7f, 0xff, 0xff, 0xff];
        many.resize(MAX_VALUES * 2, 0xc0);
        assert_eq!(read(&many).unwrap_err().what, "too many values");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = Value::map([
            ("type", Value::Text("subscribe".into())),
            ("list", Value::List(vec![Value::Int(-7), Value::Float(0.125), Value::Null, Value::Bool(true), Value::Bool(false)])),
            ("bytes", Value::Bytes(vec![1, 2, 3])),
        ]);
        assert_eq!(read(&write(&value)), Ok(value));
    }

    #[test]
    fn any_bytes_never_panic() {
        let mut random = Random::default();
        for _ in 0..50_000 {
            let length = random.word() % 40;
            let bytes: Vec<u8> = (0..length).map(|_| random.word().to_be_bytes()[0]).collect();
            let _ = read(&bytes);
        }
    }
}
