//! A dialogue, and the capture that it makes.

/// The initial sequence numbers of client and server.
const ISN: [u32; 2] = [100_000, 500_000];

/// A line of a dialogue: the bytes of its packet, how long after the one before, and what must be said of it.
pub(crate) struct Line<'a> {
    packet: Vec<u8>,
    delay: i64,
    pub(crate) said: Vec<&'a str>,
}

/// The dialogues of a file: a title and its lines each.
pub(crate) fn dialogues(file: &str) -> Vec<String> {
    let text = file.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    text.split("\n\n").map(str::trim).filter(|dialogue| !dialogue.is_empty()).map(str::to_owned).collect()
}

/// Reads a line such as `c 21-31 a1 PA w8192 s3 +1000 lost_segment`; the file's head says what may be left out.
pub(crate) fn line(text: &str, port: u16) -> Line<'_> {
    let mut words = text.split_whitespace();
    let server = words.next().unwrap() == "s";
    let (first, end) = range(words.next().unwrap()).unwrap();
    let [own, peer] = if server { [ISN[1], ISN[0]] } else { ISN };
    let mut names = if end > first { "PA" } else { "A" };
    let (mut ack, mut window, mut delay, mut said) = (1, 8192_u16, 1000, Vec::new());
    let (mut id, mut options, mut sack, mut harm, mut too_big) = (0_u16, Vec::new(), Vec::new(), 0, false);
    let (mut stamps, mut letter, mut ttl, mut ecn) = (None, b'x', 64_u8, 0_u8);
    for word in words {
        let (head, number) = word.split_at(1);
        match head {
            "+" => delay = number.parse().unwrap(),
            "a" if number.parse::<u32>().is_ok() => ack = number.parse().unwrap(),
            "w" if number.parse::<u16>().is_ok() => window = number.parse().unwrap(),
            "s" if number.parse::<u8>().is_ok() => options.extend([3, 3, number.parse().unwrap(), 1]),
            "i" if number.parse::<u16>().is_ok() => id = number.parse().unwrap(),
            "h" if number.parse::<u8>().is_ok() => ttl = number.parse().unwrap(),
            "t" if range(number).is_some() => stamps = range(number),
            "e" if number.parse::<u8>().is_ok() => ecn = number.parse().unwrap(),
            "p" if !number.is_empty() && number.chars().all(|digit| digit.is_ascii_hexdigit()) => {
                let digits: Vec<_> = number.chars().map(|digit| digit.to_digit(16).unwrap()).collect();
                let byte =
                    |digits: &[u32]| u8::try_from(digits.iter().fold(0, |byte, digit| byte << 4 | digit)).unwrap();
                options.extend(digits.chunks(2).map(byte));
            }
            "k" if range(number).is_some() => sack.extend(range(number)),
            "o" if number.is_empty() => options.extend([2, 4, 5, 180, 4, 2, 1, 1]),
            "x" if number.is_empty() => harm = 0x5a5a,
            "u" if number.is_empty() => too_big = true,
            "y" if number.is_empty() => letter = b'y',
            _ if head.chars().all(char::is_uppercase) => names = word,
            _ => said.push(word),
        }
    }
    if let Some((value, echo)) = stamps {
        options.extend([1, 1, 8, 10]);
        options.extend([value, echo].into_iter().flat_map(u32::to_be_bytes));
    }
    if !sack.is_empty() {
        options.extend([1, 1, 5, u8::try_from(2 + 8 * sack.len()).unwrap()]);
        options.extend(sack.iter().flat_map(|(from, to)| [peer + from, peer + to]).flat_map(u32::to_be_bytes));
    }
    let bit = |(at, name)| if names.contains(name) { 1_u8 << at } else { 0 };
    let bits: u8 = "FSRPAUEW".chars().enumerate().map(bit).sum();
    let bits = if ack == 0 { bits & !0x10 } else { bits };
    options.resize(options.len().next_multiple_of(4), 1);
    let header = u8::try_from(20 + options.len()).unwrap();
    let length = u16::from(20 + header) + u16::try_from(end - first).unwrap();
    let mut packet = vec![0x45, ecn];
    packet.extend([length, id, 0, u16::from(ttl) << 8 | 6, 0].into_iter().flat_map(u16::to_be_bytes));
    packet.extend(if server { [10, 0, 0, 2, 10, 0, 0, 1] } else { [10, 0, 0, 1, 10, 0, 0, 2] });
    packet.extend(if server { [7, port] } else { [port, 7] }.into_iter().flat_map(u16::to_be_bytes));
    packet.extend([own + first, if bits & 0x10 == 0 { 0 } else { peer + ack }].into_iter().flat_map(u32::to_be_bytes));
    packet.extend([header << 2 | u8::from(names.contains('N')), bits]);
    packet.extend([window, 0, 0].into_iter().flat_map(u16::to_be_bytes));
    packet.extend(options);
    packet.resize(length.into(), letter);
    let sum = checksum(&packet) ^ harm;
    packet.splice(36..38, sum.to_be_bytes());
    let packet = if too_big { fragmentation_needed(&packet) } else { packet };
    Line { packet, delay, said }
}

/// A router's answer to a packet that is too long for the next link (RFC 1191 §4).
fn fragmentation_needed(packet: &[u8]) -> Vec<u8> {
    let sender = packet.iter().skip(12).take(4);
    let mut error = vec![0x45, 0, 0, 56, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 9];
    error.extend(sender.chain(&[3, 4, 0, 0, 0, 0, 4, 0]).chain(packet.iter().take(28)));
    error
}

/// `21-31`.
fn range(text: &str) -> Option<(u32, u32)> {
    let (from, to) = text.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// TCP's checksum of an IPv4 packet without options (RFC 9293 §3.1).
fn checksum(packet: &[u8]) -> u16 {
    let length = u32::try_from(packet.len() - 20).unwrap();
    let shifts = [8, 0].into_iter().cycle();
    let words = packet.iter().skip(12).zip(shifts).map(|(byte, shift)| u32::from(*byte) << shift);
    let sum = (words.sum::<u32>() + 6 + length) % 0xffff;
    !u16::try_from(sum).unwrap()
}

/// A pcap file of raw IP packets.
pub(crate) fn capture(lines: &[Line<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, 101] {
        bytes.extend(u32::to_le_bytes(number));
    }
    let mut time = 1_000_000_000_000_000;
    for line in lines {
        time += line.delay;
        let length = i64::try_from(line.packet.len()).unwrap();
        for number in [time / 1_000_000, time % 1_000_000, length, length] {
            bytes.extend(u32::try_from(number).unwrap().to_le_bytes());
        }
        bytes.extend(&line.packet);
    }
    bytes
}
