//! The events of an engine as typed values. Unknown fields are read past; what is missing is said.

use crate::endpoint::Payload;
use crate::json;
use crate::msgpack;
use crate::value::{DecodeError, Value};

/// The version of the events that this crate reads.
pub const VERSION: i64 = 1;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The engine greets.
    Hello(Hello),
    /// A message was understood.
    Analysis(Box<Analysis>),
    /// Something happens in the stream.
    Alert(Alert),
    /// A message was not taken.
    Error(Problem),
    /// A kind that this version does not know.
    Other(String),
}

/// An identifier as the sender gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// The engine greets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Who.
    pub name: String,
    /// In which version.
    pub version: String,
}

/// How soon to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// When there is time.
    Low,
    /// Soon.
    Medium,
    /// Next.
    High,
    /// Now.
    Critical,
}

impl Priority {
    fn of(name: &str) -> Option<Self> {
        [Self::Low, Self::Medium, Self::High, Self::Critical].into_iter().find(|priority| priority.name() == name)
    }

    /// As the engine writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What to do about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// How to speak.
    pub tone: String,
    /// How soon.
    pub priority: Priority,
    /// Whether at all.
    pub respond: bool,
    /// Why.
    pub reason: String,
}

/// A message that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The message's own identifier.
    pub id: Option<Id>,
    /// Where it was written.
    pub channel: String,
    /// By whom.
    pub username: String,
    /// What.
    pub text: String,
    /// When, in seconds since 1970.
    pub timestamp: Option<f64>,
    /// What to do about it.
    pub recommendation: Recommendation,
    /// Its mood, -1 to 1.
    pub sentiment: Option<f64>,
    /// The mood as a word.
    pub sentiment_label: Option<String>,
    /// Its main emotion.
    pub emotion: Option<String>,
    /// How toxic it is, 0 to 1.
    pub toxicity: Option<f64>,
    /// Whether it counts as toxic.
    pub is_toxic: Option<bool>,
    /// Whether it asks the streamer something.
    pub asks: Option<bool>,
    /// How long the engine took.
    pub latency_ms: Option<f64>,
}

/// Something happens in the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The alert's identifier.
    pub id: Option<Id>,
    /// Where.
    pub channel: String,
    /// When, in seconds since 1970.
    pub timestamp: Option<f64>,
    /// What kind of thing.
    pub kind: String,
    /// How urgent.
    pub priority: Priority,
    /// Whether it is only to be noted.
    pub silent: bool,
    /// In words.
    pub message: String,
}

/// A message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The message's own identifier.
    pub id: Option<Id>,
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
    /// The offending field.
    pub field: Option<String>,
}

/// Why something that arrived is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no document.
    Malformed(DecodeError),
    /// It lacks this, or has it in another type.
    Lacks(&'static str),
    /// It is of another version.
    Version,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "malformed: {error}"),
            Self::Lacks(field) => write!(f, "`{field}` is missing or of another type"),
            Self::Version => write!(f, "not of version {VERSION}"),
        }
    }
}

impl std::error::Error for Unreadable {}

impl Event {
    /// Read an event as it arrived.
    ///
    /// # Errors
    /// When it is none that this version reads.
    pub fn read(payload: &Payload) -> Result<Self, Unreadable> {
        let value = match payload {
            Payload::Text(text) => json::read(text),
            Payload::Binary(bytes) => msgpack::read(bytes),
        };
        Self::of(&value.map_err(Unreadable::Malformed)?)
    }

    fn of(value: &Value) -> Result<Self, Unreadable> {
        let kind = text(value, "type")?;
        if value.get("v") != Some(&Value::Int(VERSION)) {
            return Err(Unreadable::Version);
        }
        Ok(match kind.as_str() {
            "hello" => Self::Hello(Hello { name: text(value, "name")?, version: text(value, "version")? }),
            "analysis" => Self::Analysis(Box::new(analysis(value)?)),
            "alert" => Self::Alert(alert(value)?),
            "error" => Self::Error(problem(value)?),
            _ => Self::Other(kind),
        })
    }
}

fn text(value: &Value, field: &'static str) -> Result<String, Unreadable> {
    value.get(field).and_then(Value::as_text).map(str::to_owned).ok_or(Unreadable::Lacks(field))
}

fn flag(value: &Value, field: &'static str) -> Result<bool, Unreadable> {
    value.get(field).and_then(Value::as_bool).ok_or(Unreadable::Lacks(field))
}

fn priority(value: &Value) -> Result<Priority, Unreadable> {
    value.get("priority").and_then(Value::as_text).and_then(Priority::of).ok_or(Unreadable::Lacks("priority"))
}

fn id(value: &Value) -> Option<Id> {
    match value.get("id") {
        Some(Value::Int(number)) => Some(Id::Number(*number)),
        Some(Value::Text(text)) => Some(Id::Text(text.clone())),
        _ => None,
    }
}

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

