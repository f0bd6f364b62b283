//! Filters in libpcap's language, for frames of any source.
//!
//! libpcap compiles the expression, once for each link type that appears, and runs it. The pcap crate's own way to run a
//! program knows no length on the wire, so that `greater 1000` would never match a frame cut to 96 bytes; `bpf_filter`
//! is called directly for that.

use std::ffi::{c_uchar, c_uint, c_void};
use std::io;

use anyhow::{Context, Result};
use pcap::{BpfProgram, Capture, Linktype};

use crate::model::{Frame, LinkType};

/// A filter expression and its programs.
pub struct Filter {
    expression: String,
    /// One for each link type seen; the last that matched a frame comes first.
    programs: Vec<(LinkType, BpfProgram)>,
}

impl Filter {
    /// Compiles `expression` for frames of `link`, the first link type that is known ([`LinkType::ETHERNET`] where none
    /// is). Other link types get their program when they appear.
    ///
    /// # Errors
    /// If libpcap does not understand it; the text has libpcap's reason.
    pub fn new(expression: &str, link: LinkType) -> Result<Self> {
        let program = compile(expression, link)?;
        Ok(Self { expression: expression.to_owned(), programs: vec![(link, program)] })
    }

    /// The expression.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Returns `true` if the frame passes.
    ///
    /// # Errors
    /// If the expression makes no sense for the frame's link type, or libpcap does not know that.
    #[inline]
    pub fn matches(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        if let Some((link, program)) = self.programs.first()
            && *link == frame.link
        {
            return Ok(run(program, frame));
        }
        self.matches_other(frame)
    }

    #[cold]
    fn matches_other(&mut self, frame: &Frame<'_>) -> io::Result<bool> {
        match self.programs.iter().position(|(link, _)| *link == frame.link) {
            Some(known) => self.programs.swap(0, known),
            None => {
                let program = compile(&self.expression, frame.link).map_err(|error| {
                    io::Error::new(io::ErrorKind::InvalidInput, format!("frame {}: {error:#}", frame.number))
                })?;
                self.programs.insert(0, (frame.link, program));
            }
        }
        Ok(self.programs.first().is_some_and(|(_, program)| run(program, frame)))
    }
}

fn compile(expression: &str, link: LinkType) -> Result<BpfProgram> {
    Capture::dead(dlt(link))
        .and_then(|capture| capture.compile(expression, true))
        .map_err(|error| match error {
            pcap::Error::PcapError(reason) => anyhow::anyhow!("{reason}"),
            other => other.into(),
        })
        .with_context(|| {
            format!(
                "invalid filter {expression:?} for link type {} (see man pcap-filter; for example \
                 'tcp port 7 and host 127.0.0.1')",
                link.name()
            )
        })
}

/// libpcap's own number for a link type, where it differs from the number in files.
fn dlt(link: LinkType) -> Linktype {
    Linktype(match link {
        LinkType::RAW if cfg!(target_os = "openbsd") => 14,
        LinkType::RAW => 12,
        LinkType::LOOP if cfg!(target_os = "openbsd") => 12,
        LinkType(100) => 11,
        LinkType(106) => 19,
        LinkType(other) => i32::from(other),
    })
}

#[allow(unsafe_code, reason = "the pcap crate gives a program no length on the wire")]
unsafe extern "C" {
    fn bpf_filter(program: *const c_void, packet: *const c_uchar, wire_len: c_uint, captured: c_uint) -> c_uint;
}

