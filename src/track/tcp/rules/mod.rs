//! The rules: one value for each cause of a retransmission, reset, probe, wait or close.
//!
//! A family of rules is a list, and the order of the list is the argument: the first rule that applies is the cause. A
//! rule reads the state and the evidence, and changes neither. Everything that is said of its segment (finding, label in
//! ladders and tables, lab answers, the step's `cause`) is read from the rule: no code outside this folder tells causes
//! apart by matching on them. A new cause is one file here and one line in its family's list.

pub(crate) mod acceptability;
pub(crate) mod arrival;
pub(crate) mod close;
pub(crate) mod dsack;
pub(crate) mod ecn;
pub(in crate::track) mod port_reuse;
pub(crate) mod probe;
pub(crate) mod probe_answer;
pub(in crate::track) mod registry;
pub(in crate::track) mod reset;
pub(in crate::track) mod retransmission;
pub(in crate::track) mod rule;
pub(crate) mod waiting;
pub(crate) mod window;
