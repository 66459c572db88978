"""A repository over HTTP: the real `git http-backend`, behind Basic authentication.

    answer(handler, root, path, query, may_read): writes the whole response

`may_read(repository, username, password)` decides; pushing is refused to everybody.
"""

import base64
import os
import subprocess
import zlib


def credentials(handler):
    kind, _, value = handler.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None, None
    username, _, password = base64.b64decode(value).decode().partition(":")
    return username, password


def body_of(handler):
    if handler.headers.get("Transfer-Encoding", "").lower() == "chunked":
        parts = []
        while True:
            size = int(handler.rfile.readline().split(b";")[0], 16)
            parts.append(handler.rfile.read(size))
            handler.rfile.readline()
            if size == 0:
                return b"".join(parts)
    return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))


def refuse(handler, status, headers=()):
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def answer(handler, root, path, query, may_read):
    body = body_of(handler)
    repository = path.lstrip("/").split(".git/")[0]
    username, password = credentials(handler)
    if not may_read(repository, username, password):
        return refuse(handler, 401, [("WWW-Authenticate", 'Basic realm="git"')])
    if "receive-pack" in path + query:
        return refuse(handler, 403)
    if handler.headers.get("Content-Encoding") == "gzip":
        body = zlib.decompress(body, 31)
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": root,
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": handler.command,
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "127.0.0.1",
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
    }
    done = subprocess.run(
        ["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=True
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    status, headers = 200, []
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        if name == "Status":
            status = int(value.split()[0])
        else:
            headers.append((name, value))
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
