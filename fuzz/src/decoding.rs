//! Frames of every link type through one decoder.

use echolab::decode::Decoder;
use echolab::model::{Frame, LinkType, Skip, Transport};

use super::input::Input;

const LINKS: [u16; 12] = [1, 101, 0, 108, 113, 276, 228, 229, 12, 14, 105, 65_535];

/// Frames, each with a link type, how much longer than captured it was, and a length.
pub fn decoder(data: &[u8]) {
    let mut input = Input::new(data);
    let mut decoder = Decoder::new();
    let (mut number, mut fragments) = (0, 0);
    while !input.is_empty() {
        number += 1;
        let link = LinkType(input.choose(&LINKS));
        let beyond = u32::from(input.byte());
        let length = usize::from(input.byte()) * usize::from(input.byte() % 4 + 1);
        let data = input.bytes(length);
        let wire_len = (data.len() as u32 + beyond).saturating_sub(3);
        let frame = Frame { unknown: Default::default(), number, time: None, link, interface: 0, wire_len, data };
        match decoder.decode(&frame) {
            Ok(packet) => {
                let ip = packet.headers.ip;
                assert!(matches!(ip.version, 4 | 6) && ip.header_len >= 20 && ip.fragments >= 1);
                assert!(ip.fragments > 1 || packet.payload.len() + packet.header.len() <= data.len());
                match packet.headers.transport {
                    Transport::Segment(segment) => {
                        assert!(packet.payload.len() <= segment.len as usize);
                        assert!((20..=60).contains(&segment.header_len));
                        assert!(packet.header.len() <= usize::from(segment.header_len));
                    }
                    Transport::Datagram(datagram) => {
                        assert!(packet.payload.len() <= datagram.len as usize && packet.header.len() <= 8);
                    }
                    Transport::IcmpError(error) => assert!(!error.name().is_empty()),
                }
            }
            Err(reason) => {
                assert!(!matches!(reason, Skip::Filtered | Skip::FragmentIncomplete | Skip::IcmpUnmatched));
                assert!(!reason.meaning().is_empty());
                fragments += u64::from(reason == Skip::Fragment);
            }
        }
        // a fragment that completes its outer packet may be one of an inner packet itself
        assert!(decoder.incomplete_fragments() <= number, "{fragments} fragments");
    }
}
