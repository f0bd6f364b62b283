//! The parser of rules; their grammar is in [`rule`](super::rule).

use std::fmt;
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};
use std::time::Duration;

use super::packet::PacketKind;
use super::rule::{Action, Rule, Times};
use crate::model::Direction;

/// The reason that a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    rule: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Empty,
    Action(String),
    Kind(Option<String>),
    Number(String),
    Times(String),
    Side(Option<String>),
    Duration(Option<String>),
    NoDelay,
    NeedlessDelay,
    Swap,
    Twice(&'static str),
    Leftover(String),
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule {:?} ", self.rule)?;
        let found = |word: &Option<String>| word.as_ref().map_or("nothing".to_owned(), |word| format!("{word:?}"));
        match &self.problem {
            Problem::Empty => f.write_str("is empty: write one like `drop data 2 of client`"),
            Problem::Action(word) => {
                write!(f, "begins with {word:?}: the wire can drop, delay, duplicate, corrupt, mark and swap")
            }
            Problem::Kind(word) => {
                write!(f, "has {} where a kind of packet must be: use one of ", found(word))?;
                PacketKind::ALL
                    .iter()
                    .enumerate()
                    .try_for_each(|(index, (kind, _))| write!(f, "{}{kind}", if index == 0 { "" } else { ", " }))
            }
            Problem::Number(word) => write!(f, "has the number {word}: packets are counted from 1 to {}", u32::MAX),
            Problem::Times(word) => {
                write!(f, "is to apply {word} times: write once, twice, a number of times from 1, or always")
            }
            Problem::Side(word) => write!(f, "has {} after `of`: it must be client or server", found(word)),
            Problem::Duration(word) => write!(f, "has {} after `by`: write a time like 50ms or 1s", found(word)),
            Problem::NoDelay => f.write_str("does not say how long: add a time, as in `delay ack 3 by 50ms`"),
            Problem::NeedlessDelay => f.write_str("has a time, but only `delay` takes one"),
            Problem::Swap => f.write_str("must name two different packets, as in `swap data 4 5`"),
            Problem::Twice(clause) => write!(f, "says {clause} more than once"),
            Problem::Leftover(word) => {
                write!(
                    f,
                    "has {word:?} too much: after the packet come `of SIDE`, `by TIME` and once, twice, N times or always"
                )
            }
        }
    }
}

impl std::error::Error for RuleError {}

/// Parses a script: rules separated by `;`, `,` or line ends, with `#` before a comment.
///
/// # Errors
/// The first rule that cannot be parsed, and the reason.
pub fn parse_script(text: &str) -> Result<Vec<Rule>, RuleError> {
    text.lines()
        .map(|line| line.split_once('#').map_or(line, |(rules, _)| rules))
        .flat_map(|line| line.split([';', ',']))
        .map(str::trim)
        .filter(|rule| !rule.is_empty())
        .map(str::parse)
        .collect()
}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let lower = text.to_ascii_lowercase();
        read(&mut lower.split_whitespace().peekable())
            .map_err(|problem| RuleError { rule: text.trim().to_owned(), problem })
    }
}

type Words<'a> = Peekable<SplitWhitespace<'a>>;

/// The optional clauses after the packet.
#[derive(Default)]
struct Clauses {
    direction: Option<Direction>,
    delay: Option<Duration>,
    times: Option<Times>,
}

