"""TCP echo server for one client: it takes its time to end after that."""
import socket
import sys
import time

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    connection, _ = listener.accept()
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data)
    time.sleep(0.1)
print("served one client")
