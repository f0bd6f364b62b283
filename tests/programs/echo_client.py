"""TCP client: sends each line of its input (or what its options say), and reads the answer with one recv()."""
import argparse
import socket
import sys

parser = argparse.ArgumentParser()
parser.add_argument("host")
parser.add_argument("port", type=int)
parser.add_argument("--send", action="append", default=[], help="send this instead of lines of the input")
parser.add_argument("--burst", type=int, default=1, help="send each message so many times before reading")
parser.add_argument("--reads", type=int, default=1, help="how often to read after each message")
parser.add_argument("--read", type=int, default=1024)
options = parser.parse_args()

with socket.create_connection((options.host, options.port)) as connection:
    for message in options.send or (line.rstrip("\n") for line in sys.stdin):
        if message == "quit":
            break
        for _ in range(options.burst):
            connection.sendall(message.encode())
        for _ in range(options.reads):
            print("Echo:", connection.recv(options.read).decode())
