//! The options for the lab's two hosts and the link between them.

use clap::Args;

use super::per_side::{PerSide, apply, parse_per_side};
use crate::lab::{Faults, LabOptions, LinkOptions, MTU_RANGE, Percent, Rate, Rule, Sysctl, parse_script};
use crate::model::PerDirection;

/// The options of the lab's hosts and link.
#[derive(Debug, Args)]
#[command(next_help_heading = "Link and hosts of the lab (client:VALUE or server:VALUE for one side's packets)")]
pub(super) struct LinkArgs {
    /// Delay each packet by this time, for example 20ms.
    #[arg(long, value_name = "DUR", value_parser = parse_per_side::<humantime::Duration>)]
    delay: Vec<PerSide<humantime::Duration>>,

    /// Add a random delay of at most this to each packet.
    #[arg(long, value_name = "DUR", value_parser = parse_per_side::<humantime::Duration>)]
    jitter: Vec<PerSide<humantime::Duration>>,

    /// Drop this percentage of packets.
    #[arg(long, value_name = "P%", value_parser = parse_per_side::<Percent>)]
    loss: Vec<PerSide<Percent>>,

    /// Deliver this percentage of packets twice.
    #[arg(long, value_name = "P%", value_parser = parse_per_side::<Percent>)]
    duplicate: Vec<PerSide<Percent>>,

    /// Reorder this percentage of packets: the next packet overtakes them.
    #[arg(long, value_name = "P%", value_parser = parse_per_side::<Percent>)]
    reorder: Vec<PerSide<Percent>>,

    /// Corrupt this percentage of packets.
    #[arg(long, value_name = "P%", value_parser = parse_per_side::<Percent>)]
    corrupt: Vec<PerSide<Percent>>,

    /// Limit the rate of the link, for example 500kbit or 10mbit.
    #[arg(long, value_name = "RATE", value_parser = parse_per_side::<Rate>)]
    rate: Vec<PerSide<Rate>>,

    /// Random seed; the same seed reproduces the same faults.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Rule for single packets, for example 'drop data 2 of client twice'; repeatable; explained below.
    #[arg(long, value_name = "RULES", value_parser = parse_script)]
    wire: Vec<Vec<Rule>>,

    /// MTU of the link in bytes [default: 1500].
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(i64::from(*MTU_RANGE.start())..=i64::from(*MTU_RANGE.end())))]
    mtu: Option<u16>,

    /// Set a kernel parameter of the hosts, for example client:net.ipv4.tcp_sack=0.
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_per_side::<Sysctl>)]
    sysctl: Vec<PerSide<Sysctl>>,
}

impl LinkArgs {
    /// The first option that was typed, all of which need the lab.
    pub(super) fn first(&self) -> Option<&'static str> {
        let typed = [
            ("--sysctl", !self.sysctl.is_empty()),
            ("--delay", !self.delay.is_empty()),
            ("--jitter", !self.jitter.is_empty()),
            ("--loss", !self.loss.is_empty()),
            ("--duplicate", !self.duplicate.is_empty()),
            ("--reorder", !self.reorder.is_empty()),
            ("--corrupt", !self.corrupt.is_empty()),
            ("--rate", !self.rate.is_empty()),
            ("--seed", self.seed.is_some()),
            ("--wire", !self.wire.is_empty()),
            ("--mtu", self.mtu.is_some()),
        ];
        typed.into_iter().find_map(|(name, is_typed)| is_typed.then_some(name))
    }

    /// Returns `true` if chance decides which packets the link drops, delays or changes.
    pub(super) fn chance(&self) -> bool {
        let shares = [&self.loss, &self.duplicate, &self.reorder, &self.corrupt];
        self.seed.is_some() || !self.jitter.is_empty() || shares.iter().any(|share| !share.is_empty())
    }

    /// The lab.
    pub(super) fn options(&self) -> LabOptions {
        let mut faults: PerDirection<Faults> = PerDirection::default();
        apply(&self.delay, &mut faults, |faults, delay| faults.delay = **delay);
        apply(&self.jitter, &mut faults, |faults, jitter| faults.jitter = **jitter);
        apply(&self.loss, &mut faults, |faults, share| faults.loss = *share);
        apply(&self.duplicate, &mut faults, |faults, share| faults.duplicate = *share);
        apply(&self.reorder, &mut faults, |faults, share| faults.reorder = *share);
        apply(&self.corrupt, &mut faults, |faults, share| faults.corrupt = *share);
        apply(&self.rate, &mut faults, |faults, rate| faults.rate = Some(*rate));
        let mut sysctls = PerDirection::default();
        apply(&self.sysctl, &mut sysctls, |all: &mut Vec<Sysctl>, sysctl| all.push(sysctl.clone()));
        let wire = LinkOptions { faults, rules: self.wire.concat(), seed: self.seed };
        let perfect = LabOptions::default();
        LabOptions { mtu: self.mtu.unwrap_or(perfect.mtu), sysctls, wire, ..perfect }
    }
}
