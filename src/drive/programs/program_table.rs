//! The programs of a session, with the state of each.

use std::fs::File;
use std::io;

use anyhow::{Context, Result};
use libc::pid_t;

use super::command::Command;
use super::launch::{Input, Launch};
use super::output::{ProgramOutput, Show};
use super::{ClientInput, descriptor_of};
use crate::drive::transcript::Transcript;
use crate::model::{Program, ProgramEnd, Side};

/// The servers, then the clients.
pub(super) struct ProgramTable(pub(super) Vec<ProgramState>);

/// A program.
pub(super) struct ProgramState {
    side: Side,
    number: u32,
    pub(super) command: Command,
    pub(super) started: bool,
    /// Its process, once it is started.
    pid: Option<pid_t>,
    pub(super) end: Option<ProgramEnd>,
    stopped_with: Option<&'static str>,
    outlet: Option<ProgramOutput>,
}

impl ProgramTable {
    pub(super) fn assemble(servers: &[Command], clients: &[Command]) -> Self {
        let member = |side, number, command: &Command| ProgramState {
            side,
            number,
            command: command.clone(),
            started: false,
            pid: None,
            end: None,
            stopped_with: None,
            outlet: None,
        };
        let of_side = |side, commands| (1..).zip(commands).map(move |(number, command)| member(side, number, command));
        Self(of_side(Side::Server, servers).chain(of_side(Side::Client, clients)).collect())
    }

    /// The indices of the servers, or of the clients.
    pub(super) fn of_side(&self, side: Side) -> Vec<usize> {
        self.0.iter().enumerate().filter(|(_, member)| member.side == side).map(|(id, _)| id).collect()
    }

    /// The process of a started program.
    pub(super) fn pid(&self, id: usize) -> Option<pid_t> {
        self.0.get(id).and_then(|member| member.pid)
    }

    pub(super) fn is_running(&self, id: usize) -> bool {
        self.0.get(id).is_some_and(ProgramState::is_running)
    }

    pub(super) fn has_ended(&self, id: usize) -> bool {
        self.0.get(id).is_some_and(|member| member.end.is_some())
    }

    pub(super) fn did_not_start(&self, id: usize) -> bool {
        self.0.get(id).is_some_and(|member| matches!(member.end, Some(ProgramEnd::NotStarted(_))))
    }

    /// `true` if no client runs.
    pub(super) fn clients_ended(&self) -> bool {
        !self.clients().any(ProgramState::is_running)
    }

    /// A program as a sentence names it: `the server`, `client 2`.
    pub(super) fn named(&self, id: usize) -> String {
        self.0.get(id).map(ProgramState::named).unwrap_or_default()
    }

    /// The clients that run, as a sentence names them.
    pub(super) fn running_clients(&self) -> Vec<String> {
        self.clients().filter(|member| member.is_running()).map(ProgramState::named).collect()
    }

    fn clients(&self) -> impl Iterator<Item = &ProgramState> {
        self.0.iter().filter(|member| member.side == Side::Client)
    }

    pub(super) fn started(&mut self, id: usize, pid: pid_t) {
        if let Some(member) = self.0.get_mut(id) {
            (member.started, member.pid) = (true, Some(pid));
        }
    }

    pub(super) fn ended(&mut self, id: usize, end: ProgramEnd) {
        if let Some(member) = self.0.get_mut(id) {
            member.end = Some(end);
        }
    }

    /// Notes the first signal that echolab sends to a program.
    pub(super) fn stopped_with(&mut self, id: usize, signal: &'static str) {
        if let Some(member) = self.0.get_mut(id) {
            member.stopped_with = member.stopped_with.or(Some(signal));
        }
    }

    /// All programs, once no process is left.
    pub(super) fn programs(self) -> Vec<Program> {
        self.0.into_iter().map(ProgramState::program).collect()
    }
}

impl ProgramState {
    fn is_running(&self) -> bool {
        self.started && self.end.is_none()
    }

    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// `true` if it is the first of its side.
    pub(super) fn is_first(&self) -> bool {
        self.number == 1
    }

    fn described(&self) -> Program {
        Program {
            side: self.side,
            number: self.number,
            command: self.command.typed().to_owned(),
            end: self.end.clone().unwrap_or(ProgramEnd::NotReached),
            stopped_with: self.stopped_with,
            output: Vec::new(),
            output_left_out: 0,
        }
    }

    pub(super) fn label(&self) -> String {
        self.described().label()
    }

    fn named(&self) -> String {
        named(&self.described())
    }

    pub(super) fn failed(&self) -> bool {
        self.described().failed()
    }

    pub(super) fn ending(&self) -> String {
        self.described().ending()
    }

    fn program(self) -> Program {
        let mut program = self.described();
        if let Some(outlet) = self.outlet {
            let output = outlet.end();
            (program.output, program.output_left_out) = (output.lines, output.left_out);
        }
        program
    }

    /// Prepares its start. `alone` means that no other program shares its input; its calls are recorded in the
    /// transcript of its side, if there is one.
    pub(super) fn launch(
        &mut self,
        input: Option<&ClientInput>,
        alone: bool,
        show: &Show,
        transcripts: Option<&[Transcript; 2]>,
    ) -> Result<Launch> {
        let nothing = || -> io::Result<Input> { Ok(Input::From(File::open("/dev/null")?.into())) };
        let input = match input {
            Some(ClientInput::Inherited) if alone => Ok(Input::Inherited),
            None | Some(ClientInput::Inherited) => nothing(),
            Some(ClientInput::Bytes(bytes)) => descriptor_of(bytes).map(Input::From),
            Some(ClientInput::File(path)) => File::open(path).map(|file| Input::From(file.into())),
        };
        let input = input.with_context(|| format!("can't make the input of the {}", self.label()))?;
        let (outlet, output) =
            ProgramOutput::open(self.label(), show.clone()).context("can't make a program's output")?;
        self.outlet = Some(outlet);
        let transcript = transcripts.map(|[client, server]| {
            let of_side = if self.side == Side::Client { client } else { server };
            of_side.of_program(self.label(), self.side)
        });
        Ok(Launch { command: self.command.clone(), input, output, transcript })
    }
}

/// A program as a sentence names it: one with a number needs no article.
pub(super) fn named(program: &Program) -> String {
    let article = if program.number == 1 { "the " } else { "" };
    format!("{article}{}", program.label())
}
