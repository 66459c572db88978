"""Listens at each HOST:PORT of the arguments and says a word to whoever connects; answers every question about names
on 53/udp with 198.51.100.99. Prints "ready" once all listen. Ends with its parent's end of standard input.
"""

import socket
import sys
import threading


def accept(listener):
    while True:
        connection, _ = listener.accept()
        connection.sendall(b"word\n")
        connection.close()


def answer(names):
    while True:
        question, who = names.recvfrom(512)
        names.sendto(
            question[:2]
            + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
            + question[12:]
            + b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04"
            + bytes([198, 51, 100, 99]),
            who,
        )


for target in sys.argv[1:]:
    host, port = target.rsplit(":", 1)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(port)))
    listener.listen()
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("0.0.0.0", 53))
threading.Thread(target=answer, args=(names,), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
