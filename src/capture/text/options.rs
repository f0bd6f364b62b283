//! TCP options as tcpdump prints them, back to bytes.

use super::scan::Scan;

/// The bytes of `mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7`; `None` where an option can't be read.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut depth = 0_u32;
    let between = |sign: char| {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        sign == ',' && depth == 0
    };
    for option in text.split(between) {
        let mut scan = Scan::new(option);
        let Some(name) = scan.word() else { continue };
        match name {
            "nop" => bytes.push(1),
            "eol" => bytes.push(0),
            "mss" => put(&mut bytes, 2, &u16::try_from(scan.number()?).ok()?.to_be_bytes()),
            "wscale" => put(&mut bytes, 3, &[u8::try_from(scan.number()?).ok()?]),
            "sackOK" => put(&mut bytes, 4, &[]),
            "TS" => {
                let mut value = [0; 8];
                let [a, b, c, d, e, f, g, h] = &mut value;
                let (first, second) = ([a, b, c, d], [e, f, g, h]);
                let numbers = [(first, "val"), (second, "ecr")];
                for (place, label) in numbers {
                    let number = scan.takes(label).then(|| scan.number()).flatten()?;
                    let number = u32::try_from(number).ok()?.to_be_bytes();
                    place.into_iter().zip(number).for_each(|(byte, value)| *byte = value);
                }
                put(&mut bytes, 8, &value);
            }
            "sack" => {
                let count = scan.number()?;
                let mut value = Vec::new();
                for _ in 0..count.min(4) {
                    let block = scan.enclosed('{', '}')?;
                    let (left, right) = block.split_once(':')?;
                    value.extend(left.trim().parse::<u32>().ok()?.to_be_bytes());
                    value.extend(right.trim().parse::<u32>().ok()?.to_be_bytes());
                }
                put(&mut bytes, 5, &value);
            }
            "tfo" | "exp-tfo" => {
                let mut value = if name == "tfo" { Vec::new() } else { vec![0xf9, 0x89] };
                if scan.takes("cookiereq") {
                    // an empty cookie asks for one
                } else {
                    scan.takes("cookie");
                    value.extend(hex(scan.word()?)?);
                }
                put(&mut bytes, if name == "tfo" { 34 } else { 254 }, &value);
            }
            "mptcp" => {
                let len = usize::try_from(scan.number()?).ok()?.checked_sub(2)?;
                let mut value = vec![0; len.min(MAX_OPTIONS)];
                let subtype = match scan.word()? {
                    "capable" => 0,
                    "join" => 1,
                    "dss" => 2,
                    "add-addr" => 3,
                    "rem-addr" => 4,
                    "prio" => 5,
                    "fail" => 6,
                    "fast-close" => 7,
                    _ => return None,
                };
                *value.first_mut()? = subtype << 4;
                put(&mut bytes, 30, &value);
            }
            "md5" => {
                let mut value = scan.word().and_then(hex).unwrap_or_default();
                value.resize(16, 0);
                put(&mut bytes, 19, &value);
            }
            "uto" => {
                put(&mut bytes, 28, &u16::from_str_radix(scan.word()?.trim_start_matches("0x"), 16).ok()?.to_be_bytes())
            }
            other => {
                // unknown-27 0x0102, exp-e2d4c3d9 …
                let kind = other.strip_prefix("unknown-")?.parse().ok()?;
                let value = scan.word().map(|word| hex(word.trim_start_matches("0x"))).unwrap_or(Some(Vec::new()))?;
                put(&mut bytes, kind, &value);
            }
        }
        if bytes.len() > MAX_OPTIONS {
            return None;
        }
    }
    while bytes.len() % 4 != 0 {
        bytes.push(0);
    }
    (bytes.len() <= MAX_OPTIONS).then_some(bytes)
}

/// A header holds no more bytes of options.
pub(super) const MAX_OPTIONS: usize = 40;

pub(super) fn put(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    bytes.push(kind);
    bytes.push(u8::try_from(value.len() + 2).unwrap_or(u8::MAX));
    bytes.extend_from_slice(value);
}

/// Bytes of hexadecimal digits without spaces.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * MAX_OPTIONS {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(pair).collect()
}

/// Moves the numbers of SACK blocks on by `base`.
pub(super) fn rebase_sack(bytes: &mut [u8], base: u32) {
    for_each_edge(bytes, |edge| edge.wrapping_add(base));
}

/// The edges of SACK blocks.
pub(super) fn sack_edges(bytes: &[u8]) -> Vec<u32> {
    let mut copy = bytes.to_vec();
    let mut edges = Vec::new();
    for_each_edge(&mut copy, |edge| {
        edges.push(edge);
        edge
    });
    edges
}

fn for_each_edge(mut bytes: &mut [u8], mut change: impl FnMut(u32) -> u32) {
    loop {
        let length = match &*bytes {
            [0, ..] | [] | [_] => return,
            [1, ..] => 1,
            [_, length, ..] => usize::from(*length).max(2),
        };
        let is_sack = bytes.first() == Some(&5);
        let Some((option, rest)) = bytes.split_at_mut_checked(length) else { return };
        if is_sack && let Some(value) = option.get_mut(2..) {
            for edge in value.as_chunks_mut::<4>().0 {
                *edge = change(u32::from_be_bytes(*edge)).to_be_bytes();
            }
        }
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syn_options_keep_their_bytes() {
        let expected = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7];
        assert_eq!(bytes("mss 1460,sackOK,TS val 9 ecr 0,nop,wscale 7"), Some(expected.to_vec()));
        // re-flowed
        assert_eq!(bytes("mss 1460,sackOK,TS val\n 9 ecr\n0,nop,wscale 7"), Some(expected.to_vec()));
    }

    #[test]
    fn blocks_are_moved_by_the_base() {
        let mut options = bytes("nop,nop,sack 2 {1:5}{9:12}").unwrap();
        rebase_sack(&mut options, 100);
        assert_eq!(sack_edges(&options), [101, 105, 109, 112]);
    }

    #[test]
    fn unknown_option_is_refused() {
        for text in ["mss", "mss 70000", "sack 1 {3}", "TS val 1", "tfo  cookie 1", "unknown-400", "what"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert_eq!(bytes("tfo  cookiereq,nop,nop"), Some(vec![34, 2, 1, 1]));
        assert_eq!(bytes(&"nop,".repeat(50)), None);
    }
}
