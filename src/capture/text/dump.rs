//! Bytes that tcpdump printed behind a packet: `-x`, `-X`, `-xx`, `-XX` in hexadecimal, `-A` as characters.

/// Most bytes of a packet.
pub(super) const MAX_PACKET: usize = 65_575;
/// Bytes in a line.
const LINE: usize = 16;

/// The bytes of a dump.
#[derive(Debug, Default)]
pub(super) struct Dump {
    pub(super) bytes: Vec<u8>,
    /// Offsets of bytes that could not be read; they are zero in `bytes`.
    pub(super) unread: Vec<usize>,
}

/// The start of a dump in `text`: its first `0x0000:`.
pub(super) fn start(text: &str) -> Option<usize> {
    text.find("0x0000:")
}

/// Returns `true` if a line starts or continues a dump.
pub(super) fn is_line(line: &str) -> bool {
    offset(line.trim_start()).is_some()
}

/// The offset at the front of a line of a dump, and what follows.
fn offset(text: &str) -> Option<(usize, &str)> {
    let (digits, rest) = text.strip_prefix("0x")?.split_at_checked(4)?;
    Some((usize::from_str_radix(digits, 16).ok()?, rest.strip_prefix(':')?))
}

/// The dump in `text`, up to the first line that does not follow the one before.
pub(super) fn hexadecimal(text: &str) -> Dump {
    let mut dump = Dump::default();
    let mut rest = text;
    while let Some(at) = rest.find("0x") {
        rest = rest.get(at..).unwrap_or_default();
        let Some((offset, after)) = offset(rest) else {
            rest = rest.get(2..).unwrap_or_default();
            continue;
        };
        // a line ends at its break, or before the next offset where breaks were lost
        let end = after.find('\n').unwrap_or(after.len());
        let end = after
            .match_indices("0x")
            .find(|(at, _)| self::offset(after.get(*at..).unwrap_or_default()).is_some())
            .map_or(end, |(at, _)| at.min(end));
        let (line, next) = after.split_at_checked(end).unwrap_or((after, ""));
        rest = next;
        if offset != dump.bytes.len() || dump.bytes.len() >= MAX_PACKET {
            break;
        }
        let before = dump.bytes.len();
        let left = total(&dump.bytes).map_or(LINE, |total| total.saturating_sub(before));
        words(line, left.min(LINE), &mut dump);
        if before == 0
            && let Some(total) = total(&dump.bytes)
            && total < dump.bytes.len()
            && !line.trim_start().contains("  ")
        {
            dump.bytes.truncate(total);
        }
        if dump.bytes.len() - before < LINE {
            break;
        }
    }
    dump
}

/// The bytes of one line. Between the words and the characters behind them are two spaces, or one where a document has
/// taken the others: then `left` tells how many bytes there can be.
fn words(line: &str, left: usize, dump: &mut Dump) {
    let line = line.trim_start();
    let (words, sure) = match line.split_once("  ") {
        Some((words, _)) => (words, true),
        None => (line, false),
    };
    let max = if sure { LINE } else { left };
    let mut count = 0;
    for word in words.split_whitespace() {
        let bytes: Option<Vec<u8>> = match word.len() {
            _ if count >= max => break,
            4 => u16::from_str_radix(word, 16).ok().map(|word| word.to_be_bytes().to_vec()),
            2 => u8::from_str_radix(word, 16).ok().map(|byte| vec![byte]),
            _ => break,
        };
        match bytes {
            Some(bytes) => {
                count += bytes.len();
                dump.bytes.extend(bytes);
            }
            // a letter was misread
            None if sure && word.len() == 4 => {
                count += 2;
                dump.unread.extend([dump.bytes.len(), dump.bytes.len() + 1]);
                dump.bytes.extend([0, 0]);
            }
            None => break,
        }
        if word.len() == 2 {
            break;
        }
    }
}

/// Length of the IP packet that begins with `bytes`, which it says itself.
pub(super) fn total(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x45..=0x4f, _, high, low, ..] => {
            Some(usize::from(u16::from_be_bytes([*high, *low]))).filter(|total| *total > 0)
        }
        [0x60..=0x6f, _, _, _, high, low, ..] => Some(usize::from(u16::from_be_bytes([*high, *low])) + 40),
        _ => None,
    }
}

/// As much of the payload as `-A` shows beyond doubt, of a packet of `total` bytes that ends with `len` of payload. Each
/// byte is one character, but a dot is any byte that can't be printed, or a dot.
pub(super) fn characters(text: &str, total: usize, len: usize) -> Option<Vec<u8>> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.len() != total || !text.is_ascii() {
        return None;
    }
    let payload = text.as_bytes().get(total.checked_sub(len)?..)?;
    Some(payload.iter().copied().take_while(|byte| *byte != b'.').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_and_without_their_characters() {
        let text = "\t0x0000:  4500 0013 0001 0000 4011 0000 7f00 0001  E...............\n\t0x0010:  7f00 00                                  ...\n";
        let dump = hexadecimal(text);
        assert_eq!((dump.bytes.len(), dump.unread.len()), (19, 0));
        // a document took the spaces: `ab` are characters and no byte
        let text = "0x0000: 4500 0013 0001 0000 4011 0000 7f00 0001 E...............\n0x0010: 7f00 61 abc";
        assert_eq!(hexadecimal(text).bytes, [&dump.bytes[..18], b"a"].concat());
        let text = "0x0000: 4500 0012 0001 0000 4011 0000 7f00 0001 E...............\n0x0010: 6162 ab";
        assert_eq!(hexadecimal(text).bytes.len(), 18);
    }

    #[test]
    fn a_misread_word_is_two_unread_bytes() {
        let dump = hexadecimal("0x0000:  4500 felc 41          .....A\n");
        assert_eq!((dump.bytes, dump.unread), (vec![0x45, 0, 0, 0, 0x41], vec![2, 3]));
    }

    #[test]
    fn non_consecutive_line_ends_the_dump() {
        let line = "4500 0100 0001 0000 4011 0000 7f00 0001";
        assert_eq!(hexadecimal(&format!("0x0000:  {line}\n0x0020:  {line}\n")).bytes.len(), 16);
        assert_eq!(hexadecimal("0x0010:  4500").bytes.len(), 0);
        assert_eq!(hexadecimal("0x 0x0 0x00zz: 0x0000").bytes.len(), 0);
    }

    #[test]
    fn only_characters_before_a_dot_are_certain() {
        assert_eq!(characters("E..<Hello\n", 9, 5), Some(b"Hello".to_vec()));
        assert_eq!(characters("E..<He.lo\n", 9, 5), Some(b"He".to_vec()));
        assert_eq!(characters("E..<Hello", 10, 5), None);
        assert_eq!(characters("", 0, 5), None);
    }
}
