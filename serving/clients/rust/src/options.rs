//! The command line.

use std::time::Duration;

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::report::Only;

/// What `--help` prints.
pub const HELP: &str = "\
hikari-bridge: hears the events of a Hikari engine and tells what to answer

    hikari-bridge --url ws://127.0.0.1:3000/ws/chat --channel lobby
    hikari-bridge --redis redis://127.0.0.1:6379/0 --channel lobby --json

  --url URL          the engine's WebSocket (default ws://127.0.0.1:3000/ws/chat)
  --redis URL        the engine's Redis instead: redis://[[user]:password@]host[:port][/database]
  --redis-env NAME   the same, read from this environment variable, so that no password is seen in the list of processes
  --channel NAME     the channel (default: default)
  --key-env NAME     the environment variable that holds the API key
  --msgpack          ask the WebSocket for msgpack instead of JSON
  --json             print one JSON object a line
  --only KIND        analysis or alert: print nothing else
  --count N          end after N printed events
  --timeout-s S      end after S seconds
  --quiet            say nothing about connections on stderr
  --help, --version

Exit status: 0 done, 1 refused by the other side, 2 wrong usage, 3 time up before --count was reached.
TLS is not spoken: put a proxy beside the bridge for an engine that is not on this machine or in this network.";

/// What was asked for.
pub struct Options {
    /// Where events come from.
    pub endpoint: Endpoint,
    /// Which channel's.
    pub channel: String,
    /// Whether to print JSON.
    pub json: bool,
    /// Which events to print.
    pub only: Only,
    /// After how many to end.
    pub count: Option<u64>,
    /// After how long to end.
    pub timeout: Option<Duration>,
    /// Whether to keep silent about connections.
    pub quiet: bool,
}

/// What the command line says.
pub enum Wish {
    /// Run with these options.
    Run(Box<Options>),
    /// Print this and end.
    Say(String),
}

#[derive(Default)]
struct Given {
    url: Option<String>,
    redis: Option<String>,
    channel: Option<String>,
    key: Option<String>,
    msgpack: bool,
    json: bool,
    only: Option<Only>,
    count: Option<u64>,
    timeout: Option<Duration>,
    quiet: bool,
}

/// Read the arguments; `variable` looks up an environment variable.
///
/// # Errors
/// When they contradict each other or are none, in words.
pub fn read(arguments: impl IntoIterator<Item = String>, variable: impl Fn(&str) -> Option<String>) -> Result<Wish, String> {
    let mut given = Given::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let has_value = inline.is_some();
        let mut value = || inline.clone().or_else(|| arguments.next()).ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Wish::Say(HELP.to_owned())),
            "--version" => return Ok(Wish::Say(format!("hikari-bridge {}", env!("CARGO_PKG_VERSION")))),
            "--msgpack" | "--json" | "--quiet" if has_value => return Err(format!("{name} takes no value")),
            "--msgpack" => given.msgpack = true,
            "--json" => given.json = true,
            "--quiet" => given.quiet = true,
            "--url" => given.url = Some(value()?),
            "--redis" => given.redis = Some(value()?),
            "--redis-env" => given.redis = Some(from_environment(&value()?, &variable)?),
            "--key-env" => given.key = Some(from_environment(&value()?, &variable)?),
            "--channel" => given.channel = Some(channel(value()?)?),
            "--only" => given.only = Some(only(&value()?)?),
            "--count" => given.count = Some(count(&value()?)?),
            "--timeout-s" => given.timeout = Some(seconds(&value()?)?),
            _ => return Err(format!("{} is no option; --help lists them", crate::report::printable(&name))),
        }
    }
    finished(given)
}

