//! `hikari-bridge`: prints what an engine recommends to answer.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Instant;

use hikari_bridge::options::{self, Options, Wish};
use hikari_bridge::{Bridge, Error, Event, Step, report};

const REFUSED: u8 = 1;
const USAGE: u8 = 2;
const TIME_UP: u8 = 3;

fn main() -> ExitCode {
    match options::read(std::env::args().skip(1), |name| std::env::var(name).ok()) {
        Ok(Wish::Run(options)) => run(&options),
        Ok(Wish::Say(text)) => {
            let _ = writeln!(io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            note(false, &message);
            ExitCode::from(USAGE)
        }
    }
}

fn run(options: &Options) -> ExitCode {
    let deadline = options.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut bridge = Bridge::new(options.endpoint.clone(), &options.channel);
    let mut left = options.count;
    loop {
        match bridge.next(deadline) {
            Ok(Step::Event(event)) => {
                note_hello(options, &event);
                if !options.only.wants(&event) {
                    continue;
                }
                if print(options, &event).is_err() {
                    return ExitCode::SUCCESS; // nobody reads any more
                }
                left = left.map(|left| left.saturating_sub(1));
                if left == Some(0) {
                    return ExitCode::SUCCESS;
                }
            }
            Ok(Step::Connected) => note(options.quiet, &format!("listening to {} at {}", options.channel, options.endpoint)),
            Ok(Step::Skipped(why)) => note(options.quiet, &format!("left out what is no event: {why}")),
            Ok(Step::Lost { error, wait }) => {
                note(options.quiet, &format!("{error}; trying again in {:.1} s", wait.as_secs_f64()));
            }
            Ok(Step::TimeUp) if left.is_some() => return ExitCode::from(TIME_UP),
            Ok(Step::TimeUp) => return ExitCode::SUCCESS,
            Err(error) => return refused(&error),
        }
    }
}

fn print(options: &Options, event: &Event) -> io::Result<()> {
    let line = if options.json { report::line(event) } else { report::human(event) };
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn note_hello(options: &Options, event: &Event) {
    if matches!(event, Event::Hello(_)) {
        note(options.quiet, &report::human(event));
    }
}

fn refused(error: &Error) -> ExitCode {
    note(false, &error.to_string());
    ExitCode::from(REFUSED)
}

/// Tell something on stderr; what a peer said in it cannot act on the terminal.
fn note(quiet: bool, message: &str) {
    if !quiet {
        let lines = message.lines().map(report::printable).collect::<Vec<_>>().join("\n");
        let _ = writeln!(io::stderr(), "hikari-bridge: {lines}");
    }
}