#[inline]
#[allow(unsafe_code, reason = "a call of libpcap")]
fn run(program: &BpfProgram, frame: &Frame<'_>) -> bool {
    let captured = c_uint::try_from(frame.data.len()).unwrap_or(c_uint::MAX);
    let instructions = program.get_instructions().as_ptr().cast();
    // SAFETY: the instructions come from `pcap_compile`, so that every path ends in a return within them; they are
    // libpcap's own (`BpfInstruction` is `repr(transparent)` over its `struct bpf_insn`) and live as long as `program`.
    // `bpf_filter` holds every access against `captured`, the number of bytes in the slice, and keeps nothing.
    unsafe { bpf_filter(instructions, frame.data.as_ptr(), frame.wire_len, captured) != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet, IPv4 from 127.0.0.1 to itself, UDP from port 1000 to 2000.
    const DATAGRAM: [u8; 42] = [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1,
        3, 0xe8, 7, 0xd0, 0, 8, 0, 0,
    ];

    fn frame(link: LinkType, data: &[u8], wire_len: u32) -> Frame<'_> {
        Frame { unknown: Default::default(), number: 7, time: None, link, interface: 0, wire_len, data }
    }

    fn matches(expression: &str, frame: &Frame<'_>) -> bool {
        Filter::new(expression, frame.link).unwrap().matches(frame).unwrap()
    }

    #[test]
    fn addresses_and_ports_are_found() {
        let datagram = frame(LinkType::ETHERNET, &DATAGRAM, 42);
        assert!(matches("udp port 2000 and host 127.0.0.1", &datagram));
        assert!(!matches("tcp", &datagram));
        assert!(matches("", &datagram));
    }

    #[test]
    fn lengths_are_those_on_the_wire() {
        let cut = frame(LinkType::ETHERNET, &DATAGRAM, 1400);
        assert!(matches("greater 1400 and udp", &cut));
        assert!(!matches("less 1399", &cut));
        assert!(!matches("ether[100] = 0", &cut), "what was not captured was read");
    }

    #[test]
    fn empty_frame_is_handled() {
        assert!(!matches("udp", &frame(LinkType::ETHERNET, &[], 0)));
    }

    #[test]
    fn raw_ip_has_another_number_for_libpcap() {
        let bare = &DATAGRAM[14..];
        for link in [LinkType::RAW, LinkType::IPV4] {
            assert!(matches("udp src port 1000", &frame(link, bare, 28)), "{link:?}");
        }
        let loopback = [&[0, 0, 0, 2], bare].concat();
        assert!(matches("udp src port 1000", &frame(LinkType::LOOP, &loopback, 32)));
        assert!(matches("udp src port 1000", &frame(LinkType::NULL, &[&[2, 0, 0, 0], bare].concat(), 32)));
        let mut cooked = [0; 20];
        cooked[0] = 8;
        assert!(matches("udp src port 1000", &frame(LinkType::LINUX_SLL2, &[&cooked, bare].concat(), 48)));
        let mut cooked = [0; 16];
        cooked[14] = 8;
        assert!(matches("udp src port 1000", &frame(LinkType::LINUX_SLL, &[&cooked, bare].concat(), 44)));
    }

    #[test]
    fn link_types_may_alternate() {
        let mut filter = Filter::new("udp", LinkType::ETHERNET).unwrap();
        for _ in 0..3 {
            assert!(filter.matches(&frame(LinkType::ETHERNET, &DATAGRAM, 42)).unwrap());
            assert!(filter.matches(&frame(LinkType::RAW, &DATAGRAM[14..], 28)).unwrap());
        }
        assert_eq!(filter.programs.len(), 2);
    }

    #[test]
    fn libpcap_errors_are_reported_with_their_reason() {
        for expression in ["tcp prot 7", "port seven thousand", "(((", "tcp\0"] {
            let Err(error) = Filter::new(expression, LinkType::ETHERNET) else { panic!("{expression:?} compiled") };
            let text = format!("{error:#}");
            assert!(text.contains(&format!("{expression:?}")) && text.contains("ETHERNET"), "{text}");
        }
    }

    #[test]
    fn a_link_type_that_libpcap_does_not_know_is_an_error_at_its_frame() {
        let mut filter = Filter::new("udp", LinkType::ETHERNET).unwrap();
        let error = filter.matches(&frame(LinkType(9999), &DATAGRAM, 42)).unwrap_err().to_string();
        assert!(error.starts_with("frame 7: ") && error.contains("link type 9999"), "{error}");
    }
}
