//! Answers about options: the offers of the two SYNs, and the options in use.

use super::answer::{Answer, AnswerTable};
use super::question::{Case, Question, Topic};
use super::words::{counted, frames_of};
use crate::explain::facts::{assumed_mss, ecn};
use crate::model::Occurrences;
use crate::model::{PerDirection, TcpFlags, TcpOptions};
use crate::track::{Ecn, Event, SegmentRole, TcpFacts, TcpTotals};

pub(super) static OPTIONS: Question = Question {
    id: "options",
    text: "Which TCP options did the two sides offer, and which are in use?",
    topic: Topic::Tcp(options),
    of_all_steps: false,
};

pub(super) static SACK: Question = Question {
    id: "sack",
    text: "Are selective acknowledgments (SACK) allowed and used?",
    topic: Topic::Tcp(sack),
    of_all_steps: true,
};

/// The options and flags of a SYN.
#[derive(Clone, Copy, Debug)]
struct Syn {
    options: TcpOptions,
    flags: TcpFlags,
}

/// Each side's SYN, and the segments with SACK blocks.
#[derive(Clone, Debug, Default)]
pub(super) struct OptionEvidence {
    syns: PerDirection<Option<(u64, Syn)>>,
    blocks: Occurrences,
}

impl OptionEvidence {
    pub(super) fn record(&mut self, event: &Event<'_>, facts: &TcpFacts) {
        // a SYN-ACK that does not fit the SYN offers nothing
        let taken = facts.role != SegmentRole::WrongSynAck && facts.unacceptable.is_none();
        if facts.flags.contains(TcpFlags::SYN) && taken {
            let syn = Syn { options: facts.options, flags: facts.flags };
            self.syns.get_mut(event.direction).get_or_insert((event.frame, syn));
        }
        if !facts.options.sack.is_empty() {
            self.blocks.see(event.frame);
        }
    }

    fn both(&self) -> Option<[(u64, Syn); 2]> {
        Some([self.syns.client_to_server?, self.syns.server_to_client?])
    }

    fn missing(&self) -> &'static str {
        match (self.syns.client_to_server.is_some(), self.syns.server_to_client.is_some()) {
            (false, false) => "Options are offered on the SYN and the SYN-ACK alone, and neither is in the capture.",
            (true, false) => "Nothing was negotiated as far as the capture shows: it has no SYN-ACK.",
            _ => "The client's SYN is not in the capture, so its offer is unknown.",
        }
    }
}

fn options(case: &Case<'_>, tcp: &TcpTotals) -> Answer {
    let seen = &case.seen.options;
    let (client, server) = (seen.syns.client_to_server, seen.syns.server_to_client);
    let frames = client.iter().chain(&server).map(|(frame, _)| *frame);
    let mut table = AnswerTable::new("Options", &["option", "client's SYN", "server's SYN", "negotiated"]);
    let agreed = seen.both().map(|[(_, client), (_, server)]| (client, server));
    let (client, server) = (client.map(|(_, syn)| syn), server.map(|(_, syn)| syn));
    if client.is_none() && server.is_none() {
        return Answer::unknown(seen.missing());
    }
    let mut names = Vec::new();
    for (name, offer) in OFFERS {
        let cell = |syn: Option<Syn>| match syn {
            None => "not captured".to_owned(),
            Some(syn) => offer(&syn).unwrap_or_else(|| "-".to_owned()),
        };
        let (client, server) = (cell(client), cell(server));
        if *name == ECN && client == "-" {
            continue;
        }
        let both = agreed.is_some_and(|(client, server)| offer(&client).is_some() && offer(&server).is_some());
        let result = match *name {
            _ if agreed.is_none() => "unknown",
            "MSS" => "no: one value per direction",
            ECN => match tcp.summary.ecn {
                Ecn::Classic { .. } => "yes: ECN",
                Ecn::Accurate => "yes: Accurate ECN",
                Ecn::Unknown => "unknown",
                Ecn::NotOffered | Ecn::Refused { .. } => "no",
            },
            _ if both => "yes",
            _ => "no",
        };
        if both && result == "yes" {
            names.push((*name).to_owned());
        }
        table.push([(*name).to_owned(), client, server, result.to_owned()]);
    }
    names.extend(others(client, server, &mut table));
    let answer = Answer::default().frames(frames).table(table);
    let Some((client, server)) = agreed else {
        return answer.add("The table shows what one side offered.").but(seen.missing());
    };
    let answer = match names.is_empty() {
        true => answer.add("No option is in use: window scale, SACK and timestamps need an offer from both sides."),
        false => answer.add(format!("Offered by both sides, so in use: {}.", names.join(", "))),
    };
    let answer = match ecn(tcp.summary.ecn) {
        Some(agreed) => answer.add(format!("{agreed}: by flags of the SYNs, not by an option.")),
        None => answer,
    };
    let answer = answer.add("The MSS is not negotiated: each side states how much data a segment to it may carry.");
    let (client, server) = (client.options, server.options);
    let assumed = assumed_mss(&case.totals.server);
    let stamped = client.timestamps.is_some() && server.timestamps.is_some();
    [("client", client.mss), ("server", server.mss)].into_iter().fold(answer, |answer, (who, mss)| match mss {
        Some(mss) if stamped => answer.line(format!(
            "max data in a segment to the {who} = MSS - timestamps = {mss} - 12 = {}",
            mss.saturating_sub(12)
        )),
        Some(mss) => answer.line(format!("max data in a segment to the {who} = MSS = {mss}")),
        None => answer.line(format!("no MSS from the {who}: {assumed} bytes are assumed (RFC 9293 §3.7.1)")),
    })
}

