"""Run inside a sandbox: tries to connect to each HOST:PORT of the arguments, plainly, and again with the socket bound
to each interface, which passes over routes. Prints HOST:PORT and "open" or "closed"; last, what the name server says.
"""

import socket
import struct
import sys


def connects(host, port, interface):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(2)
        try:
            if interface:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            one.connect((host, port))
            return one.recv(16) != b""
        except OSError:
            return False


interfaces = [""] + [name for _, name in socket.if_nameindex() if name != "lo"]
for target in sys.argv[1:]:
    host, port = target.rsplit(":", 1)
    tried = [connects(host, int(port), interface) for interface in interfaces]
    print(target, "open" if any(tried) else "closed", flush=True)
server = next(line.split()[1] for line in open("/etc/resolv.conf") if line.startswith("nameserver"))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
    asking.settimeout(2)
    try:
        asking.sendto(
            struct.pack(">6H", 77, 0x100, 1, 0, 0, 0) + b"\x04name\x00\x00\x01\x00\x01",
            (server, 53),
        )
        print("name", asking.recv(512)[-4:].hex(), flush=True)
    except OSError as error:
        print("name", type(error).__name__, flush=True)
