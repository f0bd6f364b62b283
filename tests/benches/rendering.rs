//! Writing speed of steps: the segments of an echo, explained beforehand.

#![allow(clippy::expect_used, reason = "a benchmark may fail like a test")]

use std::io;

use divan::Bencher;
use divan::counter::ItemsCount;
use echolab::capture::file;
use echolab::explain::{Conversation, Step};
use echolab::model::CaptureInfo;
use echolab::pipeline;
use echolab::render::{self, FORMATS};
use echolab::report::{CaptureTotals, Sink};

const STEPS: usize = 10_000;

fn main() {
    divan::main();
}

/// Every format that streams.
fn streaming() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().filter(|format| format.streams && !format.is_capture_file()).map(|format| format.name)
}

#[divan::bench(args = streaming())]
fn steps(bencher: Bencher<'_, '_>, name: &str) {
    let steps = explained();
    let format = render::format(name).expect("a format");
    bencher.counter(ItemsCount::new(steps.len())).bench(|| {
        let mut sink = format.report(Box::new(io::sink()), &render::Options::default()).expect("a report");
        sink.capture(&CaptureInfo::default()).expect("written");
        steps.iter().for_each(|step| sink.step(step).expect("written"));
        sink.end().expect("written");
    });
}

/// The steps of a lab session, over and over.
fn explained() -> Vec<Step<'static>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/lab-v0.pcap");
    let mut source = file::open(path.as_ref()).expect("a fixture");
    let mut kept = Kept::default();
    pipeline::run(&mut source, &mut pipeline::Options::default(), &mut kept).expect("kept");
    kept.0.iter().cycle().take(STEPS).cloned().collect()
}

#[derive(Default)]
struct Kept(Vec<Step<'static>>);

impl Sink for Kept {
    fn capture(&mut self, _: &CaptureInfo) -> io::Result<()> {
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        self.0.push(step.keep(64));
        Ok(())
    }

    fn conversation(&mut self, _: &Conversation) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        Ok(())
    }
}
