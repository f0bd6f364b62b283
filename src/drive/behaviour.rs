//! The behaviour of an echo server.

use std::time::Duration;

/// The relation of an answer's bytes to those of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transform {
    /// The same bytes.
    #[default]
    Echo,
    /// ASCII letters in upper case, the rest unchanged.
    Upper,
}

/// The behaviour of an echo server: data, so that a scenario can state it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// The change to the bytes of a request.
    pub transform: Transform,
    /// The bytes before each answer.
    pub prefix: Vec<u8>,
    /// Number of copies of each answer: in one send over TCP, in as many datagrams over UDP.
    pub repeat: u32,
    /// Maximum bytes of one read.
    pub read_size: usize,
    /// A pause before each read.
    pub read_delay: Duration,
    /// Limit of connections that wait to be accepted, a hint that the system may change (listen(2)).
    pub backlog: u32,
    /// Number of received and answered bytes after which the server closes a connection itself.
    pub close_after: Option<u64>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            transform: Transform::Echo,
            prefix: Vec::new(),
            repeat: 1,
            read_size: Self::READ_SIZE,
            read_delay: Duration::ZERO,
            backlog: 128,
            close_after: None,
        }
    }
}

impl Behaviour {
    /// Default for the maximum bytes of one read: any datagram fits.
    pub const READ_SIZE: usize = 65_536;

    /// One answer to the bytes of one read.
    pub fn answer(&self, request: &[u8]) -> Vec<u8> {
        let mut answer = Vec::with_capacity(self.prefix.len() + request.len());
        answer.extend_from_slice(&self.prefix);
        answer.extend_from_slice(request);
        if self.transform == Transform::Upper {
            answer.iter_mut().skip(self.prefix.len()).for_each(u8::make_ascii_uppercase);
        }
        answer
    }

    /// The minimum number of bytes that answer `request` bytes over TCP: each read gets its own prefix, and a request
    /// longer than a read takes several. The kernel may deliver more and smaller pieces.
    pub fn least_answer(&self, request: u64) -> u64 {
        let reads = request.div_ceil(self.read_size.max(1) as u64);
        request.saturating_add(reads.saturating_mul(self.prefix.len() as u64)).saturating_mul(u64::from(self.repeat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_prefixed_and_changed_but_the_prefix_is_not() {
        let behaviour = Behaviour { transform: Transform::Upper, prefix: b"Echo: ".to_vec(), ..Behaviour::default() };
        assert_eq!(behaviour.answer(b"hi\xff!"), b"Echo: HI\xff!");
    }

    #[test]
    fn the_answer_length_counts_a_prefix_for_each_read() {
        let behaviour = Behaviour { prefix: b"> ".to_vec(), repeat: 3, read_size: 5, ..Behaviour::default() };
        assert_eq!(behaviour.least_answer(12), 3 * (12 + 3 * 2));
        assert_eq!(behaviour.least_answer(0), 0);
        assert_eq!(Behaviour::default().least_answer(12), 12);
    }
}
