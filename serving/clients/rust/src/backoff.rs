//! How long to wait before the next attempt.

use std::time::Duration;

use crate::random::Random;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// The longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// Doubling waits with a random part, so that many bridges do not come back at the same instant.
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
    random: Random,
}

impl Backoff {
    /// The wait after one more failure; at least what the server asked for.
    pub fn failed(&mut self, asked: Option<Duration>) -> Duration {
        let longest = FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST);
        self.failures = self.failures.saturating_add(1).min(16);
        let wait = longest.mul_f64(0.5 + self.random.fraction() / 2.0);
        wait.max(asked.unwrap_or_default().min(LONGEST_ASKED))
    }

    /// It works again.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        for attempt in 0..40 {
            let longest = FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST);
            let wait = backoff.failed(None);
            assert!(wait <= longest && wait >= longest / 2, "{attempt}: {wait:?}");
        }
        backoff.succeeded();
        assert!(backoff.failed(None) <= FIRST);
    }

    #[test]
    fn what_the_server_asks_for_is_honoured_within_reason() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed(Some(Duration::from_secs(9))), Duration::from_secs(9));
        assert_eq!(backoff.failed(Some(Duration::from_secs(1_000_000))), LONGEST_ASKED);
    }
}
