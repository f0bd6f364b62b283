//! Outputs of live sessions: what may differ from run to run is left out of the comparison.

/// A line without its numbers, units of time, spacing and rules. Two runs of one session have the same.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for word in line.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        // 12.0 µs in one run is 1.03 ms in another
        let word = if ["ns", "µs", "ms", "s"].contains(&bare) { word.replace(bare, "~") } else { word.to_owned() };
        let mut last = ' ';
        for c in word.chars() {
            let c = if c.is_ascii_digit() || (last == '#' && (c == '.' || c == ',')) { '#' } else { c };
            if c != last || !['#', '─'].contains(&c) {
                shape.push(c);
            }
            last = c;
        }
        shape.push(' ');
    }
    shape.trim_end().to_owned()
}

/// The first line of `shown` that no line of `output` has the shape of; `…` stands for lines left out.
pub(crate) fn missing<'a>(shown: &[&'a str], output: &str) -> Option<&'a str> {
    let shapes: Vec<_> = output.lines().map(shape).collect();
    shown.iter().copied().find(|line| !["", "…"].contains(&line.trim()) && !shapes.contains(&shape(line)))
}

#[test]
fn numbers_may_differ_and_words_may_not() {
    let output = " 1  0.000000  client →   SYN\nRTT  min 9.00 µs (2 samples)\n────\n";
    assert_eq!(missing(&["1  0.000321  client →   SYN", "…", "RTT  min 1.10 ms (3 samples)", "──────"], output), None);
    assert_eq!(missing(&["RTT  max 9.00 µs (2 samples)"], output), Some("RTT  max 9.00 µs (2 samples)"));
    assert_eq!(missing(&["client SYN"], output), Some("client SYN"));
}
