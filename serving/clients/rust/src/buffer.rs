//! Bytes that have arrived and wait to be understood.

/// A queue of bytes that is read from the front.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    /// Append what arrived.
    pub fn extend(&mut self, bytes: &[u8]) {
        // What was consumed is let go only when it is the larger part, so that every byte is moved a bounded number of times.
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// All bytes that wait.
    #[must_use]
    pub fn waiting(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Let the first bytes go.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::Buffer;

    #[test]
    fn bytes_come_out_in_order_however_they_came_in() {
        let mut buffer = Buffer::default();
        let mut out = Vec::new();
        for piece in (0..=255_u8).collect::<Vec<_>>().chunks(7) {
            buffer.extend(piece);
            let count = buffer.waiting().len().min(5);
            out.extend_from_slice(&buffer.waiting()[..count]);
            buffer.consume(count);
        }
        out.extend_from_slice(buffer.waiting());
        assert_eq!(out, (0..=255).collect::<Vec<u8>>());
    }

    #[test]
    fn more_than_there_is_cannot_be_consumed() {
        let mut buffer = Buffer::default();
        buffer.extend(b"abc");
        buffer.consume(10);
        assert!(buffer.waiting().is_empty());
        buffer.extend(b"d");
        assert_eq!(buffer.waiting(), b"d");
    }
}
