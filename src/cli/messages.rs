//! `--message` and `--message-bytes`, in the order in which they were typed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

/// Most bytes of one message that can be asked for: 1 GiB.
const LIMIT: u64 = 1 << 30;

/// The messages of the client. clap's derive would keep the values of the two options separate and lose their order.
#[derive(Clone, Debug)]
pub(super) struct MessageArgs {
    pub(super) messages: Vec<Vec<u8>>,
}

impl Args for MessageArgs {
    fn augment_args(command: Command) -> Command {
        command
            .next_help_heading("Client")
            .arg(
                Arg::new("message")
                    .long("message")
                    .value_name("TEXT")
                    .value_parser(value_parser!(OsString))
                    .action(ArgAction::Append)
                    .allow_hyphen_values(true)
                    .help("Send TEXT; repeatable, in this order with --message-bytes [default: Hello, world]"),
            )
            .arg(
                Arg::new("message-bytes")
                    .long("message-bytes")
                    .value_name("N")
                    .value_parser(value_parser!(u64).range(0..=LIMIT))
                    .action(ArgAction::Append)
                    .help("Send N bytes of one letter, of the next letter each time: A, B, C, …"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for MessageArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let indices = |name| matches.indices_of(name).into_iter().flatten();
        let texts = matches.get_many::<OsString>("message").into_iter().flatten();
        let sizes = matches.get_many::<u64>("message-bytes").into_iter().flatten();
        let mut placed: Vec<(usize, Vec<u8>)> =
            indices("message").zip(texts.map(|text| text.clone().into_vec())).collect();
        let letters = (b'A'..=b'Z').cycle();
        placed.extend(
            indices("message-bytes")
                .zip(sizes.zip(letters).map(|(size, letter)| vec![letter; usize::try_from(*size).unwrap_or(0)])),
        );
        placed.sort_by_key(|(index, _)| *index);
        let mut messages: Vec<_> = placed.into_iter().map(|(_, message)| message).collect();
        if messages.is_empty() {
            messages.push(b"Hello, world".to_vec());
        }
        Ok(Self { messages })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(arguments: &[&str]) -> Result<Vec<Vec<u8>>, clap::Error> {
        let command = MessageArgs::augment_args(Command::new("test").no_binary_name(true));
        Ok(MessageArgs::from_arg_matches(&command.try_get_matches_from(arguments)?)?.messages)
    }

    #[test]
    fn outputs_follow_command_line_order_with_consecutive_letters() -> Result<(), clap::Error> {
        let typed =
            ["--message", "x", "--message-bytes", "3", "--message", "-y", "--message-bytes=2", "--message-bytes", "0"];
        let expected: [&[u8]; 5] = [b"x", b"AAA", b"-y", b"BB", b""];
        assert_eq!(messages(&typed)?, expected);
        assert_eq!(messages(&[])?, [b"Hello, world"]);
        Ok(())
    }

    #[test]
    fn letters_start_over_after_the_last() -> Result<(), clap::Error> {
        let typed: Vec<_> = (0..27).flat_map(|_| ["--message-bytes", "1"]).collect();
        assert_eq!(messages(&typed)?.last().map(Vec::as_slice), Some(b"A".as_slice()));
        Ok(())
    }

    #[test]
    fn message_above_one_gibibyte_is_refused() {
        assert!(messages(&["--message-bytes", "9999999999"]).is_err());
    }
}
