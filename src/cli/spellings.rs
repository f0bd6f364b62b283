//! Spellings of arguments that clap does not take, rewritten to those that it does.

use std::ffi::OsString;

use super::questions_arg;

/// The subcommands that have a server's address.
const WITH_ADDRESS: [&str; 3] = ["session", "serve", "connect"];

/// The command line as clap takes it; the first argument is the program.
pub(super) fn normalize(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let subcommand = arguments.get(1).and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    if WITH_ADDRESS.contains(&subcommand.as_str()) {
        arguments.iter_mut().for_each(two_dashes);
    }
    if subcommand == "help" {
        // help on help: what follows are names of subcommands alone
        arguments.retain(|argument| argument != "-h" && argument != "--help");
    }
    questions_arg::join(arguments)
}

/// `-ip`, as the programs of many courses have it. To clap it is `-i p`, an interface that is called p: where there is
/// one, its name can be written apart.
fn two_dashes(argument: &mut OsString) {
    let address = argument.to_str().and_then(|text| text.strip_prefix("-ip"));
    if let Some(rest) = address.filter(|rest| rest.is_empty() || rest.starts_with('=')) {
        *argument = format!("--ip{rest}").into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_other_programs_are_translated() {
        for (typed, expected) in [
            ("echolab connect -ip ::1 -c", "echolab connect --ip ::1 -c"),
            ("echolab session -ip=127.0.0.2", "echolab session --ip=127.0.0.2"),
            ("echolab session -i p", "echolab session -i p"),
            ("echolab session -ipx", "echolab session -ipx"),
            ("echolab capture -ip", "echolab capture -ip"),
            ("echolab help -h", "echolab help"),
            ("echolab help session --help", "echolab help session"),
            ("echolab session -h", "echolab session -h"),
            ("echolab", "echolab"),
        ] {
            let arguments = normalize(typed.split(' ').map(OsString::from).collect());
            let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
            assert_eq!(arguments.join(" "), expected, "{typed}");
        }
    }
}
