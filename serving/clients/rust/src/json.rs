//! JSON (RFC 8259) in and out, with limits on depth and on the number of values.

use std::fmt::Write;

use crate::limits::Budget;
use crate::value::{DecodeError, Value};

type Result<T> = std::result::Result<T, DecodeError>;

/// Read one document.
///
/// # Errors
/// When the text is no JSON document, or is deeper or larger than the limits.
pub fn read(text: &str) -> Result<Value> {
    let mut reader = Reader { text, at: 0, budget: Budget::default() };
    let value = reader.value()?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.error("something follows the document")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn error(&self, what: &'static str) -> DecodeError {
        DecodeError { what, at: self.at }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.step();
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.step();
        }
        there
    }

    fn value(&mut self) -> Result<Value> {
        if !self.budget.spend() {
            return Err(self.error("too many values"));
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::map),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.error("a value was expected")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value>) -> Result<Value> {
        if !self.budget.enter() {
            return Err(self.error("nested too deep"));
        }
        self.step();
        let value = read(self);
        self.budget.leave();
        value
    }

    fn list(&mut self) -> Result<Value> {
        let mut values = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(Value::List(values));
        }
        loop {
            values.push(self.value()?);
            self.space();
            if self.take(b']') {
                return Ok(Value::List(values));
            }
            if !self.take(b',') {
                return Err(self.error("`,` or `]` was expected"));
            }
        }
    }

    fn map(&mut self) -> Result<Value> {
        let mut entries = Vec::new();
        self.space();
        if self.take(b'}') {
            return Ok(Value::Map(entries));
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.error("a name was expected"));
            }
            let name = self.string()?;
            self.space();
            if !self.take(b':') {
                return Err(self.error("`:` was expected"));
            }
            entries.push((name, self.value()?));
            self.space();
            if self.take(b'}') {
                return Ok(Value::Map(entries));
            }
            if !self.take(b',') {
                return Err(self.error("`,` or `}` was expected"));
            }
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value> {
        if self.rest().starts_with(word) {
            self.at = self.at.saturating_add(word.len());
            Ok(value)
        } else {
            Err(self.error("a value was expected"))
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn digits(&mut self) -> Result<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.error("a digit was expected"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.step();
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        let digits = self.text.get(start..self.at).unwrap_or_default();
        if let (true, Ok(number)) = (whole, digits.parse()) {
            return Ok(Value::Int(number));
        }
        match digits.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(self.error("a number is out of range")),
        }
    }

    fn string(&mut self) -> Result<String> {
        self.step();
        let mut out = String::new();
        loop {
            let plain = self.rest().bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            out.push_str(self.rest().get(..plain).unwrap_or_default());
            self.at = self.at.saturating_add(plain);
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.step();
                    out.push(self.escape()?);
                }
                Some(_) => return Err(self.error("a control character in a text")),
                None => return Err(self.error("a text does not end")),
            }
        }
    }

    fn escape(&mut self) -> Result<char> {
        let escaped = self.peek().ok_or_else(|| self.error("a text does not end"))?;
        self.step();
        Ok(match escaped {
            b'"' | b'\\' | b'/' => char::from(escaped),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.error("no such escape")),
        })
    }

    /// A lone surrogate is no character, but other programs write it: it becomes the replacement character.
    fn unicode(&mut self) -> Result<char> {
        let first = self.hex()?;
        if !(0xD800..0xDC00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.rest().starts_with("\\u") {
            self.at = self.at.saturating_add(2);
            let second = self.hex()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = (first & 0x3FF) << 10 | (second & 0x3FF);
                return Ok(char::from_u32(code.saturating_add(0x1_0000)).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32> {
        let digits = self.rest().get(..4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.error("four hexadecimal digits were expected"));
        }
        self.at = self.at.saturating_add(4);
        u32::from_str_radix(digits, 16).map_err(|_| self.error("four hexadecimal digits were expected"))
    }
}

/// Write a document on one line. What JSON cannot say (bytes, numbers that are none) becomes null.
#[must_use]
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) if number.is_finite() => out.push_str(&number.to_string()),
        Value::Null | Value::Float(_) | Value::Bytes(_) | Value::Opaque => out.push_str("null"),
        Value::Text(text) => write_text(text, out),
        Value::List(values) => {
            out.push('[');
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_value(value, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (place, (name, value)) in entries.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() || matches!(control, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            character => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_DEPTH, MAX_VALUES};
    use crate::random::Random;

    #[test]
    fn every_kind_of_value_is_read() {
        let read = read(r#" {"a": [1, -2.5, 1e3, true, false, null], "b": {"c": "\u00e9\ud83d\ude00\n\/"}, "d": []} "#).unwrap();
        let list = [Value::Int(1), Value::Float(-2.5), Value::Float(1000.0), Value::Bool(true), Value::Bool(false), Value::Null];
        assert_eq!(read.get("a"), Some(&Value::List(list.to_vec())));
        assert_eq!(read.get("b").unwrap().get("c").unwrap().as_text(), Some("é😀\n/"));
        assert_eq!(read.get("d"), Some(&Value::List(vec![])));
    }

    #[test]
    fn numbers_at_the_edges() {
        assert_eq!(read("9223372036854775807"), Ok(Value::Int(i64::MAX)));
        assert_eq!(read("-9223372036854775808"), Ok(Value::Int(i64::MIN)));
        assert_eq!(read("9223372036854775808"), Ok(Value::Float(9_223_372_036_854_775_808.0)));
        assert_eq!(read("-0"), Ok(Value::Int(0)));
        for bad in ["01", "1.", ".5", "-", "+1", "1e", "1e999", "0x10", "NaN", "Infinity", "--1", "1_000"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn lone_surrogates_become_the_replacement_character() {
        assert_eq!(read(r#""\ud800""#), Ok(Value::Text("\u{fffd}".into())));
        assert_eq!(read(r#""\udc00x""#), Ok(Value::Text("\u{fffd}x".into())));
        assert_eq!(read(r#""\ud800\u0041""#), Ok(Value::Text("\u{fffd}A".into())));
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        for bad in [
            "",
            " ",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1,}",
            "{a:1}",
            "\"",
            "\"\\",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\u+123\"",
            "tru",
            "nulll",
            "1 2",
            "'a'",
            "\"\n\"",
            "\"\u{0}\"",
            "[1;2]",
            "\u{feff}1",
            "\"\\u12é\"",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn depth_and_number_of_values_are_limited() {
        assert!(read(&format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH))).is_ok());
        assert_eq!(read(&"[".repeat(1_000_000)).unwrap_err().what, "nested too deep");
        assert_eq!(read(&format!("[{}1]", "1,".repeat(MAX_VALUES))).unwrap_err().what, "too many values");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = Value::map([
            ("text", Value::Text("\"quoted\" \\ \n\t\u{1} é😀\u{2028}".into())),
            ("list", Value::List(vec![Value::Int(-7), Value::Float(0.125), Value::Null, Value::Bool(true)])),
            ("map", Value::map([])),
        ]);
        assert_eq!(read(&write(&value)), Ok(value));
        assert_eq!(write(&Value::List(vec![Value::Float(f64::NAN), Value::Bytes(vec![1]), Value::Opaque])), "[null,null,null]");
    }

    #[test]
    fn damaged_documents_never_panic() {
        let good = r#"{"type":"analysis","v":1,"id":"a\u00e9","x":[1,2.5e-3,{"y":null}],"t":"日本😀","b":true}"#;
        let mut random = Random::default();
        for _ in 0..20_000 {
            let mut bytes = good.as_bytes().to_vec();
            for _ in 0..=random.word() % 4 {
                let place = usize::try_from(random.word()).unwrap_or(0) % bytes.len();
                bytes[place] = random.word().to_be_bytes()[0];
            }
            bytes.truncate(usize::try_from(random.word()).unwrap_or(0) % (bytes.len() + 1));
            let _ = read(&String::from_utf8_lossy(&bytes));
        }
    }
}
