//! A lifeline with the states along it.

use super::canvas::{Anchor, Canvas, Point};
use super::document::WIDTH;
use super::ladder::{CLIENT, LadderDrawing, SERVER};
use super::theme;
use crate::model::Direction;
use crate::report::ladder::{Change, Lifeline, State};

impl LadderDrawing<'_> {
    pub(super) fn draw_lifeline(&self, canvas: &mut Canvas, direction: Direction) {
        let (lifeline, x) = match direction {
            Direction::ClientToServer => (&self.ladder.lifelines.client_to_server, CLIENT),
            Direction::ServerToClient => (&self.ladder.lifelines.server_to_client, SERVER),
        };
        canvas.group("lifeline ink", theme::INK);
        let place = |y| Point::new(x, y);
        canvas.text("role", place(56.0), Anchor::Middle, lifeline.role);
        canvas.text("mono", place(74.0), Anchor::Middle, &lifeline.endpoint.to_string());
        if let Some(isn) = lifeline.isn_text() {
            canvas.text("mono small muted", place(91.0), Anchor::Middle, &isn);
        }
        canvas.line(place(100.0), place(self.bottom()), 1.0, "");
        self.draw_states(canvas, lifeline, x);
        canvas.end();
    }

    /// The states beside a lifeline, and a bar along it whose width tells them apart.
    fn draw_states(&self, canvas: &mut Canvas, lifeline: &Lifeline, x: f32) {
        let (side, anchor) = if x < WIDTH / 2.0 { (-12.0, Anchor::End) } else { (12.0, Anchor::Start) };
        let mut last_label = 0.0;
        let mut label = |canvas: &mut Canvas, y: f32, state: State| {
            let y = f32::max(y, last_label + 12.0);
            last_label = y;
            canvas.text("state", Point::new(x + side, y), anchor, state.name());
        };
        let start = lifeline.before.map(|state| (self.top - 16.0, state));
        if let Some((y, state)) = start {
            label(canvas, y + 4.0, state);
        }
        let changes = lifeline.changes.iter().map(|change: &Change| (self.y(change.at), change.state));
        let spans: Vec<(f32, State)> = start.into_iter().chain(changes).collect();
        for (index, (from, state)) in spans.iter().enumerate() {
            let to = spans.get(index + 1).map_or(self.bottom(), |(to, _)| *to);
            if let Some((width, dash)) = bar(*state) {
                canvas.line(Point::new(x, *from), Point::new(x, to), width, dash);
            }
            if index > 0 || start.is_none() {
                label(canvas, from + 4.0, *state);
            }
        }
    }
}

/// The width and style of a state along the lifeline: broad while data can flow, dashed while nothing more will.
fn bar(state: State) -> Option<(f32, &'static str)> {
    match state {
        State::Closed | State::Listen => None,
        State::Established => Some((6.0, "")),
        State::SynSent | State::SynReceived => Some((3.0, "")),
        State::FinWait1 | State::FinWait2 | State::CloseWait | State::Closing | State::LastAck => Some((4.0, "")),
        State::TimeWait => Some((4.0, "2 3")),
    }
}