/// A row for each other kind on the SYNs; gives the names of those that both have.
fn others(client: Option<Syn>, server: Option<Syn>, table: &mut AnswerTable) -> Vec<String> {
    let kinds = |syn: Option<Syn>| syn.map(|syn| syn.options.other).unwrap_or_default();
    let (of_client, of_server) = (kinds(client), kinds(server));
    let mut both = of_client;
    both.merge(&of_server);
    let mut agreed = Vec::new();
    for kind in both.iter() {
        let cell = |syn: Option<Syn>| match syn {
            None => "not captured".to_owned(),
            Some(syn) if !syn.options.other.contains(kind) => "-".to_owned(),
            Some(Syn { options: TcpOptions { fast_open: Some(cookie), .. }, .. }) if kind == FAST_OPEN => {
                match cookie {
                    0 => "requests a cookie".to_owned(),
                    cookie => format!("cookie of {}", counted(u64::from(cookie), "byte")),
                }
            }
            Some(_) => "yes".to_owned(),
        };
        let result = match (client.zip(server), kind) {
            (None, _) => "unknown",
            (_, USER_TIMEOUT) => "no: one value per direction",
            _ if of_client.contains(kind) && of_server.contains(kind) => "yes",
            _ => "no",
        };
        if result == "yes" {
            agreed.push(both.name(kind));
        }
        table.push([both.name(kind), cell(client), cell(server), result.to_owned()]);
    }
    agreed
}

/// Kinds with a word of their own.
const FAST_OPEN: u8 = 34;
const USER_TIMEOUT: u8 = 28;
/// The row of explicit congestion notification, which flags offer.
const ECN: &str = "ECN (flags)";

/// The value of an option in a SYN, if the SYN has it.
type Offer = fn(&Syn) -> Option<String>;

const OFFERS: &[(&str, Offer)] = &[
    ("MSS", |syn| syn.options.mss.map(|mss| mss.to_string())),
    ("window scale", |syn| syn.options.window_scale.map(|shift| format!("{shift} (x {})", 1_u32 << shift.min(14)))),
    ("SACK permitted", |syn| syn.options.sack_permitted.then(|| "yes".to_owned())),
    ("timestamps", |syn| syn.options.timestamps.map(|_| "yes".to_owned())),
    (ECN, |syn| {
        let names: Vec<_> = syn.flags.names().filter(|name| ["AE", "CWR", "ECE"].contains(name)).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }),
];

fn sack(case: &Case<'_>, _: &TcpTotals) -> Answer {
    let seen = &case.seen.options;
    let blocks = &seen.blocks;
    let used = match blocks.count {
        0 => "It was not used: no captured segment carries a SACK block, so no receiver reported data beyond a gap."
            .to_owned(),
        count => {
            let verb = if count == 1 { "carries" } else { "carry" };
            format!("It was used: {} {verb} SACK blocks.", frames_of(count, &blocks.frames))
        }
    };
    let answer = match seen.both() {
        Some([(one, client), (other, server)]) => {
            let answer = Answer::default().frames([one, other]);
            match (client.options.sack_permitted, server.options.sack_permitted) {
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
