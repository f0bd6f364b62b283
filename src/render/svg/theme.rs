//! The colours and type of every drawing: light, dark, and for paper.
//!
//! Classes take their colours from CSS variables, so that a page that embeds a drawing can set its own. Each group has
//! its light colour as an attribute too, for viewers that read no style sheet.

use crate::explain::Phase;
use crate::model::Severity;
use crate::report::ladder::ArrowKind;

/// The style sheet of a drawing, of all drawings on a page.
pub(crate) const STYLE: &str = "\
.echolab{--paper:#fff;--ink:#1b1f24;--muted:#56606b;--hair:#c7ced6;--data:#1f5fa8;--ack:#56606b;--syn:#1a7346;\
--fin:#8a5800;--rst:#b3261e;--icmp:#7b3fa0;--warning:#8a5800;--problem:#b3261e;--handshake:#eef6f0;--exchange:#f5f8fc;\
--teardown:#fcf6ea;--aborted:#fcefed;--lit:#fff1b8;\
font-family:ui-sans-serif,system-ui,-apple-system,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif}
@media screen and (prefers-color-scheme:dark){.echolab{--paper:#14171b;--ink:#e6e9ed;--muted:#9ba6b2;--hair:#3b444f;\
--data:#7fb6f5;--ack:#a4aeb9;--syn:#72d09a;--fin:#e6b868;--rst:#ff8f85;--icmp:#d0a3f0;--warning:#e6b868;\
--problem:#ff8f85;--handshake:#17231c;--exchange:#181d25;--teardown:#252015;--aborted:#2a1b1a;--lit:#4a4212}}
.echolab text{fill:var(--ink);stroke:none;font-size:12px}
.echolab .paper{fill:var(--paper)}
.echolab text.h{font-size:16px;font-weight:600}
.echolab text.role{font-size:13px;font-weight:600}
.echolab text.mono,.echolab text.label,.echolab text.state{font-family:ui-monospace,'SF Mono','Cascadia Mono',\
'DejaVu Sans Mono',Menlo,Consolas,monospace}
.echolab text.label,.echolab text.remark{paint-order:stroke;stroke:var(--halo,transparent);stroke-width:3px;\
stroke-linejoin:round}
.echolab text.state{font-size:10.5px}
.echolab text.small,.echolab text.remark{font-size:10.5px}
.echolab text.lost{font-size:17px;font-weight:700;fill:currentColor}
.echolab text.remark{font-style:italic;fill:currentColor}
.echolab text.muted,.echolab .muted text{fill:var(--muted)}
.echolab text.phase{font-size:10.5px;letter-spacing:.08em;fill:var(--muted)}
.echolab .ink{color:var(--ink)}.echolab .muted{color:var(--muted)}.echolab .hair{color:var(--hair)}
.echolab .data{color:var(--data)}.echolab .ack{color:var(--ack)}.echolab .syn{color:var(--syn)}
.echolab .fin{color:var(--fin)}.echolab .rst{color:var(--rst)}.echolab .icmp{color:var(--icmp)}
.echolab .warning{color:var(--warning)}.echolab .problem{color:var(--problem)}
.echolab .warning text,.echolab .problem text{fill:currentColor}
.echolab .handshake{fill:var(--handshake)}.echolab .in-handshake{--halo:var(--handshake)}
.echolab .exchange{fill:var(--exchange)}.echolab .in-exchange{--halo:var(--exchange)}
.echolab .teardown{fill:var(--teardown)}.echolab .in-teardown{--halo:var(--teardown)}
.echolab .aborted{fill:var(--aborted)}.echolab .in-aborted{--halo:var(--aborted)}
.echolab rect.hit{fill:transparent}.echolab line.hit{stroke:transparent}
.echolab .step:hover,.echolab .step.lit,.echolab .step:focus{--halo:var(--lit)}
.echolab .step:hover rect.hit,.echolab .step.lit rect.hit,.echolab .step:focus rect.hit{fill:var(--lit)}
.echolab .step:hover line.hit,.echolab .step.lit line.hit,.echolab .step:focus line.hit{stroke:currentColor;\
stroke-opacity:.25}
.echolab .step:focus{outline:none}
@media print{.echolab .step rect.hit{fill:none}.echolab .step line.hit{stroke:none}}
";

/// The class of an arrow, and its colour without a style sheet.
pub(super) fn arrow(kind: ArrowKind) -> (&'static str, &'static str) {
    match kind {
        ArrowKind::Syn => ("syn", "#1a7346"),
        ArrowKind::Data | ArrowKind::Datagram => ("data", "#1f5fa8"),
        ArrowKind::Ack => ("ack", "#56606b"),
        ArrowKind::Fin => ("fin", "#8a5800"),
        ArrowKind::Rst => ("rst", "#b3261e"),
        ArrowKind::Icmp => ("icmp", "#7b3fa0"),
    }
}

/// The class of a phase is its name; its colour without a style sheet.
pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Handshake => "#eef6f0",
        Phase::Exchange => "#f5f8fc",
        Phase::Teardown => "#fcf6ea",
        Phase::Aborted => "#fcefed",
    }
}

/// The class of a finding, and its colour without a style sheet.
pub(super) fn severity(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Note => ("muted", MUTED),
        Severity::Warning => ("warning", "#8a5800"),
        Severity::Problem => ("problem", "#b3261e"),
    }
}

/// Lines and text that step back.
pub(super) const MUTED: &str = "#56606b";
/// Hairlines.
pub(super) const HAIR: &str = "#c7ced6";
/// Lines and text.
pub(super) const INK: &str = "#1b1f24";
