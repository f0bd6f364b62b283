//! What is remembered of a side in trouble: what it sent again and what its ACKs told of holes, its shut window, its
//! probes. Nearly every side is in none, and pays a pointer for it: state is kept for every connection, and each cache
//! line of it counts.

use std::num::NonZeroU64;
use std::sync::LazyLock;

use super::holes::Holes;
use super::probe::Asks;
use super::recovery::Recovery;
use super::side::{Shut, Side};
use super::told::HoleAcks;
use super::verdict::Again;
use crate::model::SeqNumber;
use crate::track::when::When;

/// A side's trouble.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble {
    /// The probe that waits for an answer.
    pub(super) probe: Option<(NonZeroU64, Asks)>,
    pub(super) shut: Option<Shut>,
    /// The frame that opened its window last after it was shut.
    pub(super) opened_in: u64,
    /// The highest byte that it reported by SACK.
    pub(super) sacked: Option<SeqNumber>,
    /// The last ICMP error that said that a packet of its was too long for a link, and when it came.
    pub(super) too_big: Option<(NonZeroU64, When)>,
    pub(super) holes: Holes,
    /// Its last ACKs that told of a hole.
    pub(super) hole_acks: HoleAcks,
    /// The last segments that came again, and the recovery under way.
    pub(super) repeats: Vec<Again>,
    pub(super) recovery: Option<Recovery>,
}

/// That of a side in none.
static NONE: LazyLock<Trouble> = LazyLock::new(Trouble::default);

impl Side {
    /// Its trouble so far.
    #[inline]
    pub(super) fn trouble(&self) -> &Trouble {
        self.trouble.as_deref().unwrap_or(&NONE)
    }

    /// The same, to be noted.
    pub(super) fn trouble_mut(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }
}
