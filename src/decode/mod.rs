//! Bytes to packets: lax, stateless but for fragments, never failing.
