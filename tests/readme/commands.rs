//! The commands of the pages run, and give the output shown.

use std::sync::Mutex;

use crate::fence::Fence;
use crate::live;
use crate::page::{self, Page};
use crate::stage::{Stage, Tools};

/// Pages whose commands run at the same time. Live sessions mostly wait.
const AT_ONCE: usize = 3;

/// A line that says that the commands below it are typed while the one above it runs.
const OTHER_TERMINAL: &str = "# in another terminal";

/// Runs all commands of a page, and gives it with the outputs as they are.
fn with_outputs(page: &Page, tools: &Tools) -> String {
    let mut stage = Stage::new(tools);
    let mut text = String::new();
    let mut lines = page.text.lines();
    while let Some(line) = lines.next() {
        text += &format!("{line}\n");
        let Some(fence) = Fence::of(line) else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match fence {
            Fence::Other => text += &written(&block),
            Fence::File(name) => {
                stage.file(&name, &written(&block));
                text += &written(&block);
            }
            Fence::Commands => {
                assert!(!block.is_empty(), "{}: an empty block", page.name);
                text += &written(&block);
                for (at, command) in block.iter().enumerate().filter(|(_, line)| !line.starts_with('#')) {
                    if block.get(at + 1).is_some_and(|next| next.starts_with(OTHER_TERMINAL)) {
                        stage.start(command);
                    } else {
                        stage.run(command);
                    }
                }
            }
            Fence::Console | Fence::Live => {
                assert!(block.first().is_some_and(|line| line.starts_with("$ ")), "no command in {block:?}");
                for part in block.chunk_by(|_, next| !next.starts_with("$ ")) {
                    let command = part[0].trim_start_matches("$ ");
                    let output = stage.run(command);
                    let shown = &part[1..];
                    let kept = fence == Fence::Live && !shown.is_empty() && live::missing(shown, &output).is_none();
                    text += &format!("$ {command}\n{}", if kept { written(shown) } else { output });
                }
            }
        }
        stage.clear();
        text += "```\n";
    }
    text
}

fn written(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn every_command_gives_the_output_shown() {
    page::compare(|pages| {
        let tools = Tools::new();
        let waiting = Mutex::new(pages.into_iter());
        let right = Mutex::new(Vec::new());
        let work = || {
            loop {
                let next = waiting.lock().unwrap().next();
                let Some(page) = next else { break };
                let text = with_outputs(&page, &tools);
                right.lock().unwrap().push(Page { text, ..page });
            }
        };
        std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
        right.into_inner().unwrap()
    });
}
