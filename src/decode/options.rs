//! The option list of a TCP header (RFC 9293 §3.2), read as far as it makes sense.

use crate::model::{MptcpOption, TcpOptions, TcpTimestamps};

const END_OF_LIST: u8 = 0;
const NO_OPERATION: u8 = 1;
const MAXIMUM_SEGMENT_SIZE: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
const MPTCP: u8 = 30;
const FAST_OPEN: u8 = 34;
/// An option of an experiment, distinguished from others by a number of its own (RFC 6994).
const EXPERIMENT: u8 = 254;
/// Fast Open's, before it had a kind (RFC 7413 §4.1.1).
const FAST_OPEN_EXPERIMENT: [u8; 2] = [0xf9, 0x89];

/// Reads `list`; stops at a bad length. Of an option that comes twice the first counts; a known option of a wrong
/// length counts as absent.
#[inline(always)]
pub(super) fn read(list: &[u8]) -> TcpOptions {
    // nearly every segment of nearly every connection
    if let [NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10, value @ ..] = list
        && let Ok(value) = value.try_into()
    {
        return TcpOptions { timestamps: Some(timestamps(value)), ..TcpOptions::default() };
    }
    if list.is_empty() { TcpOptions::default() } else { walk(list) }
}

#[inline(never)]
fn walk(mut list: &[u8]) -> TcpOptions {
    let mut options = TcpOptions::default();
    while let [kind, rest @ ..] = list {
        list = match *kind {
            END_OF_LIST => break,
            NO_OPERATION => rest,
            kind => {
                let Some((value, after)) = split(rest) else { break };
                add(&mut options, kind, value);
                after
            }
        };
    }
    options
}

/// An option's value and what follows it; `list` starts with its length, which counts kind and length too.
fn split(list: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = list.split_first()?;
    rest.split_at_checked(usize::from(*len).checked_sub(2)?)
}

fn add(options: &mut TcpOptions, kind: u8, value: &[u8]) {
    match kind {
        MAXIMUM_SEGMENT_SIZE => options.mss = options.mss.or(value.try_into().ok().map(u16::from_be_bytes)),
        WINDOW_SCALE => {
            if let [shift] = value {
                options.window_scale = options.window_scale.or(Some(*shift));
            }
        }
        SACK_PERMITTED => options.sack_permitted = true,
        SACK => {
            for [l0, l1, l2, l3, r0, r1, r2, r3] in value.as_chunks().0 {
                options.sack.push(u32::from_be_bytes([*l0, *l1, *l2, *l3]), u32::from_be_bytes([*r0, *r1, *r2, *r3]));
            }
        }
        TIMESTAMPS => options.timestamps = options.timestamps.or(value.try_into().ok().map(timestamps)),
        other => {
            let cookie = match other {
                FAST_OPEN => Some(value),
                EXPERIMENT => value.strip_prefix(&FAST_OPEN_EXPERIMENT),
                _ => None,
            };
            let bytes = cookie.and_then(|cookie| u8::try_from(cookie.len()).ok());
            options.fast_open = options.fast_open.or(bytes);
            if other == MPTCP && options.mptcp.is_none() {
                options.mptcp = mptcp(value);
            }
            options.other.insert(other, value);
        }
    }
}

fn mptcp(value: &[u8]) -> Option<MptcpOption> {
    let (first, rest) = value.split_first()?;
    Some(MptcpOption { subtype: first >> 4, reason: rest.first().copied().unwrap_or_default() })
}

#[inline]
fn timestamps([v0, v1, v2, v3, e0, e1, e2, e3]: [u8; 8]) -> TcpTimestamps {
    TcpTimestamps { value: u32::from_be_bytes([v0, v1, v2, v3]), echo_reply: u32::from_be_bytes([e0, e1, e2, e3]) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_options_of_a_syn_are_all_read() {
        let syn = [2, 4, 0xff, 0xd7, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7];
        let options = read(&syn);
        assert_eq!((options.mss, options.window_scale, options.sack_permitted), (Some(65495), Some(7), true));
        assert_eq!(options.timestamps, Some(TcpTimestamps { value: 9, echo_reply: 0 }));
        assert_eq!(options.other.iter().count(), 0);
    }

    #[test]
    fn fast_and_slow_decoding_agree() {
        let usual = [1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(read(&usual), walk(&usual));
        assert_eq!(read(&usual).timestamps, Some(TcpTimestamps { value: 0x0102_0304, echo_reply: 0x0506_0708 }));
    }

    #[test]
    fn sack_blocks_keep_their_order() {
        let sack = [1, 1, 5, 18, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 2];
        assert_eq!(read(&sack).sack.as_slice(), [(5, 9), (1, 2)]);
    }

    #[test]
    fn other_kinds_are_listed_and_the_list_ends_at_its_end() {
        let fast_open = [34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 254, 4, 0xf9, 0x89, 1, 0, 30, 4, 0, 0];
        assert_eq!(read(&fast_open).other.iter().collect::<Vec<_>>(), [34, 254]);
    }

    #[test]
    fn a_fast_open_cookie_is_distinguished_from_the_question_for_one() {
        let lists: [&[u8]; 5] =
            [&[34, 2], &[34, 6, 1, 2, 3, 4], &[254, 4, 0xf9, 0x89], &[254, 6, 0xf9, 0x89, 1, 2], &[254, 4, 0, 0]];
        assert_eq!(lists.map(|list| read(list).fast_open), [Some(0), Some(4), Some(0), Some(2), None]);
    }

    #[test]
    fn a_bad_length_ends_the_list() {
        for bad in [&[3, 3, 7, 2, 0, 4, 2][..], &[3, 3, 7, 2, 1], &[3, 3, 7, 2, 40], &[3, 3, 7, 2]] {
            let options = read(bad);
            assert_eq!((options.window_scale, options.mss, options.sack_permitted), (Some(7), None, false), "{bad:?}");
        }
    }

    #[test]
    fn a_wrong_length_is_no_value_and_the_first_of_two_counts() {
        let options = read(&[2, 3, 5, 2, 4, 5, 0xb4, 2, 4, 1, 1, 3, 3, 7, 3, 3, 2]);
        assert_eq!((options.mss, options.window_scale), (Some(1460), Some(7)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(list in proptest::collection::vec(any::<u8>(), 0..44)) {
            prop_assert_eq!(read(&list), walk(&list));
        }
    }
}
