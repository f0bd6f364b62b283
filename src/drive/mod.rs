//! Makes traffic: the echo server, the echo client, the session.
