//! The lines of a text ladder, column by column.

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::{broken, medium, stroke};
use crate::explain::Phase;
use crate::model::Direction;
use crate::render::Options;
use crate::report::View;
use crate::report::ladder::{Arrow, ArrowKind, Fold, Ladder, Lifeline, Row};

/// Step number, time and the client's state: left of the client's lifeline.
const LEFT: usize = 20;
/// The longest name of a state, and its gap.
const STATE: usize = 14;
/// The narrowest that two lifelines can stand apart.
const MIN_APART: usize = 34;
/// They need not stand further apart.
const MAX_APART: usize = 44;
/// Less room is no help to a sentence.
const MIN_TEXT: usize = 28;

/// The widths of the columns, in characters.
pub(super) struct Columns {
    /// Between the lifelines.
    apart: usize,
    /// Arithmetic and the server's state: right of the server's lifeline.
    right: usize,
    /// The sentence; 0 where there is no room.
    text: usize,
    width: usize,
    ascii: bool,
    color: bool,
}

/// One line: what stands left of, between and right of the lifelines, and the sentence's part.
#[derive(Default)]
struct Line {
    left: String,
    middle: String,
    right: String,
    text: String,
    style: Style,
}

impl Columns {
    pub(super) fn of(ladder: &Ladder, options: &Options) -> Self {
        let arithmetic = ladder.rows.iter().filter_map(Row::arrow).map(|arrow| arrow.arithmetic.len()).max();
        let width = options.width.max(LEFT + MIN_APART + STATE + 2);
        let most_right = width - LEFT - MIN_APART - 2;
        let right = (arithmetic.unwrap_or_default() + 2).max(STATE).min(most_right);
        let rest = width - LEFT - 2 - right;
        let apart = if rest >= MAX_APART + MIN_TEXT { MAX_APART } else { rest.min(MAX_APART) };
        let text = (rest - apart).checked_sub(1).filter(|text| *text >= MIN_TEXT).unwrap_or_default();
        let apart = if text == 0 { rest } else { apart };
        Self { apart, right, text, width, ascii: options.view.ascii, color: options.color }
    }

    /// The whole diagram.
    pub(super) fn lines(&self, ladder: &Ladder) -> Vec<String> {
        let mut lines = self.head(ladder);
        for (index, row) in ladder.rows.iter().enumerate() {
            if let Some(phase) = ladder.phase_at(index) {
                lines.push(self.border(phase));
            }
            match row {
                Row::Arrow(arrow) => self.arrow(ladder, index, arrow, &mut lines),
                Row::Fold(fold) => self.fold(fold, &mut lines),
            }
        }
        let legend: Vec<String> = ladder.kinds().into_iter().map(|kind| stroke::legend(kind, self.ascii)).collect();
        if !legend.is_empty() {
            lines.push(String::new());
            lines.extend(broken(&legend.join("   "), self.width));
        }
        lines
    }

    fn arrow(&self, ladder: &Ladder, index: usize, arrow: &Arrow, lines: &mut Vec<String>) {
        let style = self.style(arrow);
        let right = arrow.direction == Direction::ClientToServer;
        let ladder_remark = |text: String| {
            if right { format!(" {text}") } else { format!("{text:>room$} ", room = self.apart - 1) }
        };
        let mut drawn = vec![Line {
            left: format!("{:>5} {:>12}", arrow.step, arrow.time.map(View::seconds).unwrap_or_default()),
            middle: ladder_remark(arrow.label.within(self.apart - 2)),
            right: cut(&arrow.arithmetic, self.right - 1),
            style,
            ..Line::default()
        }];
        for remark in arrow.remark().iter().flat_map(|remark| broken(remark, self.apart - 4)) {
            drawn.push(Line { middle: ladder_remark(remark), style, ..Line::default() });
        }
        let mut states = [&ladder.lifelines.client_to_server, &ladder.lifelines.server_to_client]
            .map(|lifeline| lifeline.states_in(index).map(|state| state.name()));
        let [client, server] = &mut states;
        let state = |next: Option<&'static str>| next.unwrap_or_default().to_owned();
        drawn.push(Line {
            left: state(client.next()),
            middle: stroke::arrow(arrow, self.apart, self.ascii),
            right: state(server.next()),
            style,
            ..Line::default()
        });
        loop {
            let (client, server) = (client.next(), server.next());
            if client.is_none() && server.is_none() {
                break;
            }
            drawn.push(Line { left: state(client), right: state(server), ..Line::default() });
        }
        if self.text > 0 {
            let sentence = broken(&medium(&arrow.description, self.ascii), self.text);
            for (number, part) in sentence.into_iter().enumerate() {
                match drawn.get_mut(number) {
                    Some(line) => line.text = part,
                    None => drawn.push(Line { text: part, ..Line::default() }),
                }
            }
        }
        lines.extend(drawn.iter().map(|line| self.line(line, false)));
    }