fn read(words: &mut Words<'_>) -> Result<Rule, Problem> {
    let verb = words.next().ok_or(Problem::Empty)?;
    if !["drop", "delay", "duplicate", "corrupt", "mark", "swap"].contains(&verb) {
        return Err(Problem::Action(verb.to_owned()));
    }
    let word = words.next();
    let kind = word.and_then(|word| word.parse().ok()).ok_or_else(|| Problem::Kind(word.map(str::to_owned)))?;
    let mut number = self::number(words)?;
    let other = if verb == "swap" { self::number(words)? } else { None };
    let clauses = clauses(words)?;
    if verb != "delay" && clauses.delay.is_some() {
        return Err(Problem::NeedlessDelay);
    }
    let action = match verb {
        "drop" => Action::Drop,
        "delay" => Action::Delay(clauses.delay.ok_or(Problem::NoDelay)?),
        "duplicate" => Action::Duplicate,
        "corrupt" => Action::Corrupt,
        "mark" => Action::Mark,
        _ => match (number, other) {
            (Some(one), Some(other)) if one != other => {
                // the earlier packet is the one that is held
                number = Some(one.min(other));
                Action::SwapWith(one.max(other))
            }
            _ => return Err(Problem::Swap),
        },
    };
    let times = clauses.times.unwrap_or(Times::Count(1));
    Ok(Rule { action, kind, number, direction: clauses.direction, times })
}

/// A packet's number, if the next word is a number without "times" after it.
fn number(words: &mut Words<'_>) -> Result<Option<u32>, Problem> {
    let mut ahead = words.clone();
    let Some(word) = ahead.next().filter(|word| word.starts_with(|first: char| first.is_ascii_digit())) else {
        return Ok(None);
    };
    if ahead.next() == Some("times") {
        return Ok(None);
    }
    words.next();
    count(word).ok_or_else(|| Problem::Number(word.to_owned())).map(Some)
}

/// A number from 1.
fn count(word: &str) -> Option<u32> {
    word.parse().ok().filter(|count| *count > 0)
}