fn finished(given: Given) -> Result<Wish, String> {
    let endpoint = match (given.url, given.redis) {
        (Some(_), Some(_)) => return Err("give --url or --redis, not both".into()),
        (None, Some(_)) if given.key.is_some() || given.msgpack => {
            return Err("--key-env and --msgpack belong to a WebSocket; Redis has its password in the address".into());
        }
        (None, Some(redis)) => Endpoint::redis(&redis),
        (url, None) => {
            Endpoint::websocket(url.as_deref().unwrap_or("ws://127.0.0.1:3000/ws/chat"), given.key).map(|endpoint| match endpoint
            {
                Endpoint::WebSocket { url, key, .. } => Endpoint::WebSocket { url, key, binary: given.msgpack },
                redis @ Endpoint::Redis(_) => redis,
            })
        }
    };
    Ok(Wish::Run(Box::new(Options {
        endpoint: endpoint.map_err(|error: Error| error.to_string())?,
        channel: given.channel.unwrap_or_else(|| "default".into()),
        json: given.json,
        only: given.only.unwrap_or(Only::Everything),
        count: given.count,
        timeout: given.timeout,
        quiet: given.quiet,
    })))
}

fn from_environment(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<String, String> {
    variable(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| format!("the environment variable {} is not set", crate::report::printable(name)))
}

fn channel(name: String) -> Result<String, String> {
    let fits = !name.is_empty() && name.chars().count() <= 256 && name == crate::report::printable(&name);
    if fits { Ok(name) } else { Err("a channel has 1 to 256 printable characters".into()) }
}

fn only(kind: &str) -> Result<Only, String> {
    match kind {
        "analysis" => Ok(Only::Analyses),
        "alert" => Ok(Only::Alerts),
        _ => Err("--only takes analysis or alert".into()),
    }
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "--count takes a whole number from 1".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|seconds| !seconds.is_zero()).ok_or_else(|| "--timeout-s takes a number of seconds over 0".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Result<Options, String> {
        let variable = |name: &str| (name == "KEY").then(|| "secret".to_owned());
        match read(arguments.iter().map(|argument| (*argument).to_owned()), variable)? {
            Wish::Run(options) => Ok(*options),
            Wish::Say(text) => Err(text),
        }
    }

    #[test]
    fn options_are_read() {
        let options =
            run(&["--url", "ws://h:1/x", "--channel=lobby", "--key-env", "KEY", "--count", "3", "--timeout-s", "1.5", "--json"]);
        let options = options.unwrap();
        assert!(matches!(&options.endpoint, Endpoint::WebSocket { key: Some(key), .. } if key == "secret"));
        assert_eq!(options.endpoint.to_string(), "ws://h:1");
        assert_eq!((options.channel.as_str(), options.count, options.json), ("lobby", Some(3), true));
        assert_eq!(options.timeout, Some(Duration::from_millis(1500)));
        assert_eq!(run(&["--redis", "redis://:p@h/1"]).unwrap().endpoint.to_string(), "redis://h:6379/1");
        assert_eq!(run(&[]).unwrap().endpoint.to_string(), "ws://127.0.0.1:3000");
    }

    #[test]
    fn wrong_usage_is_told() {
        for (arguments, word) in [
            (&["--nothing"][..], "--nothing"),
            (&["--count"], "needs a value"),
            (&["--count", "0"], "--count"),
            (&["--timeout-s", "nan"], "--timeout-s"),
            (&["--timeout-s", "-1"], "--timeout-s"),
            (&["--url", "wss://x"], "TLS"),
            (&["--url", "ws://x", "--redis", "redis://x"], "not both"),
            (&["--redis", "redis://x", "--msgpack"], "WebSocket"),
            (&["--key-env", "NOPE"], "NOPE"),
            (&["--channel", ""], "channel"),
            (&["--channel", "a\nb"], "channel"),
            (&["--only", "errors"], "--only"),
            (&["--json=1"], "takes no value"),
        ] {
            let error = run(arguments).err().unwrap();
            assert!(error.contains(word), "{arguments:?}: {error}");
        }
        assert!(run(&["--help"]).err().unwrap().contains("Exit status"));
    }
}
