//! What the two SYNs offered, and what came of it.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::frames_of;
use crate::model::Occurrences;
use crate::model::{PerDirection, TcpFlags, TcpOptions};
use crate::track::{Event, TcpFacts, TcpTotals};

pub(super) static OPTIONS: Question = Question {
    id: "options",
    text: "Which TCP options did the two sides offer, and which are agreed?",
    topic: Topic::Tcp(options),
    of_all_steps: false,
};

pub(super) static SACK: Question = Question {
    id: "sack",
    text: "Are selective acknowledgments (SACK) allowed and used?",
    topic: Topic::Tcp(sack),
    of_all_steps: true,
};

/// Each side's SYN, and the segments with SACK blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    syns: PerDirection<Option<(u64, TcpOptions)>>,
    blocks: Occurrences,
}

impl Seen {
    pub(super) fn see(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        if facts.flags.contains(TcpFlags::SYN) {
            self.syns.get_mut(event.direction).get_or_insert((event.frame, facts.options));
        }
        if !facts.options.sack.is_empty() {
            self.blocks.see(event.frame);
        }
    }

    fn both(&self) -> Option<[(u64, TcpOptions); 2]> {
        Some([self.syns.client_to_server?, self.syns.server_to_client?])
    }

    fn missing(&self) -> &'static str {
        match (self.syns.client_to_server.is_some(), self.syns.server_to_client.is_some()) {
            (false, false) => "Options are offered on the SYN and the SYN-ACK alone, and neither is in the capture.",
            (true, false) => "Nothing was agreed as far as the capture shows: there is no SYN-ACK in it.",
            _ => "The client's SYN is not in the capture, so its offer is not known.",
        }
    }
}

fn options(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let seen = &case.seen.options;
    let (client, server) = (seen.syns.client_to_server, seen.syns.server_to_client);
    let frames = client.iter().chain(&server).map(|(frame, _)| *frame);
    let mut table = AnswerTable::new("Options", &["option", "client's SYN", "server's SYN", "agreed"]);
    let agreed = seen.both().map(|[(_, client), (_, server)]| (client, server));
    let (client, server) = (client.map(|(_, options)| options), server.map(|(_, options)| options));
    if client.is_none() && server.is_none() {
        return Answer::unknown(seen.missing());
    }
    for (name, offer) in OFFERS {
        let cell = |options: Option<TcpOptions>| match options {
            None => "not captured".to_owned(),
            Some(options) => offer(&options).unwrap_or_else(|| "-".to_owned()),
        };
        let result = match (agreed, *name) {
            (None, _) => "unknown",
            (Some(_), "other kinds") => "not told apart",
            (Some(_), "MSS") => "no: each tells its own",
            (Some((client, server)), _) if offer(&client).is_some() && offer(&server).is_some() => "yes",
            (Some(_), _) => "no",
        };
        let (client, server) = (cell(client), cell(server));
        if *name != "other kinds" || client != "-" || server != "-" {
            table.push([(*name).to_owned(), client, server, result.to_owned()]);
        }
    }
    let answer = Answer::default().frames(frames).table(table);
    let Some((client, server)) = agreed else {
        return answer.add("One side's offer is shown below.").but(seen.missing());
    };
    let names = OFFERS.iter().filter(|(name, offer)| {
        !matches!(*name, "MSS" | "other kinds") && offer(&client).is_some() && offer(&server).is_some()
    });
    let names: Vec<_> = names.map(|(name, _)| *name).collect();
    let answer = match names.is_empty() {
        true => answer.add("No option is agreed: window scale, SACK and timestamps need both sides' offer."),
        false => answer.add(format!("Offered by both sides, and so agreed: {}.", names.join(", "))),
    };
    let answer = answer.add("The MSS is not negotiated: each side says how much data a segment to it may carry.");
    let stamped = client.timestamps.is_some() && server.timestamps.is_some();
    [("client", client.mss), ("server", server.mss)].into_iter().fold(answer, |answer, (who, mss)| match mss {
        Some(mss) if stamped => answer.line(format!(
            "most data in a segment to the {who} = MSS - timestamps = {mss} - 12 = {}",
            mss.saturating_sub(12)
        )),
        Some(mss) => answer.line(format!("most data in a segment to the {who} = MSS = {mss}")),
        None => answer
            .line(format!("no MSS from the {who}: 536 bytes (IPv4) or 1,220 (IPv6) are assumed (RFC 9293 §3.7.1)")),
    })
}

/// What a SYN says of an option, if it has it.
type Offer = fn(&TcpOptions) -> Option<String>;

const OFFERS: &[(&str, Offer)] = &[
    ("MSS", |options| options.mss.map(|mss| mss.to_string())),
    ("window scale", |options| options.window_scale.map(|shift| format!("{shift} (x {})", 1_u32 << shift.min(14)))),
    ("SACK permitted", |options| options.sack_permitted.then(|| "yes".to_owned())),
    ("timestamps", |options| options.timestamps.map(|_| "yes".to_owned())),
    ("other kinds", |options| {
        let kinds: Vec<_> = options.other.iter().map(|kind| kind.to_string()).collect();
        (!kinds.is_empty()).then(|| kinds.join(", "))
    }),
];

fn sack(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let seen = &case.seen.options;
    let blocks = &seen.blocks;
    let used = match blocks.count {
        0 => "It was not used: no segment captured carries a SACK block, so nobody reported data beyond a gap."
            .to_owned(),
        count => format!("It was used: {} carry SACK blocks.", frames_of(count, &blocks.frames)),
    };
    let answer = match seen.both() {
        Some([(one, client), (other, server)]) => {
            let answer = Answer::default().frames([one, other]);
            match (client.sack_permitted, server.sack_permitted) {
                (true, true) => {
                    answer.add("Both SYNs carry SACK-permitted, so SACK may be used (RFC 2018 §2).").add(used)
                }
                (false, false) => answer.add("Neither SYN carries SACK-permitted: SACK is not allowed."),
                (client, _) => {
                    let who = if client { "server's" } else { "client's" };
                    answer.add(format!("The {who} SYN lacks SACK-permitted: SACK is not allowed."))
                }
            }
        }
        None if blocks.count > 0 => Answer::new(used),
        None => Answer::unknown(format!("{} No segment in it carries a SACK block.", seen.missing())),
    };
    answer.frames(blocks.frames.iter().copied())
}
