//! How much of anything the bridge takes from its peer.

/// Bytes of one event, however it arrives.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;
/// Values nested in each other.
pub const MAX_DEPTH: usize = 64;
/// Values of one event; each takes some 32 bytes, whatever its share of the input.
pub const MAX_VALUES: usize = 200_000;
/// Bytes of an HTTP head.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Bytes of the body that comes with an HTTP refusal.
pub const MAX_REFUSAL_BYTES: usize = 8 * 1024;

/// What is left of the values and the depth that one event may have.
#[derive(Debug, Clone)]
pub struct Budget {
    values: usize,
    depth: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { values: MAX_VALUES, depth: MAX_DEPTH }
    }
}

impl Budget {
    /// Account for one value; false when there were enough.
    pub fn spend(&mut self) -> bool {
        match self.values.checked_sub(1) {
            Some(left) => {
                self.values = left;
                true
            }
            None => false,
        }
    }

    /// Go one level deeper; false when it is deep enough.
    pub fn enter(&mut self) -> bool {
        match self.depth.checked_sub(1) {
            Some(left) => {
                self.depth = left;
                true
            }
            None => false,
        }
    }

    /// Come back from a level that was entered.
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_add(1);
    }
}
