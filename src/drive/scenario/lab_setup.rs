//! What the lab must be like for a scenario: the wire's script and qualities, the hosts' settings.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::lab::{Faults, LabOptions, Percent, Sysctl, parse_script};
use crate::model::{PerDirection, Side};

/// How the lab's wire and hosts are to be, as the command line would say it.
#[derive(Clone, Copy, Debug)]
pub struct LabSetup {
    /// What the wire does to which packet, in the language of rules.
    pub script: &'static str,
    /// How long a packet is under way.
    pub delay: Duration,
    /// How much the wire carries, like `1mbit`; empty is without limit.
    pub rate: &'static str,
    /// How many packets in a hundred are lost.
    pub loss: f64,
    /// Where the wire's chances begin.
    pub seed: u64,
    /// Kernel settings of both hosts.
    pub sysctls: &'static [&'static str],
    /// At which host the session is captured: what is lost can only be seen where it was sent.
    pub capture_at: Side,
}

impl LabSetup {
    /// A perfect wire between hosts as they are, captured at the client. Its round trip of 10 ms keeps the timers that go by
    /// it (RFC 8985 §7.2) well above what a busy machine may stand still.
    pub(super) const PLAIN: Self = Self {
        script: "",
        delay: Duration::from_millis(5),
        rate: "",
        loss: 0.0,
        seed: 0,
        sysctls: &[],
        capture_at: Side::Client,
    };

    /// Whether chance decides what becomes of packets.
    pub fn has_chance(&self) -> bool {
        self.loss > 0.0
    }

    /// The lab that is so.
    ///
    /// # Errors
    /// When the setup makes no sense, which a test holds of every scenario.
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
    fn every_scenario_s_lab_can_be_built() {
        for scenario in SCENARIOS {
            assert!(scenario.lab.options().is_ok(), "{}: {:?}", scenario.name, scenario.lab);
        }
    }

    #[test]
    fn what_sockets_lose_on_loopback_the_wire_loses_in_the_lab() {
        for scenario in SCENARIOS.iter().filter(|scenario| scenario.loses_at_sockets()) {
            assert!(scenario.lab.script.contains("drop "), "{}", scenario.name);
        }
    }
}
