//! The part of HTTP/1.1 (RFC 9112) that the proxy needs: parsing a request's head, writing a response, one exchange per
//! connection.

use std::io;
use std::net::{SocketAddr, TcpStream};

use socket2::Socket;

use crate::drive::fault::Fault;
use crate::drive::stream::WaitLimits;
use crate::drive::traced_socket::TracedSocket;
use crate::drive::transcript::Transcript;
use crate::model::Protocol;

/// Maximum bytes of a request's head.
const MOST_HEAD: usize = 8192;

/// Maximum bytes of a response.
const MOST_ANSWER: usize = 1 << 20;

/// The origin can't be reached.
pub(super) const BAD_GATEWAY: &[u8] = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A connection for one request and its answer.
pub(super) struct Exchange<'a> {
    socket: TracedSocket,
    limits: WaitLimits<'a>,
}

impl<'a> Exchange<'a> {
    /// Connects.
    pub(super) fn connect(
        socket: Socket,
        to: SocketAddr,
        number: u64,
        transcript: &Transcript,
        limits: WaitLimits<'a>,
    ) -> Result<Self, Fault> {
        let mut socket = TracedSocket::new(socket, Protocol::Tcp, number, transcript.clone());
        socket.connect(to, limits)?;
        Ok(Self { socket, limits })
    }

    /// Takes a connection that was accepted.
    pub(super) fn accept(
        stream: TcpStream,
        peer: SocketAddr,
        number: u64,
        transcript: &Transcript,
        limits: WaitLimits<'a>,
    ) -> Result<Self, Fault> {
        let socket = TracedSocket::accepted(stream.into(), Some(peer), number, transcript.clone())?;
        Ok(Self { socket, limits })
    }

    /// Sends all bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.socket.send(bytes, self.limits)
    }

    /// Reads the head of a GET request and returns its target.
    pub(super) fn read_request(&mut self) -> Result<String, Fault> {
        let mut head = Vec::new();
        loop {
            if self.read(&mut head)? == 0 || head.len() > MOST_HEAD {
                return Err(bad("the request breaks off, or is too long").into());
            }
            if let Some(target) = target_of(&head)? {
                return Ok(target);
            }
        }
    }

    /// Reads to the end of the stream.
    pub(super) fn read_to_end(&mut self) -> Result<Vec<u8>, Fault> {
        let mut all = Vec::new();
        while self.read(&mut all)? > 0 {
            if all.len() > MOST_ANSWER {
                return Err(bad("the answer is too long").into());
            }
        }
        Ok(all)
    }

    fn read(&mut self, all: &mut Vec<u8>) -> Result<usize, Fault> {
        let mut buffer = [0; 4096];
        let count = self.socket.receive(&mut buffer, self.limits)?;
        all.extend_from_slice(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }

    /// Closes, and waits until the peer has acknowledged the FIN.
    pub(super) fn close(self) {
        self.socket.close_and_wait();
    }
}

/// The target of a GET request; `None` while its head is incomplete.
pub(in crate::drive) fn target_of(head: &[u8]) -> io::Result<Option<String>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(head) {
        Err(error) => Err(bad(&error.to_string())),
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(_)) if request.method != Some("GET") => Err(bad("only GET is answered")),
        Ok(httparse::Status::Complete(_)) => Ok(request.path.map(str::to_owned)),
    }
}

fn bad(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A response with this text.
pub(super) fn response(text: &str) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
    format!("{head}Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}

/// The path of a target in absolute form (RFC 9112 §3.2.2), which requests to a proxy have.
pub(in crate::drive) fn path_of(target: &str) -> &str {
    let rest = target.strip_prefix("http://").unwrap_or(target);
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_is_read_once_its_head_is_complete() {
        let request = b"GET http://192.0.2.1:80/a?b HTTP/1.1\r\nHost: x\r\n\r\n";
        for cut in 0..request.len() {
            assert!(target_of(&request[..cut]).expect("so far so good").is_none());
        }
        let target = target_of(request).expect("a request").expect("a target");
        assert_eq!(path_of(&target), "/a?b");
        assert!(target_of(b"POST / HTTP/1.1\r\n\r\n").is_err());
        assert!(target_of(b"\0\0\r\n\r\n").is_err());
    }

    #[test]
    fn a_target_without_a_path_means_the_root() {
        assert_eq!(path_of("http://192.0.2.1:80"), "/");
        assert_eq!(path_of("/x"), "/x");
    }
}