fn analysis(value: &Value) -> Result<Analysis, Unreadable> {
    let advice = value.get("response_recommendation").ok_or(Unreadable::Lacks("response_recommendation"))?;
    Ok(Analysis {
        id: id(value),
        channel: text(value, "channel")?,
        username: text(value, "username")?,
        text: text(value, "text")?,
        timestamp: value.get("timestamp").and_then(Value::as_number),
        recommendation: Recommendation {
            tone: text(advice, "tone")?,
            priority: priority(advice)?,
            respond: flag(advice, "respond")?,
            reason: text(advice, "reason")?,
        },
        sentiment: at(value, &["sentiment", "aggregate", "score"]).and_then(Value::as_number),
        sentiment_label: at(value, &["sentiment", "aggregate", "label"]).and_then(Value::as_text).map(str::to_owned),
        emotion: at(value, &["emotion", "primary"]).and_then(Value::as_text).map(str::to_owned),
        toxicity: at(value, &["toxicity", "score"]).and_then(Value::as_number),
        is_toxic: at(value, &["toxicity", "is_toxic"]).and_then(Value::as_bool),
        asks: at(value, &["context", "question", "asks"]).and_then(Value::as_bool),
        latency_ms: value.get("latency_ms").and_then(Value::as_number),
    })
}

fn alert(value: &Value) -> Result<Alert, Unreadable> {
    Ok(Alert {
        id: id(value),
        channel: text(value, "channel")?,
        timestamp: value.get("timestamp").and_then(Value::as_number),
        kind: text(value, "kind")?,
        priority: priority(value)?,
        silent: flag(value, "silent")?,
        message: text(value, "message")?,
    })
}

fn problem(value: &Value) -> Result<Problem, Unreadable> {
    let error = value.get("error").ok_or(Unreadable::Lacks("error"))?;
    Ok(Problem {
        id: id(value),
        code: text(error, "code")?,
        message: text(error, "message")?,
        field: error.get("field").and_then(Value::as_text).map(str::to_owned),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An event as the engine sends it.
    pub(crate) const ANALYSIS: &str = r#"{"type": "analysis", "v": 1, "id": "m1", "channel": "lobby", "username": "kai",
        "text": "can you play undertale next?", "timestamp": 1700000000.5,
        "sentiment": {"aggregate": {"score": 0.25, "label": "neutral"}, "transformer": {"score": 0.1}, "vader": null, "emoji": null},
        "emotion": {"primary": "neutral", "scores": {"joy": 0.1}, "labels": []},
        "toxicity": {"is_toxic": false, "score": 0.01, "scores": {}, "labels": []},
        "context": {"question": {"asks": true, "probability": 0.97}},
        "response_recommendation": {"tone": "helpful", "priority": "high", "respond": true, "reason": "a question"},
        "model": {"name": "text"}, "insights": null, "memory": {"kept_out": "question"}, "latency_ms": 4.5, "new in version 9": [{}]}"#;

    fn read(text: &str) -> Result<Event, Unreadable> {
        Event::read(&Payload::Text(text.into()))
    }

    #[test]
    fn an_analysis_is_read_from_json_and_from_msgpack_alike() {
        let from_json = read(ANALYSIS).unwrap();
        let bytes = msgpack::write(&json::read(ANALYSIS).unwrap());
        assert_eq!(Event::read(&Payload::Binary(bytes)).unwrap(), from_json);
        let Event::Analysis(analysis) = from_json else { panic!("no analysis") };
        assert_eq!(analysis.id, Some(Id::Text("m1".into())));
        assert_eq!(analysis.recommendation.tone, "helpful");
        assert_eq!(analysis.recommendation.priority, Priority::High);
        assert_eq!((analysis.sentiment, analysis.asks, analysis.is_toxic), (Some(0.25), Some(true), Some(false)));
        assert_eq!(analysis.timestamp, Some(1_700_000_000.5));
    }

    #[test]
    fn the_other_kinds() {
        assert_eq!(
            read(r#"{"type":"hello","v":1,"id":null,"name":"hikari","version":"0.1.0","channels":null}"#),
            Ok(Event::Hello(Hello { name: "hikari".into(), version: "0.1.0".into() }))
        );
        let alert = r#"{"type":"alert","v":1,"id":"a","channel":"c","timestamp":1,"kind":"raid","priority":"critical","silent":false,
            "message":"many at once","detail":{}}"#;
        assert!(matches!(read(alert), Ok(Event::Alert(alert)) if alert.kind == "raid" && alert.priority == Priority::Critical));
        let error = r#"{"type":"error","v":1,"id":7,"error":{"code":"bad_input","message":"no","field":"text"}}"#;
        assert!(
            matches!(read(error), Ok(Event::Error(problem)) if problem.id == Some(Id::Number(7)) && problem.code == "bad_input")
        );
        assert_eq!(read(r#"{"type":"snapshot","v":1}"#), Ok(Event::Other("snapshot".into())));
    }

    #[test]
    fn what_is_missing_is_named() {
        let lacks = |text: &str| read(text).unwrap_err();
        assert_eq!(lacks("[]"), Unreadable::Lacks("type"));
        assert_eq!(lacks(r#"{"type":"hello","v":2}"#), Unreadable::Version);
        assert_eq!(lacks(&ANALYSIS.replace("\"tone\"", "\"t\"")), Unreadable::Lacks("tone"));
        assert_eq!(lacks(&ANALYSIS.replace("\"high\"", "\"immediate\"")), Unreadable::Lacks("priority"));
        assert_eq!(lacks(&ANALYSIS.replace("\"kai\"", "3")), Unreadable::Lacks("username"));
        assert!(matches!(lacks("{"), Unreadable::Malformed(_)));
    }
}
