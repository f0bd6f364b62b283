//! Values that several records share.

use std::net::IpAddr;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::writer::Word;
use crate::model::{Endpoint, PerDirection};
use crate::model::{Finding, FindingCounts};
use crate::report::CaptureTotals;
use crate::track::AnalysisCounts;

/// Written as its `Display` says.
pub(super) struct Text<T>(pub(super) T);

impl<T: std::fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Reason to count.
pub(super) struct Reasons<'a>(pub(super) &'a CaptureTotals);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.other().map(|(reason, count)| (reason.name(), count)))
    }
}

/// Flag to count, every flag.
pub(super) struct FlagCounts(pub(super) AnalysisCounts);

impl Serialize for FlagCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (flag, count) in self.0.iter() {
            map.serialize_entry(flag.name(), &count)?;
        }
        map.end()
    }
}

/// Finding code to count, those that occurred.
pub(super) struct CodeCounts<'a>(pub(super) &'a FindingCounts);

impl Serialize for CodeCounts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(code, count)| (code.name(), count)))
    }
}

#[derive(Serialize)]
pub(super) struct BothWays<T> {
    client_to_server: T,
    server_to_client: T,
}

impl<T> From<PerDirection<T>> for BothWays<T> {
    fn from(value: PerDirection<T>) -> Self {
        Self { client_to_server: value.client_to_server, server_to_client: value.server_to_client }
    }
}

#[derive(Serialize)]
pub(super) struct End {
    address: IpAddr,
    port: u16,
}

impl From<Endpoint> for End {
    fn from(Endpoint { address, port }: Endpoint) -> Self {
        Self { address, port }
    }
}

#[derive(Serialize)]
pub(super) struct FindingRecord<'a> {
    code: Word,
    text: &'a str,
    frames: &'a [u64],
    /// Of sessions with traced calls alone.
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    calls: &'a [u32],
}

impl<'a> From<&'a Finding> for FindingRecord<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { code: Word(finding.code.name()), text: &finding.text, frames: &finding.frames, calls: &finding.calls }
    }
}

pub(super) fn findings(findings: &[Finding]) -> Vec<FindingRecord<'_>> {
    findings.iter().map(FindingRecord::from).collect()
}
