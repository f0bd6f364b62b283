use super::*;

#[test]
fn every_rule_names_its_standard_and_has_a_label() {
    for rule in RESET {
        assert!(!rule.label.is_empty() && !rule.rfc.is_empty(), "{rule:?}");
    }
}

#[test]
fn an_alert_is_one_whole_record() {
    assert!(is_alert(&[21, 3, 3, 0, 2, 1, 0]));
    assert!(!is_alert(&[23, 3, 3, 0, 2, 1, 0]), "application data");
    assert!(!is_alert(&[21, 3, 3, 0, 9, 1, 0]), "cut");
    assert!(!is_alert(b"\x15"), "text");
}
