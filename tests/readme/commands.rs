//! Its commands run, and give what is shown under them.

use crate::stage::Stage;

/// In a block of `sh` every line is a command; in one of `console` commands begin with `$ `, and the lines below one are
/// its output.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fence {
    Sh,
    Console,
    /// Not to be run: another language, or text.
    Other,
}

/// Runs all of them, and gives the README with the outputs as they are.
fn with_outputs(readme: &str) -> String {
    let mut stage = Stage::new();
    let mut text = String::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        text += &format!("{line}\n");
        let Some(language) = line.strip_prefix("```") else { continue };
        let fence = match language {
            "sh" => Fence::Sh,
            "console" => Fence::Console,
            _ => Fence::Other,
        };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        assert!(fence == Fence::Other || !block.is_empty(), "an empty block of {language}");
        match fence {
            Fence::Other => block.iter().for_each(|line| text += &format!("{line}\n")),
            Fence::Sh => {
                for command in &block {
                    stage.run(command);
                    text += &format!("{command}\n");
                }
            }
            Fence::Console => {
                assert!(block[0].starts_with("$ "), "no command in {block:?}");
                for command in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
                    text += &format!("$ {command}\n{}", stage.run(command));
                }
            }
        }
        stage.clear();
        text += "```\n";
    }
    text
}

#[test]
fn every_command_does_what_is_shown() {
    crate::hold(with_outputs);
}
