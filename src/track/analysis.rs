//! Wireshark's TCP analysis flags, as a set.

/// One of Wireshark's `tcp.analysis` flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are Wireshark's, and its user's guide defines them")]
pub enum AnalysisFlag {
    Retransmission,
    FastRetransmission,
    SpuriousRetransmission,
    OutOfOrder,
    ReusedPorts,
    LostSegment,
    AckLostSegment,
    WindowUpdate,
    WindowFull,
    KeepAlive,
    KeepAliveAck,
    DuplicateAck,
    ZeroWindow,
    ZeroWindowProbe,
    ZeroWindowProbeAck,
}

impl AnalysisFlag {
    /// Every flag, in the order of the JSON Lines output.
    pub const ALL: [Self; 15] = [
        Self::Retransmission,
        Self::FastRetransmission,
        Self::SpuriousRetransmission,
        Self::OutOfOrder,
        Self::ReusedPorts,
        Self::LostSegment,
        Self::AckLostSegment,
        Self::WindowUpdate,
        Self::WindowFull,
        Self::KeepAlive,
        Self::KeepAliveAck,
        Self::DuplicateAck,
        Self::ZeroWindow,
        Self::ZeroWindowProbe,
        Self::ZeroWindowProbeAck,
    ];

    /// The name as in Wireshark's `tcp.analysis.…`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retransmission => "retransmission",
            Self::FastRetransmission => "fast_retransmission",
            Self::SpuriousRetransmission => "spurious_retransmission",
            Self::OutOfOrder => "out_of_order",
            Self::ReusedPorts => "reused_ports",
            Self::LostSegment => "lost_segment",
            Self::AckLostSegment => "ack_lost_segment",
            Self::WindowUpdate => "window_update",
            Self::WindowFull => "window_full",
            Self::KeepAlive => "keep_alive",
            Self::KeepAliveAck => "keep_alive_ack",
            Self::DuplicateAck => "duplicate_ack",
            Self::ZeroWindow => "zero_window",
            Self::ZeroWindowProbe => "zero_window_probe",
            Self::ZeroWindowProbeAck => "zero_window_probe_ack",
        }
    }
}

/// The flags of one segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Analysis(u16);

impl Analysis {
    /// Adds `flag`.
    pub fn insert(&mut self, flag: AnalysisFlag) {
        self.0 |= 1 << flag as u8;
    }

    /// Takes `flag` away.
    pub fn remove(&mut self, flag: AnalysisFlag) {
        self.0 &= !(1 << flag as u8);
    }

    /// Returns `true` if `flag` is set.
    #[inline]
    pub fn contains(self, flag: AnalysisFlag) -> bool {
        self.0 >> flag as u8 & 1 == 1
    }

    /// Returns `true` if no flag is set.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set flags in order.
    pub fn iter(self) -> impl Iterator<Item = AnalysisFlag> {
        AnalysisFlag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

/// The number of times each flag was set in a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnalysisCounts([u32; AnalysisFlag::ALL.len()]);

impl AnalysisCounts {
    /// Counts the flags of one segment.
    pub fn add(&mut self, analysis: Analysis) {
        if !analysis.is_empty() {
            analysis.iter().for_each(|flag| self.add_one(flag));
        }
    }

    /// Counts one flag once more.
    pub fn add_one(&mut self, flag: AnalysisFlag) {
        if let Some(count) = self.0.get_mut(flag as usize) {
            *count = count.saturating_add(1);
        }
    }

    /// Returns the number of times this flag was set.
    pub fn get(&self, flag: AnalysisFlag) -> u64 {
        self.0.get(flag as usize).map_or(0, |count| u64::from(*count))
    }

    /// Every flag with its count, in order.
    pub fn iter(&self) -> impl Iterator<Item = (AnalysisFlag, u32)> + '_ {
        AnalysisFlag::ALL.into_iter().zip(self.0.iter().copied())
    }
}
