"""TCP relay: passes what a client sends on to another server, and its answers back, one client after the other."""
import socket
import sys

port, next_port = int(sys.argv[1]), int(sys.argv[2])

with socket.create_server(("127.0.0.1", port)) as listener:
    while True:
        client, _ = listener.accept()
        with client, socket.create_connection(("127.0.0.1", next_port)) as server:
            while data := client.recv(1024):
                server.sendall(data)
                client.sendall(server.recv(1024))
