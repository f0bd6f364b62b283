//! What the lab reads: scripts of the emulated wire, requests to the proxy, the kernel's answers.

use std::time::Duration;

use echolab::drive::fuzzing;
use echolab::lab::{Faults, LinkOptions, Percent, Rate, Rule, emulate, parse_script};
use echolab::model::{Direction, PerDirection};

use super::dialogue::dialogue;
use super::input::Input;

/// A script up to the first 0, shares and times of what chance brings, and a dialogue that is carried.
pub fn link_rules(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let script = String::from_utf8_lossy(&data[..end]);
    let Ok(rules) = parse_script(&script).map_err(|error| assert!(!error.to_string().is_empty())) else { return };
    for rule in &rules {
        assert_eq!(rule.to_string().parse::<Rule>().as_ref(), Ok(rule));
    }
    let mut input = Input::new(data.get(end + 1..).unwrap_or_default());
    let faults = PerDirection { client_to_server: faults(&mut input), server_to_client: faults(&mut input) };
    let seed = input.byte().into();
    let frames: Vec<_> = dialogue(input)
        .into_iter()
        .map(|frame| {
            let way = frame.data.get(15).map_or(Direction::ClientToServer, |last| match last {
                2 => Direction::ServerToClient,
                _ => Direction::ClientToServer,
            });
            let sent = Duration::from_secs(frame.time.map_or(0, |time| time.seconds().unsigned_abs()));
            (sent, way, [&[2; 6][..], &[3; 6], &[8, 0], &frame.data].concat())
        })
        .collect();
    let options = LinkOptions { faults, rules, seed: None };
    let run = || emulate(&options, seed, frames.iter().map(|(at, way, bytes)| (*at, *way, bytes.as_slice())));
    let (delivered, log) = run();
    let mut done = 0;
    for way in [Direction::ClientToServer, Direction::ServerToClient] {
        let totals = log.totals.get(way);
        assert_eq!(totals.sent, frames.iter().filter(|frame| frame.1 == way).count() as u64);
        assert_eq!(totals.delivered, delivered.iter().filter(|frame| frame.frame.direction == way).count() as u64);
        assert_eq!(totals.sent + totals.duplicated, totals.delivered + totals.dropped);
        done +=
            totals.dropped + totals.duplicated + totals.corrupted + totals.marked + totals.delayed + totals.reordered;
    }
    assert_eq!(done, log.events.len() as u64 + log.left_out);
    assert!(delivered.is_sorted_by(|one, other| one.at <= other.at));
    assert!(delivered.iter().all(|frame| frame.bytes.len() == frame.frame.length));
    assert_eq!((delivered, log), run());
}

fn faults(input: &mut Input<'_>) -> Faults {
    let mut share = || Percent::new(f64::from(input.byte()) / 2.55).unwrap();
    let (loss, duplicate, reorder, corrupt) = (share(), share(), share(), share());
    let rate: Option<Rate> = format!("{}kbit", input.byte()).parse().ok();
    let mut time = || Duration::from_micros(u64::from(input.word()));
    Faults { loss, duplicate, reorder, corrupt, rate, delay: time(), jitter: time() }
}

/// The head of a request to the proxy, as it comes in.
pub fn http(data: &[u8]) {
    let whole = fuzzing::http_path(data);
    if let Ok(Some(path)) = &whole {
        assert!(path.starts_with('/'), "{path:?}");
    }
    let mut known = None;
    for end in 0..=data.len().min(512) {
        let read = fuzzing::http_path(&data[..end]).map_err(|error| error.to_string());
        // more bytes change nothing of what is known
        match (&known, read) {
            (None, Ok(None)) => {}
            (None, found) => known = Some(found),
            (Some(before), now) => assert_eq!(*before, now),
        }
    }
}

/// A message in the place of the kernel's answer.
pub fn netlink(data: &[u8]) {
    if let Err(error) = fuzzing::netlink_answer(data) {
        assert!(!error.to_string().is_empty());
    }
}
