"""UDP echo server."""
import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("0.0.0.0", int(sys.argv[1])))
    while True:
        data, peer = server.recvfrom(int(sys.argv[2]) if len(sys.argv) > 2 else 2048)
        server.sendto(data, peer)
