//! Payloads that try to get out of every medium, as a capture whose name tries the same.

use etherparse::PacketBuilder;

/// Every way that we know out of a terminal, a table, a page, a drawing, a document.
pub(crate) const PAYLOADS: &[&[u8]] = &[
    b"a|b\\c|\\|",
    b"\x1b[31mred\x1b]0;title\x07\x1b[2J",
    "\u{202e}txt.exe\u{2066}\u{9b}2J\u{85}\u{2028}\u{feff}\u{e0041}".as_bytes(),
    b"nul\0nul\x7f\xff\xfe\x80 \xc3",
    b"=cmd()|' /C calc'!A0",
    b"+1+1",
    b"-2+3",
    b"@SUM(A1)",
    b"x;=cmd()|' /C calc'!A0\t@SUM(A1), +1+1",
    b"x\";=1;\"=2\";\"\"-3-4",
    b"one\r\ntwo\n\n| three |\n---\n# four",
    b"</script></style></title><script>alert(1)</script><img src=x onerror=alert(1)>",
    b"</text></g></svg><svg onload=alert(1)>]]>&amp;&lt;'\"<!--",
    b"\"quoted\",comma;semi",
    b"](http://x.example) `code` ``` *b* _i_ **s** ~~d~~ $m$ ![i](x)",
    b"http://x.example www.x.example a@x.example <http://x.example>",
    b"; end\n```\nnote over C: %%{init: {}}%% #59; #quot; loop",
    b"\\input{/etc/passwd}\\write18{id} $ % # _ { } ~ ^ & \\end{document}",
    b"{{ 7*7 }} {% raw %} ${x} <%= x %>",
    b" - 1. a\t> b",
    b"javascript:alert(1)//",
    b"CON: ../../x $(id) `id` %s%n",
];

/// Every payload in a UDP datagram that comes back, then in a TCP connection whose server echoes it; Ethernet, pcap.
fn capture() -> Vec<u8> {
    let mut capture = Capture::new();
    for payload in PAYLOADS {
        capture.datagram(true, payload);
        capture.datagram(false, payload);
    }
    capture.segment(true, "S", 1_000, 0, b"");
    capture.segment(false, "S.", 5_000, 1_001, b"");
    capture.segment(true, ".", 1_001, 5_001, b"");
    let mut sent = 0;
    for payload in PAYLOADS {
        let length = u32::try_from(payload.len()).expect("a short payload");
        capture.segment(true, "P.", 1_001 + sent, 5_001 + sent, payload);
        capture.segment(false, "P.", 5_001 + sent, 1_001 + sent + length, payload);
        sent += length;
    }
    capture.segment(true, "F.", 1_001 + sent, 5_001 + sent, b"");
    capture.segment(false, "R.", 5_001 + sent, 1_002 + sent, b"");
    capture.0
}

/// A name that tries the same, as far as a file may be called so.
const NAME: &str = "=x|`\\</title><script>alert(1)</script>&\u{202e}\u{1b}[2J\n#%_$.pcap";

/// The file of that name in this folder.
pub(crate) fn write_to(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join(NAME.replace('/', "\u{2215}"));
    std::fs::write(&path, capture()).expect("a capture");
    path
}

/// A capture file in the making: Ethernet, pcap, a client and a server at fixed addresses.
pub(crate) struct Capture(pub(crate) Vec<u8>);

impl Capture {
    pub(crate) fn new() -> Self {
        let head = [&0xa1b2_c3d4_u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8]].concat();
        Self([&head[..], &65_535_u32.to_le_bytes(), &1_u32.to_le_bytes()].concat())
    }

    /// The addresses and ports of one way.
    fn ends(from_client: bool) -> ([u8; 4], [u8; 4], u16, u16) {
        let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        if from_client { (client, server, 40_000, 7) } else { (server, client, 7, 40_000) }
    }

    fn datagram(&mut self, from_client: bool, payload: &[u8]) {
        let (source, destination, from, to) = Self::ends(from_client);
        let packet = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(source, destination, 64).udp(from, to);
        let mut frame = Vec::new();
        packet.write(&mut frame, payload).expect("a small packet");
        self.frame(&frame);
    }

    /// Adds a segment with these flags (`S`, `P`, `F`, `R`, `.` for ACK).
    pub(crate) fn segment(&mut self, from_client: bool, flags: &str, seq: u32, ack: u32, payload: &[u8]) {
        let (source, destination, from, to) = Self::ends(from_client);
        let packet = PacketBuilder::ethernet2([0; 6], [0; 6]).ipv4(source, destination, 64).tcp(from, to, seq, 60_000);
        let packet = flags.chars().fold(packet, |packet, flag| match flag {
            'S' => packet.syn(),
            'P' => packet.psh(),
            'F' => packet.fin(),
            'R' => packet.rst(),
            _ => packet.ack(ack),
        });
        let mut frame = Vec::new();
        packet.write(&mut frame, payload).expect("a small packet");
        self.frame(&frame);
    }

    fn frame(&mut self, frame: &[u8]) {
        let micros = u32::try_from(self.0.len()).expect("a small capture");
        let length = u32::try_from(frame.len()).expect("a small packet");
        for field in [micros / 1_000_000, micros % 1_000_000, length, length] {
            self.0.extend(field.to_le_bytes());
        }
        self.0.extend(frame);
    }
}
