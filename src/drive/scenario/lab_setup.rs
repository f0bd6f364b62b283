//! The lab that a scenario needs: the link's script and faults, the hosts' settings.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::lab::{Faults, LabOptions, Percent, Sysctl, parse_script};
use crate::model::{PerDirection, Side};

/// The configuration of the lab's wire and hosts, in the terms of the command line.
#[derive(Clone, Copy, Debug)]
pub struct LabSetup {
    /// The script of the link, in the language of rules.
    pub script: &'static str,
    /// The one-way delay of a packet.
    pub delay: Duration,
    /// The link's capacity, such as `1mbit`; empty for no limit.
    pub rate: &'static str,
    /// The percentage of packets lost.
    pub loss: f64,
    /// The random seed.
    pub seed: u64,
    /// Kernel settings of both hosts.
    pub sysctls: &'static [&'static str],
    /// The host at which the session is captured: a lost packet can only be seen at its sender.
    pub capture_at: Side,
}

impl LabSetup {
    /// A link without faults between hosts with their default settings, captured at the client. Its round-trip time of
    /// 10 ms keeps the timers derived from it (RFC 8985 §7.2) well above the pauses of a busy machine.
    pub(super) const PLAIN: Self = Self {
        script: "",
        delay: Duration::from_millis(5),
        rate: "",
        loss: 0.0,
        seed: 0,
        sysctls: &[],
        capture_at: Side::Client,
    };

    /// `true` if packets are lost by chance.
    pub fn has_chance(&self) -> bool {
        self.loss > 0.0
    }

    /// The options of this lab.
    ///
    /// # Errors
    /// If the setup is invalid, which a test excludes for every scenario.
    pub fn options(&self) -> Result<LabOptions> {
        let mut options = LabOptions::default();
        let rate = if self.rate.is_empty() { None } else { Some(self.rate.parse()?) };
        let loss = Percent::new(self.loss).context("a share is from 0 to 100")?;
        let faults = Faults { delay: self.delay, rate, loss, ..Faults::default() };
        options.wire.faults = PerDirection { client_to_server: faults, server_to_client: faults };
        options.wire.rules = parse_script(self.script)?;
        options.wire.seed = Some(self.seed);
        let sysctls = self.sysctls.iter().map(|text| text.parse()).collect::<Result<Vec<Sysctl>, _>>()?;
        options.sysctls = PerDirection { client_to_server: sysctls.clone(), server_to_client: sysctls };
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use crate::drive::SCENARIOS;

    #[test]
    fn lab_of_every_scenario_can_be_built() {
        for scenario in SCENARIOS {
            assert!(scenario.lab.options().is_ok(), "{}: {:?}", scenario.name, scenario.lab);
        }
    }

    #[test]
    fn socket_losses_on_loopback_match_link_losses_in_the_lab() {
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.loses_at_sockets()) {
            assert!(scenario.lab.script.contains("drop "), "{}", scenario.name);
        }
    }
}
