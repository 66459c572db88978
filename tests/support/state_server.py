#!/usr/bin/env python3
"""A state behind Terraform's http backend, with its lock. Prints its port; /lock tells who holds it."""

import http.server
import sys

KEPT = {"state": b"", "lock": b""}


class Handler(http.server.BaseHTTPRequestHandler):
    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/lock":
            return self.say(200, KEPT["lock"])
        return self.say(200, KEPT["state"]) if KEPT["state"] else self.say(404)

    def do_POST(self):
        KEPT["state"] = self.body()
        self.say(200)

    def do_LOCK(self):
        asked = self.body()
        if KEPT["lock"]:
            return self.say(423, KEPT["lock"])
        KEPT["lock"] = asked
        self.say(200)

    def do_UNLOCK(self):
        self.body()
        KEPT["lock"] = b""
        self.say(200)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
sys.stdout.write("%05d" % server.server_port)
sys.stdout.flush()
server.serve_forever()
