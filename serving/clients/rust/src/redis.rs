//! Events over Redis: sign in, subscribe to `hikari.events.<channel>`, listen.

use std::time::{Duration, Instant};

use crate::endpoint::{Feed, Payload};
use crate::error::Error;
use crate::resp::{Reply, ReplyReader, command};
use crate::url::RedisUrl;
use crate::wire::{PATIENCE, Wire};

/// Silence after which Redis is asked whether it is there, and taken to be gone.
const ASK_AFTER: Duration = Duration::from_secs(15);
const GONE_AFTER: Duration = Duration::from_secs(40);

/// A subscribed connection to Redis.
#[derive(Debug)]
pub struct RedisFeed {
    wire: Wire,
    replies: ReplyReader,
    topic: String,
    heard: Instant,
    asked: bool,
}

impl RedisFeed {
    /// Connect, sign in and subscribe.
    ///
    /// # Errors
    /// When Redis cannot be reached or refuses.
    pub fn open(url: &RedisUrl, channel: &str) -> Result<Self, Error> {
        let wire = Wire::connect(&url.host, url.port)?;
        let topic = format!("hikari.events.{channel}");
        let mut feed = Self { wire, replies: ReplyReader::default(), topic, heard: Instant::now(), asked: false };
        match (&url.user, &url.password) {
            (Some(user), Some(password)) => feed.expect_ok(&["AUTH", user, password])?,
            (None, Some(password)) => feed.expect_ok(&["AUTH", password])?,
            _ => {}
        }
        if let Some(database) = url.database {
            feed.expect_ok(&["SELECT", &database.to_string()])?;
        }
        let topic = feed.topic.clone();
        match feed.ask(&["SUBSCRIBE", &topic])? {
            Reply::List(Some(words)) if words.first() == Some(&word("subscribe")) => Ok(feed),
            _ => Err(Error::protocol("Redis does not confirm the subscription")),
        }
    }

    fn expect_ok(&mut self, words: &[&str]) -> Result<(), Error> {
        match self.ask(words)? {
            Reply::Status(status) if status == "OK" => Ok(()),
            _ => Err(Error::protocol("Redis answers something that was not asked")),
        }
    }

    fn ask(&mut self, words: &[&str]) -> Result<Reply, Error> {
        self.wire.write(&command(words))?;
        let now = Instant::now();
        let deadline = now.checked_add(PATIENCE).unwrap_or(now);
        loop {
            if let Some(reply) = self.arrived()? {
                return Ok(reply);
            }
            if !self.listen(deadline)? && Instant::now() >= deadline {
                return Err(Error::protocol("Redis does not answer"));
            }
        }
    }

    /// The next reply among what has arrived; an error reply is an error.
    fn arrived(&mut self) -> Result<Option<Reply>, Error> {
        match self.replies.pop().map_err(Error::protocol)? {
            Some(Reply::Error(message)) => Err(refusal(&message)),
            reply => Ok(reply),
        }
    }

    fn listen(&mut self, deadline: Instant) -> Result<bool, Error> {
        let Some(bytes) = self.wire.read(deadline)? else {
            return Ok(false);
        };
        self.replies.feed(bytes);
        self.heard = Instant::now();
        self.asked = false;
        Ok(true)
    }

    fn payload(&self, reply: Reply) -> Option<Payload> {
        let Reply::List(Some(words)) = reply else {
            return None;
        };
        match <[Reply; 3]>::try_from(words) {
            Ok([kind, topic, Reply::Bulk(Some(bytes))]) if kind == word("message") && topic == word(&self.topic) => {
                Some(Payload::Binary(bytes))
            }
            _ => None,
        }
    }
}

impl Feed for RedisFeed {
    fn next(&mut self, deadline: Instant) -> Result<Option<Payload>, Error> {
        loop {
            while let Some(reply) = self.arrived()? {
                if let Some(payload) = self.payload(reply) {
                    return Ok(Some(payload));
                }
                if Instant::now() >= deadline {
                    return Ok(None); // also when what is of no interest never stops
                }
            }
            let silence = self.heard.elapsed();
            if silence >= GONE_AFTER {
                return Err(Error::Closed { code: None, reason: "Redis has fallen silent".into() });
            }
            if silence >= ASK_AFTER && !self.asked {
                self.wire.write(&command(&["PING"]))?;
                self.asked = true;
            }
            let patience = if self.asked { GONE_AFTER } else { ASK_AFTER };
            let until = self.heard.checked_add(patience).map_or(deadline, |moment| moment.min(deadline));
            if !self.listen(until)? && Instant::now() >= deadline {
                return Ok(None);
            }
        }
    }
}

fn word(text: &str) -> Reply {
    Reply::Bulk(Some(text.as_bytes().to_vec()))
}

/// Redis that is starting, or full, will be otherwise soon; wrong credentials will not.
fn refusal(message: &str) -> Error {
    let message = format!("Redis answers: {message}");
    let code = message.trim_start_matches("Redis answers: ").split(' ').next().unwrap_or_default();
    if matches!(code, "NOAUTH" | "WRONGPASS" | "NOPERM") || message.contains("AUTH") || message.contains("DB index") {
        Error::Refused(message)
    } else {
        Error::Busy { message, retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_time_can_mend_is_tried_again() {
        for message in [
            "NOAUTH Authentication required.",
            "WRONGPASS invalid",
            "NOPERM no",
            "ERR AUTH <password> called without any password",
            "ERR DB index is out of range",
        ] {
            assert!(refusal(message).is_final(), "{message}");
        }
        for message in ["LOADING Redis is loading the dataset in memory", "ERR max number of clients reached", "BUSY"] {
            assert!(!refusal(message).is_final(), "{message}");
        }
    }
}
