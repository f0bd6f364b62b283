//! The records of the machine output: what `--format jsonl` writes one a line and `--format json` in one document.
//!
//! Every key is always there; an absent value is `null`. Field names are a public interface: they stay.

mod answers;
mod call;
mod capture;
mod conversation;
mod json;
mod step;
mod values;

pub(super) use answers::Answers;
pub(super) use capture::Summary;
pub(super) use json::Json;

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::{Path, PathBuf};

    use serde_json::Value;

    use super::super::buffer::Buffer;
    use super::json::tests::by_serde;
    use super::{Answers, Json, Summary};
    use crate::capture::file::open;
    use crate::explain::{Conversation, Step};
    use crate::model::CaptureInfo;
    use crate::pipeline::{Options, run};
    use crate::report::{CaptureTotals, Sink, TracedCall};

    /// Compares every record with what serde_json writes of the same value.
    struct Oracle {
        records: u64,
    }

    impl Oracle {
        fn compare(&mut self, record: impl Json) -> io::Result<()> {
            let mut buffer = Buffer::new();
            record.write(&mut buffer);
            let written = buffer.into_string();
            let value: Value = serde_json::from_str(&written).expect("valid JSON");
            assert_eq!(written, by_serde(&value));
            self.records += 1;
            Ok(())
        }
    }

    impl Sink for Oracle {
        fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
            self.compare(info)
        }

        fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
            self.compare(step)
        }

        fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
            self.compare(conversation)?;
            Answers::of(conversation).map_or(Ok(()), |answers| self.compare(&answers))
        }

        fn call(&mut self, call: &TracedCall) -> io::Result<()> {
            self.compare(call)
        }

        fn finish(&mut self, totals: &CaptureTotals) -> io::Result<()> {
            self.compare(Summary::new(totals))
        }
    }

    fn captures(folder: &Path) -> Vec<PathBuf> {
        let entries = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.flat_map(|path| if path.is_dir() { captures(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn every_record_of_every_fixture_is_written_as_serde_writes_it() {
        let files = captures(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
        let mut oracle = Oracle { records: 0 };
        // what is no capture among the fixtures is not for this test
        for mut source in files.iter().filter_map(|file| open(file).ok()) {
            run(&mut source, &mut Options::default(), &mut oracle).expect("nothing is written");
        }
        assert!(oracle.records > 1_000, "only {} records", oracle.records);
    }
}
