//! TCP options (RFC 9293 §3.2), read once and small enough to copy.

/// The timestamps option (RFC 7323 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpTimestamps {
    /// TSval: the sender's clock.
    pub value: u32,
    /// TSecr: the peer's clock, echoed.
    pub echo_reply: u32,
}

/// The blocks of a SACK option (RFC 2018 §3), at most four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SackBlocks {
    blocks: [(u32, u32); 4],
    count: u8,
}

impl SackBlocks {
    /// Adds a block of raw sequence numbers `[left, right)`; a fifth is dropped, since no header holds five.
    pub fn push(&mut self, left: u32, right: u32) {
        if let Some(slot) = self.blocks.get_mut(usize::from(self.count)) {
            *slot = (left, right);
            self.count += 1;
        }
    }

    /// The blocks as `(left, right)`, raw, in the order of the header; a DSACK (RFC 2883) comes first.
    pub fn as_slice(&self) -> &[(u32, u32)] {
        self.blocks.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Returns `true` if there is no block.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// The options of one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpOptions {
    /// Maximum segment size in bytes.
    pub mss: Option<u16>,
    /// Window scale as sent: the shift (RFC 7323 §2).
    pub window_scale: Option<u8>,
    /// SACK-permitted.
    pub sack_permitted: bool,
    /// Timestamps.
    pub timestamps: Option<TcpTimestamps>,
    /// Selective acknowledgments.
    pub sack: SackBlocks,
    /// TCP Fast Open (RFC 7413 §4.1.1), also under the number of its experiment: bytes of cookie; 0 asks for one.
    pub fast_open: Option<u8>,
    /// MPTCP (RFC 8684): the first option of kind 30.
    pub mptcp: Option<MptcpOption>,
    /// All other options but end-of-list and no-operation.
    pub other: OptionKinds,
    /// The capture cut the list: options behind those that are here may be missing.
    pub cut: bool,
}

/// The part of an MPTCP option (RFC 8684 §3) that tells what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MptcpOption {
    /// Its subtype: 7 is MP_FASTCLOSE, 8 MP_TCPRST.
    pub subtype: u8,
    /// The byte after subtype and flags: of MP_TCPRST the reason; 0 where there is none.
    pub reason: u8,
}

/// A set of option kinds, with the subtypes of MPTCP and the experiments that were distinguished.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionKinds {
    kinds: [u64; 4],
    /// MPTCP's subtypes (RFC 8684 §3), one bit each.
    mptcp: u16,
    /// Experiments by their place in [`EXPERIMENTS`], one bit each.
    experiments: u8,
    /// One has the form of a load balancer's TOA.
    client_address: bool,
}

/// MPTCP (RFC 8684).
const MPTCP: u8 = 30;
/// The kinds that are set aside for experiments (RFC 4727).
const EXPERIMENT_KINDS: [u8; 2] = [253, 254];
/// The kind that load balancers use for the client's address besides those of experiments; it is not registered.
const UNREGISTERED_TOA: u8 = 200;

/// The names of option kinds, as IANA registers them.
const KIND_NAMES: &[(u8, &str)] = &[
    (6, "Echo"),
    (7, "Echo Reply"),
    (9, "Partial Order Connection Permitted"),
    (10, "Partial Order Service Profile"),
    (11, "CC"),
    (12, "CC.NEW"),
    (13, "CC.ECHO"),
    (14, "Alternate Checksum Request"),
    (15, "Alternate Checksum Data"),
    (19, "MD5 Signature"),
    (20, "SCPS Capabilities"),
    (21, "Selective Negative Acknowledgments"),
    (27, "Quick-Start Response"),
    (28, "User Timeout"),
    (29, "TCP-AO"),
    (34, "Fast Open"),
    (69, "TCP-ENO"),
    (172, "AccECN0"),
    (174, "AccECN1"),
];

/// The subtypes of MPTCP, by number (RFC 8684 §8.2).
const MPTCP_SUBTYPES: [&str; 9] =
    ["MP_CAPABLE", "MP_JOIN", "DSS", "ADD_ADDR", "REMOVE_ADDR", "MP_PRIO", "MP_FAIL", "MP_FASTCLOSE", "MP_TCPRST"];

/// Experiments: the first bytes of the option's value (RFC 6994 §3), and the name.
const EXPERIMENTS: [(&[u8], &str); 7] = [
    (&[0xf9, 0x89], "Fast Open"),
    (&[0xac, 0xce], "AccECN"),
    (&[0xac, 0xc0], "AccECN0"),
    (&[0xac, 0xc1], "AccECN1"),
    (&[0x45, 0x4e], "TCP-ENO"),
    (&[0xe2, 0xd4, 0xc3, 0xd9], "SMC-R"),
    (&[0x03, 0x48], "HOST_ID"),
];

/// The subtype of MPTCP by which one side closes all subflows at once (RFC 8684 §3.5).
const MP_FASTCLOSE: u8 = 7;

impl OptionKinds {
    /// Adds an option of `kind` with this value, without its kind and length.
    pub fn insert(&mut self, kind: u8, value: &[u8]) {
        if let Some(word) = self.kinds.get_mut(usize::from(kind / 64)) {
            *word |= 1 << (kind % 64);
        }
        match (kind, value) {
            (MPTCP, [first, ..]) => self.mptcp |= 1 << (first >> 4),
            (253 | 254 | UNREGISTERED_TOA, _) => {
                let known = EXPERIMENTS.iter().position(|(id, _)| kind != UNREGISTERED_TOA && value.starts_with(id));
                match known {
                    Some(place) => self.experiments |= 1 << place,
                    // a port, and an IPv4 or IPv6 address
                    None => self.client_address |= matches!(value.len(), 6 | 18),
                }
            }
            _ => {}
        }
    }

