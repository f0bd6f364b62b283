//! What an answer made of its request.

/// How answer bytes relate to request bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoKind {
    /// The request's, in this form; as far as the answer has come.
    Whole(EchoForm),
    /// Only the beginning of them, so far.
    Partial,
    /// Other bytes.
    Different,
}

/// What was made of a request's bytes in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EchoForm {
    /// They are in upper case.
    pub upper: bool,
    /// Bytes that stand before them.
    pub prefix: u16,
    /// How many times over they came, prefix and all: the last time may still be under way.
    pub copies: u32,
}

impl EchoForm {
    /// The same bytes, once.
    pub const IDENTICAL: Self = Self { upper: false, prefix: 0, copies: 1 };
    /// The same in upper case, once.
    pub const UPPER: Self = Self { upper: true, ..Self::IDENTICAL };

    /// Whether they came more than once, or began to.
    pub fn is_repeated(self) -> bool {
        self.copies > 1
    }
}

/// What a payload echoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// How the bytes relate.
    pub kind: EchoKind,
    /// First and last frame of the request.
    pub request: (u64, u64),
    /// Bytes of the request that this step's payload answers.
    pub bytes: u32,
    /// Whether the answer to the last of these requests begins with this payload, and not with one before.
    pub begins: bool,
    /// Whether all that the client asked is now answered in full, the last time over that it comes.
    pub complete: bool,
    /// The last frame of which bytes come back with it, though it may not be all of them.
    pub reaches: u64,
    /// Whether it begins with a request's first byte.
    pub from_start: bool,
    /// Whether it ends with a request's last byte.
    pub to_end: bool,
    /// Whether each of several requests came back for itself: behind a prefix of its own, or over and over.
    pub apart: bool,
}

impl Echo {
    /// A whole answer to the request in these frames.
    pub(crate) fn whole(kind: EchoKind, request: (u64, u64), bytes: u32) -> Self {
        Self {
            kind,
            request,
            bytes,
            begins: true,
            complete: true,
            reaches: request.1,
            from_start: true,
            to_end: true,
            apart: false,
        }
    }

    /// How many times over the request has come back whole, in this form.
    pub fn whole_copies(&self, form: EchoForm) -> u32 {
        form.copies.saturating_sub(u32::from(form.is_repeated() && !self.complete))
    }

    /// Two pieces of one segment's payload: the later kind, all the bytes.
    pub(crate) fn merge(first: Option<Self>, second: Option<Self>) -> Option<Self> {
        match (first, second) {
            (Some(a), Some(b)) => Some(Self {
                request: (a.request.0, b.request.1),
                bytes: a.bytes.saturating_add(b.bytes),
                from_start: a.from_start,
                ..b
            }),
            (a, b) => b.or(a),
        }
    }
}
