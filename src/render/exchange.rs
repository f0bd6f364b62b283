//! Messages among several programs, drawn with one lifeline for each.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::escape;
use super::fit::shortened;
use crate::report::{Exchange, counted};

/// Characters between two lifelines.
const SPAN: usize = 29;
/// Characters before the first lifeline.
const MARGIN: usize = 16;

/// The lines of the drawing, in at most 80 characters where there are three programs.
pub(super) fn lines(exchange: &Exchange, ascii: bool) -> Vec<String> {
    let last = exchange.programs.len().saturating_sub(1);
    let (bar, line, left, right) = if ascii { ('|', "-", "<", ">") } else { ('│', "─", "◀", "▶") };
    let head = exchange.programs.iter().enumerate().fold(String::new(), |head, (place, program)| {
        let column = MARGIN + place * (SPAN + 1);
        // the last name ends at its lifeline
        let from = if place == last { (column + 1).saturating_sub(program.width()) } else { column };
        let pad = from.saturating_sub(head.width());
        format!("{head}{:pad$}{program}", "")
    });
    let mut lines = vec![head];
    for message in &exchange.messages {
        let mut text = format!("{:>6}  {:<6}  {bar}", message.frame, message.stream.to_string());
        let (first, end) = (message.from.min(message.to), message.from.max(message.to));
        for place in 0..last {
            let span = match (first..end).contains(&place) {
                false => " ".repeat(SPAN),
                // a message between programs that are no neighbours would pass others
                true => {
                    // in ASCII the ellipsis is three dots
                    let label = match ascii {
                        true => escape::ascii(&shortened(&message.text, SPAN - 6)).into_owned(),
                        false => shortened(&escape::plain(&message.text), SPAN - 4),
                    };
                    let fill = line.repeat((SPAN - 4).saturating_sub(label.width()));
                    match message.from < message.to {
                        true => format!("{line} {label} {fill}{right}"),
                        false => format!("{left}{line} {label} {fill}"),
                    }
                }
            };
            text.push_str(&span);
            text.push(bar);
        }
        lines.push(text);
    }
    lines.extend((exchange.left_out > 0).then(|| counted(exchange.left_out, "more message")));
    lines
}

/// The same as a Mermaid diagram.
pub(super) fn mermaid(exchange: &Exchange) -> String {
    let mut text = "sequenceDiagram\n".to_owned();
    for program in &exchange.programs {
        // writing to a String can't fail
        let _ = writeln!(text, "  participant {program}");
    }
    for message in &exchange.messages {
        let name = |place: usize| exchange.programs.get(place).copied().unwrap_or_default();
        let (from, to) = (name(message.from), name(message.to));
        let label = super::mermaid::text(&format!("{} (frame {}, {})", message.text, message.frame, message.stream));
        let _ = writeln!(text, "  {from}->>{to}: {label}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Protocol;
    use crate::report::Message;
    use crate::track::StreamId;

    fn exchange() -> Exchange {
        let message = |frame, number, from, to, text: &str| Message {
            frame,
            stream: StreamId { protocol: Protocol::Tcp, number },
            from,
            to,
            text: text.to_owned(),
        };
        Exchange {
            programs: vec!["client", "proxy", "origin"],
            messages: vec![
                message(4, 0, 0, 1, "GET /document"),
                message(9, 1, 1, 2, "GET /document"),
                message(11, 1, 2, 1, "200 OK"),
                message(16, 0, 1, 0, "a text that is longer than its arrow"),
            ],
            left_out: 2,
        }
    }

    #[test]
    fn each_message_is_an_arrow_between_its_lifelines() {
        let drawn = lines(&exchange(), true);
        let wanted = [
            "                client                        proxy                    origin",
            "     4  tcp:0   |- GET /document ------------>|                             |",
            "     9  tcp:1   |                             |- GET /document ------------>|",
            "    11  tcp:1   |                             |<- 200 OK -------------------|",
            "    16  tcp:0   |<- a text that is longer... -|                             |",
            "2 more messages",
        ];
        assert_eq!(drawn.len(), wanted.len());
        for (line, wanted) in drawn.iter().zip(wanted) {
            assert_eq!(line, wanted);
            assert!(line.width() <= 80);
        }
    }

    #[test]
    fn a_diagram_names_frames_and_conversations() {
        let text = mermaid(&exchange());
        assert!(text.contains("  client->>proxy: GET /document (frame 4, tcp:0)\n"), "{text}");
        assert_eq!(text.matches("participant").count(), 3);
    }
}
