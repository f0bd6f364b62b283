//! Faults that the link applies to every packet by chance: delay, rate, and the shares of lost, duplicated, reordered
//! and corrupted packets.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use fastrand::Rng;

/// The faults of one direction. The default is a link without faults.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// The one-way delay of a packet.
    pub delay: Duration,
    /// Upper bound of a random addition to the delay, evenly distributed. Packets keep their order.
    pub jitter: Duration,
    /// The share of packets lost.
    pub loss: Percent,
    /// The share of packets duplicated.
    pub duplicate: Percent,
    /// The share of packets overtaken by their successor.
    pub reorder: Percent,
    /// The share of packets corrupted.
    pub corrupt: Percent,
    /// The link's capacity; `None` for no limit.
    pub rate: Option<Rate>,
}

/// A share of all packets: 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Percent(f64);

/// A number of bits per second, more than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

/// The reason that a text is no [`Percent`] or [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// It is no number from 0 to 100.
    Percent,
    /// It is no number above 0 with a unit.
    Rate,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Percent => "write a share from 0 to 100, like 2.5 or 2.5%",
            Self::Rate => "write bits per second with bit, kbit, mbit or gbit, like 500kbit or 10mbit",
        })
    }
}

impl std::error::Error for QuantityError {}

impl Percent {
    /// Every packet.
    pub const ALL: Self = Self(100.0);

    /// `share` percent; `None` if it is not from 0 to 100.
    pub fn new(share: f64) -> Option<Self> {
        (0.0..=100.0).contains(&share).then_some(Self(share))
    }

    /// Draws whether the fault applies: `true` with this probability.
    fn happens(self, rng: &mut Rng) -> bool {
        rng.f64() * 100.0 < self.0
    }
}

impl FromStr for Percent {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let number = text.strip_suffix('%').unwrap_or(text).trim();
        number.parse().ok().and_then(Self::new).ok_or(QuantityError::Percent)
    }
}

/// `2.5%`
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl Rate {
    const UNITS: [(&'static str, u64); 4] = [("gbit", 1_000_000_000), ("mbit", 1_000_000), ("kbit", 1_000), ("bit", 1)];

    /// `bits` per second; `None` for 0.
    pub fn new(bits: u64) -> Option<Self> {
        (bits > 0).then_some(Self(bits))
    }

    /// The time that the link is busy with `bytes`.
    pub(super) fn time(self, bytes: usize) -> Duration {
        let nanos = bytes as u128 * 8 * 1_000_000_000 / u128::from(self.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl FromStr for Rate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let lower = text.trim().to_ascii_lowercase();
        let text = lower.strip_suffix("/s").unwrap_or(&lower);
        let (number, factor) = Self::UNITS
            .iter()
            .find_map(|(unit, factor)| text.strip_suffix(unit).map(|number| (number, *factor)))
            .ok_or(QuantityError::Rate)?;
        let number: f64 = number.trim().parse().map_err(|_| QuantityError::Rate)?;
        let bits = number * factor as f64;
        if (1.0..1e18).contains(&bits) { Ok(Self(bits as u64)) } else { Err(QuantityError::Rate) }
    }
}

/// `10mbit`
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = Self::UNITS.iter().find(|(_, factor)| self.0.is_multiple_of(*factor));
        let (unit, factor) = unit.unwrap_or(&("bit", 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

/// The faults drawn for one packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct DrawnFaults {
    pub(super) lost: bool,
    pub(super) duplicated: bool,
    pub(super) reordered: bool,
    pub(super) corrupted: bool,
    pub(super) jitter: Duration,
    /// The corrupted byte (as a fraction of the body) and the mask of its corrupted bit.
    pub(super) damage: (f64, u8),
}

impl DrawnFaults {
    /// Draws the faults of the next packet. Every packet takes the same number of draws, so that the n-th packet of a
    /// direction has the same faults with the same seed, whatever happened to those before it.
    pub(super) fn draw(faults: &Faults, rng: &mut Rng) -> Self {
        Self {
            lost: faults.loss.happens(rng),
            duplicated: faults.duplicate.happens(rng),
            reordered: faults.reorder.happens(rng),
            corrupted: faults.corrupt.happens(rng),
            jitter: faults.jitter.mul_f64(rng.f64()),
            damage: (rng.f64(), 1 << (rng.u64(..) >> 61)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_rates_are_parsed_with_or_without_units() {
        assert_eq!("2.5%".parse(), Ok(Percent(2.5)));
        assert_eq!("100".parse(), Ok(Percent::ALL));
        for text in ["", "-1", "100.1", "NaN", "inf", "%", "a few"] {
            assert_eq!(text.parse::<Percent>(), Err(QuantityError::Percent), "{text}");
        }
        assert_eq!("10mbit".parse(), Ok(Rate(10_000_000)));
        assert_eq!("1.5Mbit/s".parse(), Ok(Rate(1_500_000)));
        assert_eq!("300 bit".parse(), Ok(Rate(300)));
        for text in ["", "10", "0mbit", "-1kbit", "NaNbit", "mbit", "9e99gbit"] {
            assert_eq!(text.parse::<Rate>(), Err(QuantityError::Rate), "{text}");
        }
        assert_eq!(Rate(1_500_000).to_string(), "1500kbit");
    }

    #[test]
    fn rate_limit_keeps_the_link_busy() {
        assert_eq!(Rate(1_000_000).time(1_500), Duration::from_millis(12));
        assert_eq!(Rate(1).time(usize::MAX), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn same_seed_gives_the_same_packets_at_the_requested_share() {
        let faults = Faults { loss: Percent(20.0), ..Faults::default() };
        let run = |seed| {
            let mut rng = Rng::with_seed(seed);
            (0..10_000).map(|_| DrawnFaults::draw(&faults, &mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let lost = run(7).iter().filter(|chance| chance.lost).count();
        assert!((1_800..2_200).contains(&lost), "{lost} of 10,000 lost at 20 %");
        assert!(run(7).iter().all(|chance| !chance.duplicated && !chance.corrupted && chance.jitter.is_zero()));
    }
}
