//! `--format csv`: a row a step (or a conversation), for a spreadsheet.

use std::io::{self, Write};

use super::{Format, Options, Triaged, escape, grid};
use crate::explain::{Conversation, Step};
use crate::model::CaptureInfo;
use crate::report::{COLUMNS, CaptureTotals, Cell, Choice, Room, Sink, StepColumn};

/// The columns unless others are asked for: all that a number or a word says of a step.
const USUAL: &str = "protocol,stream,step,frame,epoch,time,direction,source,destination,flags,seq,ack,length,window,\
    arithmetic,phase,analysis,findings,description";

pub(super) static FORMAT: Format = Format {
    name: "csv",
    extension: "csv",
    about: "one row per step, for a spreadsheet",
    streams: true,
    headers: false,
    answers: false,
    triage: Triaged::No,
    sink: Some(|out, options| Box::new(Csv::new(out, options))),
};

fn usual() -> Vec<&'static StepColumn> {
    let usual = Choice::parse(COLUMNS, USUAL).unwrap_or_default();
    usual.columns(COLUMNS, Vec::new())
}

struct Csv<W: Write> {
    out: csv::Writer<W>,
    options: Options,
    columns: Vec<&'static StepColumn>,
    /// Name of the capture at hand, where there are several.
    file: Option<String>,
    begun: bool,
}

impl<W: Write> Csv<W> {
    fn new(out: W, options: &Options) -> Self {
        let columns = options.columns.columns(COLUMNS, usual());
        let mut options = options.clone();
        // spreadsheets take a file without a byte order mark for anything but UTF-8
        options.view.ascii = true;
        Self { out: csv::Writer::from_writer(out), options, columns, file: None, begun: false }
    }

    fn head(&mut self) -> io::Result<()> {
        let file = self.options.several.then_some("file");
        let names: Vec<_> = match self.options.summary {
            false => self.columns.iter().map(|column| column.name).collect(),
            true => {
                grid::conversation_columns(&self.options, Room::OnDemand).iter().map(|column| column.name).collect()
            }
        };
        self.out.write_record(file.into_iter().chain(names)).map_err(io::Error::from)
    }

    fn row(&mut self, cells: &[Cell]) -> io::Result<()> {
        for text in self.file.as_deref().into_iter().chain(cells.iter().map(|cell| cell.text.as_str())) {
            self.out.write_field(escape::spreadsheet(text).as_bytes())?;
        }
        self.out.write_record(None::<&[u8]>).map_err(io::Error::from)
    }
}

impl<W: Write> Sink for Csv<W> {
    fn capture(&mut self, info: &CaptureInfo) -> io::Result<()> {
        self.file = self.options.several.then(|| info.file.clone().unwrap_or_default());
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        self.head()
    }

    fn wants_conversations(&self) -> bool {
        self.options.summary
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let cells: Vec<_> = self.columns.iter().map(|column| (column.text)(step, &self.options.view)).collect();
        self.row(&cells)
    }

    fn conversation(&mut self, conversation: &Conversation) -> io::Result<()> {
        if !self.options.summary {
            return Ok(());
        }
        let columns = grid::conversation_columns(&self.options, Room::OnDemand);
        let cells: Vec<_> = columns.iter().map(|column| (column.text)(conversation, &self.options.view)).collect();
        self.row(&cells)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn finish(&mut self, _: &CaptureTotals) -> io::Result<()> {
        self.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_columns_exist() {
        assert_eq!(usual().len(), USUAL.split(',').count());
    }
}
