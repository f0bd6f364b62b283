"""TCP echo server: serves one client after the other, upper-cases with --upper, reads at most --read bytes at a time."""
import argparse
import socket
import time

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--host", default="0.0.0.0")
parser.add_argument("--upper", action="store_true")
parser.add_argument("--repeat", type=int, default=1)
parser.add_argument("--read", type=int, default=1024)
parser.add_argument("--pause", type=float, default=0)
options = parser.parse_args()

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen()
    print("listening on port", options.port)
    while True:
        connection, peer = listener.accept()
        print("accepted", peer[0])
        with connection:
            try:
                while data := connection.recv(options.read):
                    time.sleep(options.pause)
                    answer = data.upper() if options.upper else data
                    connection.sendall(answer * options.repeat)
            except ConnectionError as error:
                print("connection lost:", error.strerror)
