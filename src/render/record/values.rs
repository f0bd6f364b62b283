//! Values that several records share.

use super::super::buffer::Buffer;
use super::json::{Json, Map, Word, field, object};
use crate::model::{Endpoint, Finding, FindingCounts, PerDirection};

/// Finding code to count, those that occurred.
impl Json for &FindingCounts {
    fn write(self, out: &mut Buffer) {
        Map(self.iter().map(|(code, count)| (code.name(), count))).write(out);
    }
}

impl<T: Json> Json for PerDirection<T> {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "client_to_server": self.client_to_server,
            "server_to_client": self.server_to_client,
        });
    }
}

impl Json for Endpoint {
    fn write(self, out: &mut Buffer) {
        object!(out, { "address": self.address, "port": self.port });
    }
}

impl Json for &Finding {
    fn write(self, out: &mut Buffer) {
        object!(out, {
            "code": Word(self.code.name()),
            "text": &*self.text,
            "frames": self.frames.as_slice(),
        } {
            // of sessions with traced calls alone
            if !self.calls.is_empty() {
                field!(out, "calls": self.calls.as_slice());
            }
        });
    }
}
