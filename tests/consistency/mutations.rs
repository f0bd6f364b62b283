//! Changes that a capture may suffer: frames missed, captured twice, or in another order.

/// A record of a little-endian pcap file: its header and its frame.
type Record = Vec<u8>;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;

/// The capture with each kind of change, and the change's name; none for a file of another format.
pub(crate) fn of(capture: &[u8]) -> Vec<(String, Vec<u8>)> {
    let little = [&[0xd4, 0xc3, 0xb2, 0xa1][..], &[0x4d, 0x3c, 0xb2, 0xa1]];
    let Some(header) = capture.get(..FILE_HEADER).filter(|header| little.iter().any(|magic| header.starts_with(magic)))
    else {
        return Vec::new();
    };
    let records = records(&capture[FILE_HEADER..]);
    let count = records.len();
    if count < 4 {
        return Vec::new();
    }
    let file =
        |records: Vec<&Record>| records.into_iter().fold(header.to_vec(), |file, record| [&file[..], record].concat());
    let without = |lost: &dyn Fn(usize) -> bool| {
        file(records.iter().enumerate().filter(|(n, _)| !lost(*n)).map(|(_, record)| record).collect())
    };
    let swapped = |at: usize| {
        let mut order: Vec<_> = records.iter().collect();
        order.swap(at, at + 1);
        file(order)
    };
    let twice = |at: usize| {
        let mut all: Vec<_> = records.iter().collect();
        all.insert(at + 1, &records[at]);
        file(all)
    };
    vec![
        ("its first three frames missing".to_owned(), without(&|n| n < 3)),
        ("its second half missing".to_owned(), without(&|n| n >= count / 2)),
        ("every third frame missing".to_owned(), without(&|n| n % 3 == 2)),
        ("a frame in the middle missing".to_owned(), without(&|n| n == count / 2)),
        ("two frames in the middle swapped".to_owned(), swapped(count / 2 - 1)),
        ("a frame in the middle twice".to_owned(), twice(count / 2)),
        ("every frame twice".to_owned(), file(records.iter().flat_map(|record| [record, record]).collect())),
    ]
}

fn records(mut rest: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some(header) = rest.get(..RECORD_HEADER) {
        let kept = u32::from_le_bytes(header[8..12].try_into().unwrap()) as usize;
        let Some(record) = rest.get(..RECORD_HEADER + kept) else { break };
        records.push(record.to_vec());
        rest = &rest[RECORD_HEADER + kept..];
    }
    records
}
