//! The records of the machine output: what `--format jsonl` writes one a line and `--format json` in one document.
//!
//! Every key is always there; an absent value is `null`. Field names are a public interface: they stay.

mod answers;
mod call;
mod capture;
mod conversation;
mod step;
mod values;
mod writer;

use serde::Serialize;

pub(super) use answers::AnswersRecord;
pub(super) use call::CallRecord;
pub(super) use capture::{Capture, Summary};
pub(super) use conversation::ConversationRecord;
pub(super) use step::StepRecord;
pub(super) use writer::write_json;

/// A line of the output.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "written at once, never stored; a box would be an allocation a step")]
pub(super) enum Record<'a> {
    Capture(Capture<'a>),
    Step(StepRecord<'a>),
    Conversation(ConversationRecord<'a>),
    /// Only where answers are asked for.
    Answers(AnswersRecord),
    Call(CallRecord<'a>),
    Summary(Summary<'a>),
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::{Path, PathBuf};

    use super::super::buffer::Buffer;
    use super::writer::tests::by_serde;
    use super::{AnswersRecord, CallRecord, Record, write_json};
    use crate::capture::file::open;
    use crate::explain::{Conversation, Step};
    use crate::model::CaptureInfo;
    use crate::pipeline::{Options, run};
    use crate::report::{CaptureTotals, Sink, TracedCall};

    /// Compares every record with what serde_json makes of it.
    struct Oracle {
        buffer: Buffer,
        records: u64,
    }

    impl Oracle {
        fn compare(&mut self, record: &Record<'_>) -> io::Result<()> {
            self.buffer.clear();
            write_json(&mut self.buffer, record)?;
            assert_eq!(str::from_utf8(self.buffer.as_bytes()).expect("UTF-8"), by_serde(record));
            self.records += 1;
            Ok(())
        }
    }

    impl Sink for Oracle {
        fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
            self.compare(&Record::Capture(info.into()))
        }

        fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
            self.compare(&Record::Step(step.into()))
        }

        fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
            self.compare(&Record::Conversation(conversation.into()))?;
            AnswersRecord::of(conversation).map_or(Ok(()), |answers| self.compare(&Record::Answers(answers)))
        }

        fn call(&mut self, call: &TracedCall) -> io::Result<()> {
            self.compare(&Record::Call(CallRecord::from(call)))
        }

        fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
            self.compare(&Record::Summary(totals.into()))
        }
    }

    fn captures(folder: &Path) -> Vec<PathBuf> {
        let entries = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.flat_map(|path| if path.is_dir() { captures(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_record_of_every_fixture_is_written_as_serde_writes_it() {
        let files = captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
        let mut oracle = Oracle { buffer: Buffer::with_capacity(4096), records: 0 };
        // what is no capture among the fixtures is not for this test
        for mut source in files.iter().filter_map(|file| open(file).ok()) {
            run(&mut source, &mut Options::default(), &mut oracle).expect("nothing is written");
        }
        assert!(oracle.records > 1_000, "only {} records", oracle.records);
    }
}
