//! Parsers of foreign bytes, for the fuzz targets in `fuzz/`; no part of the API.

use std::io;

use super::proxy::http;
use crate::lab::netlink;

/// The path requested from a proxy; `None` while the head of the request is incomplete.
///
/// # Errors
/// If it is no GET request of HTTP/1.1.
pub fn http_path(head: &[u8]) -> io::Result<Option<String>> {
    Ok(http::target_of(head)?.map(|target| http::path_of(&target).to_owned()))
}

/// Parses the kernel's answer to a request for a link, an address or a neighbour.
///
/// # Errors
/// If it is a refusal, or no answer.
pub fn netlink_answer(bytes: &[u8]) -> anyhow::Result<()> {
    netlink::read_answer(bytes)
}
