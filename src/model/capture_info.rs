//! The source of frames, as far as it is known before the first is read.

use super::LinkType;

/// The format of a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// Classic libpcap format.
    Pcap,
    /// pcapng.
    Pcapng,
    /// Packets as text.
    Text,
}

impl CaptureFormat {
    /// `pcap`, `pcapng` or `text`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::Text => "text",
        }
    }
}

/// The head of a capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CaptureInfo {
    /// The file's name in messages, `-` for standard input; `None` for a session that keeps no file.
    pub file: Option<String>,
    /// The file's format.
    pub format: Option<CaptureFormat>,
    /// The link types known at the start.
    pub link_types: Vec<LinkType>,
    /// The interface captured on.
    pub interface: Option<String>,
    /// `true` for an interface captured with the traffic of any program, rather than a session of echolab's own.
    pub live: bool,
    /// The programs whose session was captured, where they are not echolab's own: `server.py and client.py`.
    pub programs: Option<String>,
    /// The filter in force.
    pub filter: Option<String>,
    /// Most bytes kept of a frame; `None` for files.
    pub snaplen: Option<u32>,
    /// The title that the report is to have instead of the file's name.
    pub title: Option<String>,
    /// The author of the report.
    pub author: Option<String>,
}