fn clauses(words: &mut Words<'_>) -> Result<Clauses, Problem> {
    let mut clauses = Clauses::default();
    while let Some(word) = words.next() {
        let repeated = match word {
            "of" => {
                let side = words.next();
                let direction = match side {
                    Some("client") => Direction::ClientToServer,
                    Some("server") => Direction::ServerToClient,
                    _ => return Err(Problem::Side(side.map(str::to_owned))),
                };
                clauses.direction.replace(direction).map(|_| "whose packet it is")
            }
            "by" => {
                let time = words.next();
                let delay = time.and_then(|time| humantime::parse_duration(time).ok());
                let delay = delay.ok_or_else(|| Problem::Duration(time.map(str::to_owned)))?;
                clauses.delay.replace(delay).map(|_| "how long")
            }
            "once" => clauses.times.replace(Times::Count(1)).map(|_| "how often"),
            "twice" => clauses.times.replace(Times::Count(2)).map(|_| "how often"),
            "always" => clauses.times.replace(Times::Always).map(|_| "how often"),
            word if words.peek() == Some(&"times") => {
                let times = Times::Count(count(word).ok_or_else(|| Problem::Times(word.to_owned()))?);
                words.next();
                clauses.times.replace(times).map(|_| "how often")
            }
            word => return Err(Problem::Leftover(word.to_owned())),
        };
        if let Some(clause) = repeated {
            return Err(Problem::Twice(clause));
        }
    }
    Ok(clauses)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(text: &str) -> Rule {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn problem(text: &str) -> String {
        text.parse::<Rule>().unwrap_err().to_string()
    }

    #[test]
    fn rules_are_parsed_from_their_text() {
        let expected = Rule {
            action: Action::Drop,
            kind: PacketKind::Data,
            number: Some(2),
            direction: Some(Direction::ClientToServer),
            times: Times::Count(2),
        };
        assert_eq!(rule("drop data 2 of client twice"), expected);
        assert_eq!(rule(" DROP  data 2 twice of client "), expected);
        let delay = rule("delay ack 3 by 50ms");
        assert_eq!((delay.action, delay.kind), (Action::Delay(Duration::from_millis(50)), PacketKind::Ack));
        let swap = rule("swap data 4 5");
        assert_eq!((swap.action, swap.number, swap.times), (Action::SwapWith(5), Some(4), Times::Count(1)));
        assert_eq!(rule("swap data 5 4"), swap);
        assert_eq!(rule("drop syn-ack"), rule("drop synack once"));
        assert_eq!(rule("drop udp"), rule("drop datagram"));
        assert_eq!(rule("drop data 3 times").number, None);
        assert_eq!(rule("drop data 3 3 times").times, Times::Count(3));
        assert_eq!(rule("corrupt any always").times, Times::Always);
    }

    #[test]
    fn invalid_rule_is_explained() {
        for (text, words) in [
            ("", "is empty"),
            ("lose data 1", "begins with \"lose\""),
            ("drop", "has nothing where a kind of packet must be"),
            ("drop dat 1", "has \"dat\" where a kind of packet must be: use one of syn, syn-ack, rst, data,"),
            ("drop data 0", "counted from 1"),
            ("drop data 99999999999", "counted from 1"),
            ("drop data 0 times", "is to apply 0 times"),
            ("drop data 2 zero times", "is to apply zero times"),
            ("drop data 1 of router", "has \"router\" after `of`"),
            ("drop data 1 of", "has nothing after `of`"),
            ("delay data 1", "does not say how long"),
            ("delay data 1 by soon", "has \"soon\" after `by`"),
            ("drop data 1 by 5ms", "only `delay` takes one"),
            ("swap data 4", "two different packets"),
            ("swap data 4 4", "two different packets"),
            ("drop data 1 once twice", "says how often more than once"),
            ("drop data 1 2", "has \"2\" too much"),
        ] {
            let problem = problem(text);
            assert!(problem.contains(words), "{text:?}: {problem}");
        }
    }

    #[test]
    fn a_script_is_rules_with_comments_between() {
        let script =
            parse_script("drop syn; drop fin of server, corrupt data 1 # damaged\n\n# all\nduplicate any always");
        assert_eq!(script.unwrap().len(), 4);
        assert!(parse_script("drop syn; drp fin").unwrap_err().to_string().starts_with("the rule \"drp fin\""));
        assert_eq!(parse_script(" # nothing\n;"), Ok(vec![]));
    }

    fn any_rule() -> impl Strategy<Value = Rule> {
        let kind = proptest::sample::select(PacketKind::ALL.map(|(kind, _)| kind).to_vec());
        let side =
            proptest::sample::select(vec![None, Some(Direction::ClientToServer), Some(Direction::ServerToClient)]);
        let times = prop_oneof![(1..=u32::MAX).prop_map(Times::Count), Just(Times::Always)];
        let target = prop_oneof![
            (Just(Action::Drop), proptest::option::of(1..=u32::MAX)),
            (Just(Action::Duplicate), proptest::option::of(1..=u32::MAX)),
            (Just(Action::Corrupt), proptest::option::of(1..=u32::MAX)),
            (Just(Action::Mark), proptest::option::of(1..=u32::MAX)),
            (
                any::<u64>().prop_map(|nanos| Action::Delay(Duration::from_nanos(nanos))),
                proptest::option::of(1..=u32::MAX)
            ),
            (1..u32::MAX).prop_map(|number| (Action::SwapWith(number + 1), Some(number))),
        ];
        (target, kind, side, times).prop_map(|((action, number), kind, direction, times)| Rule {
            action,
            kind,
            number,
            direction,
            times,
        })
    }

    proptest! {
        #[test]
        fn a_rule_reads_back_as_it_is_written(rule in any_rule()) {
            prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
        }

        #[test]
        fn any_words_are_read_or_refused(words in proptest::collection::vec(
            proptest::sample::select(vec!["drop", "swap", "delay", "data", "syn", "of", "by", "client", "5ms", "1", "2", "0",
                "times", "once", "twice", "always", "", "ünïcode"]), 0..9)) {
            let text = words.join(" ");
            match text.parse::<Rule>() {
                Ok(rule) => prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule)),
                Err(error) => prop_assert!(error.to_string().starts_with("the rule ")),
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = parse_script(&text);
        }
    }
}
