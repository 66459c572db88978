"""Stands between two HTTP programs of a test: records what passes, repeats it, and breaks it when told to.

with Relay(lambda: target_url) as relay:      # relay.url is what the caller is given
    relay.answer_with(503, times=2)           # instead of passing the next two on
    relay.passed                              # [{"method", "path", "headers", "body", "status"}], oldest first
    relay.again(relay.passed[-1])             # the very same bytes once more
"""

import http.client
import http.server
import threading
import urllib.parse

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "te", "upgrade"}


def body_of(handler):
    if handler.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    parts = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        parts.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(parts)


class Relay:
    def __init__(self, target, wanted=lambda method, path: True):
        """target(): where to, or None while nobody is there. wanted: which calls the rules of answer_with() take."""
        self.target, self.wanted = target, wanted
        self.passed, self.rules, self.lock = [], [], threading.Lock()
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                relay.pass_on(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer_with(self, status, times=1, headers=(), wanted=None, then_pass=False):
        """The next `times` calls get this answer; None: the connection breaks. then_pass: after they were passed on,
        as when an answer is lost."""
        with self.lock:
            self.rules += [(status, dict(headers), wanted or self.wanted, then_pass)] * times

    def left(self):
        """How many of these answers nobody has asked for yet."""
        with self.lock:
            return len(self.rules)

    def rule_for(self, method, path):
        with self.lock:
            for i, rule in enumerate(self.rules):
                if rule[2](method, path):
                    return self.rules.pop(i)
        return None

    def pass_on(self, handler):
        call = {
            "method": handler.command,
            "path": handler.path,
            "headers": dict(handler.headers.items()),
            "body": body_of(handler),
        }
        rule = self.rule_for(call["method"], call["path"])
        if rule and not rule[3]:
            answer = (rule[0], rule[1], b"")
        else:
            answer = self.again(call)
            if rule:
                answer = (rule[0], rule[1], b"")
        status, headers, body = answer
        if status is None:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(status)
        for name, value in headers.items():
            if name.lower() not in HOP:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def again(self, call):
        """Sends it; (status, headers, body), 502 where nobody is there."""
        target = self.target()
        status, headers, body = 502, {}, b""
        if target:
            where = urllib.parse.urlsplit(target)
            connection = http.client.HTTPConnection(where.hostname, where.port, timeout=60)
            sent = {k: v for k, v in call["headers"].items() if k.lower() not in HOP}
            sent["Host"] = call["headers"].get("Host", where.netloc)
            try:
                connection.request(
                    call["method"], where.path + call["path"], call["body"] or None, sent
                )
                answer = connection.getresponse()
                status, headers, body = answer.status, dict(answer.getheaders()), answer.read()
            except OSError:
                pass
            finally:
                connection.close()
        with self.lock:
            self.passed.append(dict(call, status=status))
        return status, headers, body
