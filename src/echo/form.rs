//! The relation between the bytes of an answer and those of its request.

/// The relation of answer bytes to request bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoKind {
    /// The request's bytes in this form, as far as the answer has arrived.
    Whole(EchoForm),
    /// Only the beginning of the request, so far.
    Partial,
    /// Other bytes.
    Different,
}

/// The form in which an answer returns the bytes of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EchoForm {
    /// The bytes are in upper case.
    pub upper: bool,
    /// Length of the prefix before each copy, in bytes.
    pub prefix: u16,
    /// Number of copies, each with its prefix; the last one may be incomplete so far.
    pub copies: u32,
}

impl EchoForm {
    /// The same bytes, once.
    pub const IDENTICAL: Self = Self { upper: false, prefix: 0, copies: 1 };
    /// The same in upper case, once.
    pub const UPPER: Self = Self { upper: true, ..Self::IDENTICAL };

    /// `true` if the bytes came back more than once, or a second copy has begun.
    pub fn is_repeated(self) -> bool {
        self.copies > 1
    }
}

/// The request bytes that a payload echoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The relation of the bytes.
    pub kind: EchoKind,
    /// First and last frame of the request.
    pub request: (u64, u64),
    /// Bytes of the request that this step's payload answers.
    pub bytes: u32,
    /// `true` if the answer to the last of these requests begins with this payload and not with an earlier one.
    pub begins: bool,
    /// `true` if every request is now answered in full, including the last copy of a repeated answer.
    pub complete: bool,
    /// The last request frame with bytes in this payload, though not necessarily all of its bytes.
    pub reaches: u64,
    /// `true` if the payload begins with a request's first byte.
    pub from_start: bool,
    /// `true` if the payload ends with a request's last byte.
    pub to_end: bool,
    /// `true` if each of several requests was answered separately: with its own prefix, or repeated.
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

    /// The number of complete copies of the request so far, in this form.
    pub fn whole_copies(&self, form: EchoForm) -> u32 {
        form.copies.saturating_sub(u32::from(form.is_repeated() && !self.complete))
    }

    /// Merges the echoes of two pieces of one segment's payload: the later kind, all the bytes.
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
