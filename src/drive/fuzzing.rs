//! What reads bytes that others send, for the fuzz targets in `fuzz/`; no part of the API.

use std::io;

use super::proxy::http;
use crate::lab::netlink;

/// The path that a proxy is asked for; `None` while the head of the request is not complete.
///
/// # Errors
/// When it is no GET request of HTTP/1.1.
pub fn http_path(head: &[u8]) -> io::Result<Option<String>> {
    Ok(http::target_of(head)?.map(|target| http::path_of(&target).to_owned()))
}

/// Reads the kernel's answer to a request for a link, an address or a neighbour.
///
/// # Errors
/// When it is a refusal, or no answer.
pub fn netlink_answer(bytes: &[u8]) -> anyhow::Result<()> {
    netlink::read_answer(bytes)
}
