//! Diagnoses that only the capture as a whole shows.

use crate::model::{Finding, FindingCode as Code, counted, thousands};
use crate::track::{Attempts, CaptureOverview, MirrorSummary, Surge};

/// Everything that the overview shows.
pub(crate) fn of(overview: &CaptureOverview) -> Vec<Finding> {
    let mirror = overview.mirror.as_ref().map(mirrored);
    mirror.into_iter().chain(overview.surges.iter().map(|(surge, attempts)| surged(surge, attempts))).collect()
}

/// The capture holds each packet twice.
fn mirrored(mirror: &MirrorSummary) -> Finding {
    let routed = match mirror.routed {
        0 => "a mirror port that copies both directions, or a capture on several interfaces or VLANs",
        _ => "captured on both sides of a router, since the duplicates have another TTL",
    };
    let after = match mirror.after.0 {
        0 => String::new(),
        _ => format!(", at most {} after their originals", mirror.after.human()),
    };
    let text = format!(
        "Packets were captured twice: duplicates in {}{after} ({routed}). They are left out of the analysis.",
        counted(mirror.copies.count, "frame")
    );
    Finding::new(Code::MirroredCapture, text, mirror.copies.frames.iter().copied())
}

/// Many connections that came to nothing.
fn surged(surge: &Surge, attempts: &Attempts) -> Finding {
    let Attempts { begun, opened, refused, .. } = *attempts;
    let within = attempts.duration().map_or_else(String::new, |time| format!(" within {}", time.human()));
    let (different, exact) = attempts.different();
    let different = format!("{}{}", if exact { "" } else { "about " }, thousands(different));
    let hosts = format!("{different} {}", if attempts.different().0 == 1 { "host" } else { "hosts" });
    let opened = match opened {
        0 => "none of them opened".to_owned(),
        1 => "1 of them opened".to_owned(),
        opened => format!("{} of them opened", thousands(opened)),
    };
    let refused = match refused {
        0 => String::new(),
        refused => format!(
            ", {} refused by RST",
            if refused == 1 { "1 was".to_owned() } else { format!("{} were", thousands(refused)) }
        ),
    };
    let begun = thousands(begun);
    let (code, text) = match surge {
        Surge::SynFlood(server) => (
            Code::SynFlood,
            format!(
                "{begun} connections to {server} began with a SYN{within}, from {hosts}; {opened}{refused}. That many half-open connections are a SYN flood (RFC 4987)."
            ),
        ),
        Surge::PortScan(client, server) => (
            Code::PortScan,
            format!(
                "{client} tried {different} ports of {server} with {begun} SYNs{within}; {opened}{refused}: a port scan."
            ),
        ),
        Surge::HostScan(client, port) => (
            Code::PortScan,
            format!(
                "{client} tried port {port} of {hosts} with {begun} SYNs{within}; {opened}{refused}: a scan for that port."
            ),
        ),
        Surge::Backscatter(server) => (
            Code::Backscatter,
            format!(
                "{server} sent answers{within} to {hosts}, in {begun} conversations whose SYNs the capture lacks. Either another host sent SYNs to it with these addresses (backscatter of a flood), or the capture holds only the server's direction."
            ),
        ),
    };
    Finding::new(code, text, attempts.frames.iter().copied())
}