    /// Adds those of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.kinds.iter_mut().zip(other.kinds).for_each(|(word, more)| *word |= more);
        self.mptcp |= other.mptcp;
        self.experiments |= other.experiments;
        self.client_address |= other.client_address;
    }

    /// Returns `true` if the set is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.kinds == [0; 4]
    }

    /// Returns `true` if `kind` is in the set.
    pub fn contains(&self, kind: u8) -> bool {
        self.kinds.get(usize::from(kind / 64)).is_some_and(|word| word >> (kind % 64) & 1 == 1)
    }

    /// The kinds in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..).step_by(64).zip(self.kinds).flat_map(|(first, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let place = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                u8::try_from(first + place).ok()
            })
        })
    }

    /// MPTCP's subtypes by name, in the order of their numbers.
    pub fn mptcp(&self) -> impl Iterator<Item = &'static str> + '_ {
        MPTCP_SUBTYPES
            .into_iter()
            .enumerate()
            .filter(|(subtype, _)| self.mptcp >> subtype & 1 == 1)
            .map(|(_, name)| name)
    }

    /// Returns `true` if MP_FASTCLOSE is in the set; it closes all subflows at once (RFC 8684 §3.5).
    pub fn has_fastclose(&self) -> bool {
        self.mptcp >> MP_FASTCLOSE & 1 == 1
    }

    /// Every option by name, in the order of the kinds: `MPTCP (MP_CAPABLE)`, `TCP-AO`, `kind 99`.
    pub fn names(&self) -> Vec<String> {
        self.iter().map(|kind| self.name(kind)).collect()
    }

    /// The name of one kind of the set, with what is known of it.
    pub fn name(&self, kind: u8) -> String {
        if kind == MPTCP {
            let subtypes: Vec<_> = self.mptcp().collect();
            return if subtypes.is_empty() { "MPTCP".to_owned() } else { format!("MPTCP ({})", subtypes.join(", ")) };
        }
        if let Some((_, name)) = KIND_NAMES.iter().find(|(known, _)| *known == kind) {
            return (*name).to_owned();
        }
        let experiment = EXPERIMENT_KINDS.contains(&kind);
        let known: Vec<_> = EXPERIMENTS
            .iter()
            .enumerate()
            .filter(|(place, _)| experiment && self.experiments >> place & 1 == 1)
            .map(|(_, (_, name))| *name)
            .collect();
        match (experiment, known.as_slice()) {
            (true, [_, ..]) => format!("{} (experimental kind {kind})", known.join(", ")),
            (true, []) if self.client_address => {
                format!("kind {kind}: an experiment, or the client's address from a load balancer (TOA)")
            }
            (true, []) => format!("kind {kind}: an experiment"),
            (false, _) if kind == UNREGISTERED_TOA && self.client_address => {
                format!("kind {kind}: not registered; it may be the client's address from a load balancer (TOA)")
            }
            (false, _) => format!("kind {kind}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(options: &[(u8, &[u8])]) -> Vec<String> {
        let mut kinds = OptionKinds::default();
        options.iter().for_each(|(kind, value)| kinds.insert(*kind, value));
        kinds.names()
    }

    #[test]
    fn options_have_their_registered_names() {
        assert_eq!(
            named(&[(29, &[1, 2]), (19, &[0; 16]), (28, &[0x80, 5])]),
            ["MD5 Signature", "User Timeout", "TCP-AO"]
        );
        assert_eq!(named(&[(172, &[]), (174, &[])]), ["AccECN0", "AccECN1"]);
        assert_eq!(named(&[(99, &[])]), ["kind 99"]);
    }

    #[test]
    fn mptcp_is_named_with_its_subtypes() {
        assert_eq!(named(&[(30, &[0x01, 0x81])]), ["MPTCP (MP_CAPABLE)"]);
        assert_eq!(named(&[(30, &[0x30]), (30, &[0x20]), (30, &[0x7f])]), ["MPTCP (DSS, ADD_ADDR, MP_FASTCLOSE)"]);
        assert_eq!(named(&[(30, &[])]), ["MPTCP"]);
        assert_eq!(named(&[(30, &[0xf0])]), ["MPTCP"]);
    }

    #[test]
    fn experiments_are_distinguished_by_their_identifiers() {
        assert_eq!(named(&[(254, &[0xf9, 0x89, 1, 2])]), ["Fast Open (experimental kind 254)"]);
        assert_eq!(named(&[(254, &[0xe2, 0xd4, 0xc3, 0xd9])]), ["SMC-R (experimental kind 254)"]);
        assert_eq!(named(&[(253, &[1, 2])]), ["kind 253: an experiment"]);
    }

    #[test]
    fn a_load_balancers_option_is_named_only_as_a_candidate() {
        assert!(named(&[(254, &[0x1f, 0x90, 192, 0, 2, 1])])[0].contains("or the client's address"));
        assert!(named(&[(200, &[0x1f, 0x90, 192, 0, 2, 1])])[0].contains("it may be the client's address"));
        assert_eq!(named(&[(200, &[1])]), ["kind 200"]);
    }
}
