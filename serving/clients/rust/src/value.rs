//! A decoded document, whichever format it came in.

/// JSON's values, and msgpack's where JSON has none.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes; msgpack alone has them.
    Bytes(Vec<u8>),
    /// Values in order.
    List(Vec<Value>),
    /// Names with values, in the order in which they came.
    Map(Vec<(String, Value)>),
    /// Something that no event holds (an extension type of msgpack).
    Opaque,
}

impl Value {
    /// The value under a name; the last one, as every JSON library has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss)] // scores and times are far below 2^53
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// True or false, if it is one of them.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A map from pairs, for messages that the bridge writes.
    #[must_use]
    pub fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Text, or null for nothing.
    #[must_use]
    pub fn text_or_null(text: Option<&str>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.to_owned()))
    }

    /// A number, or null for nothing.
    #[must_use]
    pub fn number_or_null(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Float)
    }
}

/// Why bytes are no document, and where that shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong.
    pub what: &'static str,
    /// The byte at which it was noticed.
    pub at: usize,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

impl std::error::Error for DecodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_equal_names_wins() {
        let map = Value::map([("a", Value::Int(1)), ("a", Value::Int(2))]);
        assert_eq!(map.get("a"), Some(&Value::Int(2)));
        assert_eq!(map.get("b"), None);
        assert_eq!(Value::Null.get("a"), None);
    }
}
