"""UDP client: sends each argument as a datagram and waits for its answer."""
import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(5)
    for message in sys.argv[3:]:
        client.sendto(message.encode(), (sys.argv[1], int(sys.argv[2])))
        print("Echo:", client.recvfrom(2048)[0].decode())