    fn fold(&self, fold: &Fold, lines: &mut Vec<String>) {
        let dots = if self.ascii { "..." } else { "…" };
        let text = format!("{dots} {} {dots}", fold.text());
        for part in broken(&text, self.apart - 2).into_iter().chain(broken(&fold.detail(), self.apart - 2)) {
            let middle = format!("{:^width$}", medium(&part, self.ascii), width = self.apart);
            lines.push(self.line(&Line { middle, style: Style::new().dimmed(), ..Line::default() }, true));
        }
    }

    fn line(&self, line: &Line, folded: bool) -> String {
        let bar = match (self.ascii, folded) {
            (false, false) => '│',
            (false, true) => '┆',
            (true, false) => '|',
            (true, true) => ':',
        };
        let style = if self.color { line.style } else { Style::new() };
        let middle = padded(&line.middle, self.apart);
        let mut text = format!("{:>width$} {bar}{style}{middle}{style:#}{bar}", line.left, width = LEFT - 1);
        let right = format!(" {}", line.right);
        text.push_str(&padded(&right, self.right));
        if self.text > 0 {
            text.push(' ');
            text.push_str(&line.text);
        }
        text
    }

    /// Roles, endpoints, X and Y, the first states.
    fn head(&self, ladder: &Ladder) -> Vec<String> {
        let (client, server) = (&ladder.lifelines.client_to_server, &ladder.lifelines.server_to_client);
        let mut lines = vec![self.ends(client.role, server.role)];
        let (from, to) = (client.endpoint.to_string(), server.endpoint.to_string());
        if from.len() + to.len() + 1 > self.width {
            lines.extend([self.ends(&from, ""), self.ends("", &to)]);
        } else {
            lines.push(self.ends(&from, &to));
        }
        let isn = |lifeline: &Lifeline| lifeline.isn_text().unwrap_or_default();
        if client.isn.or(server.isn).is_some() {
            lines.push(self.ends(&isn(client), &isn(server)));
        }
        let before = |lifeline: &Lifeline| lifeline.before.map_or("", |state| state.name()).to_owned();
        lines.push(self.line(&Line { left: before(client), right: before(server), ..Line::default() }, false));
        lines
    }

    /// Texts over the two lifelines: one ends at the client's, the other begins at the server's, where they fit.
    fn ends(&self, client: &str, server: &str) -> String {
        let start = (LEFT + 1).saturating_sub(client.len());
        let mut line = format!("{:start$}{client}", "");
        if !server.is_empty() {
            let place = (LEFT + 1 + self.apart).min(self.width.saturating_sub(server.len())).max(line.len() + 1);
            line = format!("{line:place$}{server}");
        }
        line
    }

    fn border(&self, phase: Phase) -> String {
        let (line, cross) = if self.ascii { ('-', '+') } else { ('─', '┼') };
        let head = format!("{line}{line} {} ", phase.title().to_lowercase());
        let fill = |count: usize| line.to_string().repeat(count);
        let left = LEFT.saturating_sub(head.chars().count());
        let rest = self.width - LEFT - self.apart - 2;
        format!("{head}{}{cross}{}{cross}{}", fill(left), fill(self.apart), fill(rest))
    }

    fn style(&self, arrow: &Arrow) -> Style {
        let color = match arrow.kind {
            ArrowKind::Syn => AnsiColor::Green,
            ArrowKind::Data | ArrowKind::Datagram => AnsiColor::Blue,
            ArrowKind::Ack => return Style::new(),
            ArrowKind::Fin => AnsiColor::Yellow,
            ArrowKind::Rst => AnsiColor::Red,
            ArrowKind::Icmp => AnsiColor::Magenta,
        };
        Style::new().fg_color(Some(color.into()))
    }
}

fn padded(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    format!("{text}{:missing$}", "")
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}
