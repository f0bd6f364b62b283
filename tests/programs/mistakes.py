"""Programs with one mistake each, which the first argument names; the second is the port."""
import socket
import sys

what, port = sys.argv[1], int(sys.argv[2])

if what == "bind-twice":
    # a second server on the port of the first
    with socket.create_server(("", port)) as first, socket.socket() as second:
        second.bind(("", port))
elif what == "ignore-send":
    # with a timeout, send() takes only what the send buffer has room for
    with socket.create_connection(("localhost", port)) as connection:
        connection.settimeout(60)
        connection.send(b"x" * (64 << 20))
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
elif what == "read-all":
    # no mistake: the server of the client above
    with socket.create_server(("", port)) as listener:
        connection, _ = listener.accept()
        with connection:
            while connection.recv(1 << 20):
                pass
