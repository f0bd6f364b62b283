//! Axes: a unit that fits, and ticks at round numbers.

use crate::model::Nanos;

/// Units by size, the smallest first.
type Units = &'static [(f64, &'static str)];

const TIME: Units = &[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")];
const BYTES: Units = &[(1.0, "bytes"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")];
const RATE: Units = &[(1.0, "bytes/s"), (1e3, "kB/s"), (1e6, "MB/s"), (1e9, "GB/s")];
const PACKETS: Units = &[(1.0, "packets"), (1e3, "thousand"), (1e6, "million")];

/// The quantity of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Nanoseconds.
    Time,
    Bytes,
    /// Bytes a second.
    Rate,
    Packets,
}

/// An axis from `low` to `high`, in the quantity's smallest unit.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) unit: &'static str,
    pub(super) ticks: Vec<Tick>,
}

/// A place on an axis and the number beside it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) at: f64,
    pub(super) text: String,
}

impl Axis {
    /// An axis that holds these values exactly, with at most about `max` ticks.
    pub(super) fn exact(quantity: Quantity, low: f64, high: f64, max: usize) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        let (factor, unit) = unit(quantity, high.abs().max(low.abs()));
        let step = round_step((high - low) / factor / max.max(1) as f64) * factor;
        // no fraction of a byte, a packet or a nanosecond is ever marked
        let step = step.max(1.0);
        let decimals = (-(step / factor).log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (low / step - 1e-9).ceil();
        let ticks = (0..=2 * max).map(|index| (first + index as f64) * step).take_while(|at| *at <= high + step * 1e-6);
        let ticks = ticks.map(|at| Tick { at, text: format!("{:.decimals$}", at / factor) }).collect();
        Self { low, high, unit, ticks }
    }

    /// An axis from 0 up to a tick at or above `high`.
    pub(super) fn rounded(quantity: Quantity, high: f64, max: usize) -> Self {
        let (factor, _) = unit(quantity, high);
        let step = (round_step(high.max(1.0) / factor / max.max(1) as f64) * factor).max(1.0);
        Self::exact(quantity, 0.0, (high / step).ceil().max(1.0) * step, max)
    }

    /// The position of a value along the axis: 0 at its beginning, 1 at its end.
    pub(super) fn share(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) as f32
    }
}

/// The largest unit of which there are at least two.
fn unit(quantity: Quantity, largest: f64) -> (f64, &'static str) {
    let units = match quantity {
        Quantity::Time => TIME,
        Quantity::Bytes => BYTES,
        Quantity::Rate => RATE,
        Quantity::Packets => PACKETS,
    };
    let fits = units.iter().rev().find(|(factor, _)| largest >= 2.0 * factor);
    fits.or(units.first()).copied().unwrap_or((1.0, ""))
}

/// A round width for at most `max` columns over this time.
pub(super) fn column(end: Nanos, max: usize) -> Nanos {
    Nanos((round_step(end.0.max(1) as f64 / max.max(1) as f64).ceil() as i64).max(1))
}

/// 1, 2 or 5 times a power of ten, not below `step`.
fn round_step(step: f64) -> f64 {
    if !step.is_finite() || step <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= step * (1.0 - 1e-9));
    digit.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn ticks_are_at_round_numbers_in_a_fitting_unit() {
        let axis = Axis::exact(Quantity::Time, 0.0, 900_000_000.0, 8);
        assert_eq!((axis.unit, texts(&axis)), ("ms", vec!["0", "200", "400", "600", "800"]));
        let axis = Axis::rounded(Quantity::Bytes, 204_801.0, 5);
        assert_eq!((axis.unit, texts(&axis)), ("kB", vec!["0", "50", "100", "150", "200", "250"]));
        let axis = Axis::rounded(Quantity::Packets, 0.0, 5);
        assert_eq!((axis.unit, texts(&axis)), ("packets", vec!["0", "1"]));
    }

    proptest! {
        #[test]
        fn every_axis_has_few_finite_ticks_within_its_ends(low in 0.0..1e18_f64, span in 0.0..1e18_f64, max in 2_usize..12) {
            for axis in [Axis::exact(Quantity::Time, low, low + span, max), Axis::rounded(Quantity::Bytes, span, max)] {
                prop_assert!(axis.ticks.len() <= 2 * max + 1, "{:?}", axis);
                prop_assert!(axis.high > axis.low);
                for tick in &axis.ticks {
                    prop_assert!(tick.at.is_finite() && (0.0..=1.0).contains(&axis.share(tick.at)));
                }
            }
        }
    }
}
