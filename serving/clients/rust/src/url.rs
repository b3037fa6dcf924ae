//! The two kinds of address that the bridge knows: `ws://` and `redis://`.

use std::fmt;

/// Where a WebSocket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsUrl {
    /// Name or address of the machine, an IPv6 address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Path and query.
    pub target: String,
}

impl WsUrl {
    /// Read `ws://host[:port][/path][?query]`.
    ///
    /// # Errors
    /// When it is none, in words for the person who wrote it.
    pub fn read(url: &str) -> Result<Self, String> {
        let rest = after_scheme(url, "ws", "wss")?;
        if rest.contains('#') {
            return Err("a WebSocket's address has no fragment (#...)".into());
        }
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(split);
        if authority.contains('@') {
            return Err("a WebSocket's address holds no user; give the key with --key-env".into());
        }
        let (host, port) = host_and_port(authority, 80)?;
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self { host, port, target })
    }

    /// The `Host` header.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Where a Redis is, and who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl {
    /// Name or address of the machine.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user to sign in as.
    pub user: Option<String>,
    /// The password to sign in with.
    pub password: Option<String>,
    /// The database to select.
    pub database: Option<u32>,
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis://{}:{}/{}", self.host, self.port, self.database.unwrap_or(0))
    }
}

impl RedisUrl {
    /// Read `redis://[[user]:password@]host[:port][/database]`.
    ///
    /// # Errors
    /// When it is none, in words for the person who wrote it.
    pub fn read(url: &str) -> Result<Self, String> {
        let rest = after_scheme(url, "redis", "rediss")?;
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, authority),
        };
        let (user, password) = match credentials.map(|given| given.split_once(':').unwrap_or((given, ""))) {
            Some((user, password)) => (decoded(user)?, decoded(password)?),
            None => (None, None),
        };
        if user.is_some() && password.is_none() {
            return Err("a user needs a password: redis://user:password@host".into());
        }
        let database = match database {
            "" => None,
            number => Some(number.parse().map_err(|_| "the database of a Redis address is a whole number".to_owned())?),
        };
        let (host, port) = host_and_port(place, 6379)?;
        Ok(Self { host, port, user, password, database })
    }
}

/// What is written is never quoted in an error: it may hold a password.
fn after_scheme<'a>(url: &'a str, scheme: &str, encrypted: &str) -> Result<&'a str, String> {
    if url.chars().any(|character| character.is_whitespace() || character.is_control() || !character.is_ascii()) {
        return Err("an address holds no spaces and only ASCII; write other characters as %XX".into());
    }
    match url.split_once("://") {
        Some((given, rest)) if given.eq_ignore_ascii_case(scheme) => Ok(rest),
        Some((given, _)) if given.eq_ignore_ascii_case(encrypted) => Err(format!(
            "{encrypted}:// needs TLS, which the bridge does not speak; put a TLS proxy beside it and use {scheme}://"
        )),
        _ => Err(format!("the address must begin with {scheme}://")),
    }
}

fn host_and_port(authority: &str, default: u16) -> Result<(String, u16), String> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("an IPv6 address ends with ]")?;
        (host, after.strip_prefix(':').or(after.is_empty().then_some("")))
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("")),
        }
    };
    if host.is_empty() {
        return Err("the address names no machine".into());
    }
    match port {
        Some("") => Ok((host.to_owned(), default)),
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => Ok((host.to_owned(), port)),
            _ => Err("a port is a whole number from 1 to 65535".into()),
        },
        None => Err("after ] comes a port or nothing".into()),
    }
}

fn decoded(text: &str) -> Result<Option<String>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next(), rest.next()].map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
            let [Some(high), Some(low)] = digits else {
                return Err("after % come two hexadecimal digits".into());
            };
            #[allow(clippy::cast_possible_truncation)] // two digits of four bits
            bytes.push((high << 4 | low) as u8);
        } else {
            bytes.push(byte);
        }
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "user and password must be in UTF-8".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_websockets() {
        for (url, host, port, target) in [
            ("ws://127.0.0.1:3000/ws/chat", "127.0.0.1", 3000, "/ws/chat"),
            ("WS://localhost", "localhost", 80, "/"),
            ("ws://[::1]:9/x?y=1", "::1", 9, "/x?y=1"),
            ("ws://h?y", "h", 80, "/?y"),
        ] {
            let expected = WsUrl { host: host.into(), port, target: target.into() };
            assert_eq!(WsUrl::read(url), Ok(expected), "{url}");
        }
        assert_eq!(WsUrl::read("ws://[::1]").unwrap().authority(), "[::1]:80");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for bad in [
            "",
            "ws:",
            "http://x",
            "ws://",
            "ws://x:0",
            "ws://x:70000",
            "ws://x:y",
            "ws://[::1",
            "ws://[::1]x",
            "ws://a b",
            "ws://x/\r\nHost: y",
            "ws://user:key@x",
            "ws://x/#y",
            "ws://\u{e9}",
        ] {
            assert!(WsUrl::read(bad).is_err(), "{bad}");
        }
        assert!(WsUrl::read("wss://x").unwrap_err().contains("TLS"));
        assert!(RedisUrl::read("rediss://x").unwrap_err().contains("TLS"));
        for bad in ["redis://u@x", "redis://x/y", "redis://:%zz@x", "redis://:%f@x", "redis://:%ff@x", "redis://x/-1"] {
            assert!(RedisUrl::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_redis() {
        let read = |url| RedisUrl::read(url).unwrap();
        let plain = RedisUrl { host: "h".into(), port: 6379, user: None, password: None, database: None };
        assert_eq!(read("redis://h"), plain);
        assert_eq!(read("redis://h/"), plain);
        assert_eq!(
            read("redis://:p%40s%3As@h:1/2"),
            RedisUrl { port: 1, password: Some("p@s:s".into()), database: Some(2), ..plain.clone() }
        );
        assert_eq!(read("redis://me:a@b@h").password.as_deref(), Some("a@b"));
        assert!(!format!("{:?}", read("redis://me:secret@h")).contains("secret"));
    }
}
