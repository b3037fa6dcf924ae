//! Events in words for people, and as one line of JSON for programs.

use crate::events::{Alert, Analysis, Event, Id, Problem};
use crate::json;
use crate::value::Value;

/// Which events to tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// All of them.
    Everything,
    /// Recommendations.
    Analyses,
    /// Alerts.
    Alerts,
}

impl Only {
    /// Whether this event is told of. Greetings and kinds that are not known never are.
    #[must_use]
    pub fn wants(self, event: &Event) -> bool {
        match event {
            Event::Analysis(_) => self != Self::Alerts,
            Event::Alert(_) => self != Self::Analyses,
            Event::Error(_) => self == Self::Everything,
            Event::Hello(_) | Event::Other(_) => false,
        }
    }
}

/// One line for people. What viewers wrote cannot move the cursor or turn the line around.
#[must_use]
pub fn human(event: &Event) -> String {
    let line = match event {
        Event::Analysis(analysis) => {
            let advice = &analysis.recommendation;
            let answer = if advice.respond { "answer" } else { "leave" };
            format!(
                "{} {answer} ({}) {}: {} | {}",
                advice.priority.name(),
                advice.tone,
                analysis.username,
                analysis.text,
                advice.reason
            )
        }
        Event::Alert(alert) => format!("{} alert ({}) {}", alert.priority.name(), alert.kind, alert.message),
        Event::Error(problem) => format!("error ({}) {}", problem.code, problem.message),
        Event::Hello(hello) => format!("hello from {} {}", hello.name, hello.version),
        Event::Other(kind) => format!("something new ({kind})"),
    };
    printable(&line)
}

/// The text without characters that act on a terminal instead of being seen.
#[must_use]
pub fn printable(text: &str) -> String {
    let seen = |character: char| !(character.is_control() || acts(character));
    text.chars().map(|character| if seen(character) { character } else { '\u{fffd}' }).collect()
}

/// Separators of lines and the controls of writing direction.
fn acts(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of JSON with the fields that this crate knows, under the engine's own names.
#[must_use]
pub fn line(event: &Event) -> String {
    json::write(&match event {
        Event::Analysis(analysis) => of_analysis(analysis),
        Event::Alert(alert) => of_alert(alert),
        Event::Error(problem) => of_problem(problem),
        Event::Hello(hello) => Value::map([
            ("type", Value::Text("hello".into())),
            ("name", Value::Text(hello.name.clone())),
            ("version", Value::Text(hello.version.clone())),
        ]),
        Event::Other(kind) => Value::map([("type", Value::Text(kind.clone()))]),
    })
}

fn of_id(id: Option<&Id>) -> Value {
    match id {
        Some(Id::Number(number)) => Value::Int(*number),
        Some(Id::Text(text)) => Value::Text(text.clone()),
        None => Value::Null,
    }
}

fn of_flag(flag: Option<bool>) -> Value {
    flag.map_or(Value::Null, Value::Bool)
}

fn of_analysis(analysis: &Analysis) -> Value {
    let advice = &analysis.recommendation;
    let advice = Value::map([
        ("tone", Value::Text(advice.tone.clone())),
        ("priority", Value::Text(advice.priority.name().into())),
        ("respond", Value::Bool(advice.respond)),
        ("reason", Value::Text(advice.reason.clone())),
    ]);
    let score = Value::number_or_null(analysis.sentiment);
    let label = Value::text_or_null(analysis.sentiment_label.as_deref());
    Value::map([
        ("type", Value::Text("analysis".into())),
        ("id", of_id(analysis.id.as_ref())),
        ("channel", Value::Text(analysis.channel.clone())),
        ("username", Value::Text(analysis.username.clone())),
        ("text", Value::Text(analysis.text.clone())),
        ("timestamp", Value::number_or_null(analysis.timestamp)),
        ("response_recommendation", advice),
        ("sentiment", Value::map([("score", score), ("label", label)])),
        ("emotion", Value::text_or_null(analysis.emotion.as_deref())),
        ("toxicity", Value::map([("score", Value::number_or_null(analysis.toxicity)), ("is_toxic", of_flag(analysis.is_toxic))])),
        ("asks", of_flag(analysis.asks)),
        ("latency_ms", Value::number_or_null(analysis.latency_ms)),
    ])
}

fn of_alert(alert: &Alert) -> Value {
    Value::map([
        ("type", Value::Text("alert".into())),
        ("id", of_id(alert.id.as_ref())),
        ("channel", Value::Text(alert.channel.clone())),
        ("timestamp", Value::number_or_null(alert.timestamp)),
        ("kind", Value::Text(alert.kind.clone())),
        ("priority", Value::Text(alert.priority.name().into())),
        ("silent", Value::Bool(alert.silent)),
        ("message", Value::Text(alert.message.clone())),
    ])
}

fn of_problem(problem: &Problem) -> Value {
    let error = Value::map([
        ("code", Value::Text(problem.code.clone())),
        ("message", Value::Text(problem.message.clone())),
        ("field", Value::text_or_null(problem.field.as_deref())),
    ]);
    Value::map([("type", Value::Text("error".into())), ("id", of_id(problem.id.as_ref())), ("error", error)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Payload;
    use crate::events::tests::ANALYSIS;

    fn analysis() -> Event {
        Event::read(&Payload::Text(ANALYSIS.into())).unwrap()
    }

    #[test]
    fn a_recommendation_in_words_and_as_json() {
        assert_eq!(human(&analysis()), "high answer (helpful) kai: can you play undertale next? | a question");
        let line = json::read(&line(&analysis())).unwrap();
        assert_eq!(line.get("id").unwrap().as_text(), Some("m1"));
        assert_eq!(line.get("response_recommendation").unwrap().get("tone").unwrap().as_text(), Some("helpful"));
        assert_eq!(line.get("asks"), Some(&Value::Bool(true)));
    }

    #[test]
    fn hostile_text_stays_on_its_line() {
        let text = ANALYSIS.replace("can you", r"\u001b[2J\nfake\u202eline");
        let event = Event::read(&Payload::Text(text)).unwrap();
        assert!(human(&event).chars().all(|character| !character.is_control() && character != '\u{202e}'));
        assert_eq!(line(&event).lines().count(), 1);
    }

    #[test]
    fn what_is_told_of() {
        let alert = Event::Other("alert".into());
        assert!(!Only::Everything.wants(&alert));
        assert!(Only::Everything.wants(&analysis()) && Only::Analyses.wants(&analysis()) && !Only::Alerts.wants(&analysis()));
    }
}
