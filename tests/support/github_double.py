#!/usr/bin/env python3
"""GitHub for the tests, made of parts that nobody here wrote:

    Slipway -> recorder -> validator -> shim -> emulator          Slipway -> git http-backend
                                                |
    Slipway <-------------- relay <--- webhooks +

The emulator is npm `emulate`: it keeps repositories, pull requests, checks and comments, checks the App's JWT and
tokens, and sends signed webhooks. The validator is npm `@stoplight/prism-cli` over GitHub's own description: the
recorder keeps what it finds wrong with a request. Git is served by git itself; its commits have the same ids in the
emulator. What the emulator lacks is added by the shim and the relay, and by nothing else; see `class Shim` and
`class Relay`.

As a program: github_double.py BUILD WORK. Prints one line of JSON (addresses, the App's key), then does what each
line of standard input asks, {"do": METHOD, ARGUMENT: ...}, printing one line of JSON for each. Ends with its input.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import git_http  # noqa: E402
import trimmed_description  # noqa: E402
from observe import wait_until  # noqa: E402

OWNER, NAME = "acme", "infra"
REPOSITORY = OWNER + "/" + NAME
APP_ID, INSTALLATION, SLUG = 4711, 100, "slipway-test"
SECRET = "the webhook's secret"
TOKENS = {
    "ada-token": "ada",
    "grace-token": "grace",
    "linus-token": "linus",
    "mallory-token": "mallory",
}
# Members of the organisation administer its repository, mallory may nothing.
MEMBERS, COLLABORATORS = {"ada": "admin", "grace": "member"}, {"linus": "push"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def exchange(port, method, path, headers, body):
    """One HTTP exchange: (status, [(name, value)], body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.getheaders(), response.read()
    finally:
        connection.close()


def serve(answer):
    """A server on a free port of loopback, each request given to answer(handler)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes; the second would wait 40 ms

        def answer(self):
            answer(self)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def respond(handler, status, headers, body):
    handler.send_response(status)
    for name, value in headers:
        if name.lower() not in (
            "transfer-encoding",
            "connection",
            "content-length",
            "date",
            "server",
        ):
            handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def respond_json(handler, status, value):
    respond(
        handler,
        status,
        [("Content-Type", "application/json; charset=utf-8")],
        json.dumps(value).encode(),
    )


def forward(handler, port, body):
    headers = {
        k: v
        for k, v in handler.headers.items()
        if k.lower() not in ("host", "connection", "accept-encoding", "content-length")
    }
    return exchange(port, handler.command, handler.path, headers, body)


class Recorder:
    """Keeps every request of Slipway and what the validator found wrong with it."""

    def __init__(self, validator_port):
        self.calls, self.violations, self.lock = [], [], threading.Lock()
        self.server = serve(lambda handler: self.answer(handler, validator_port))

    def answer(self, handler, port):
        body = git_http.body_of(handler)
        status, headers, content = forward(handler, port, body)
        call = {
            "method": handler.command,
            "path": handler.path,
            "status": status,
            "at": time.time(),
        }
        if handler.command in ("POST", "PATCH") and "access_tokens" not in handler.path:
            call.update(body=json.loads(body or b"null"), id=json.loads(content or b"{}").get("id"))
        found = dict((k.lower(), v) for k, v in headers).get("sl-violations", "[]")
        try:
            found = json.loads(found)
        except ValueError:  # too many for a header: "Too many violations! [ … "
            found = [{"message": found[:500], "location": ["request"]}]
        wrong = [v for v in found if v["location"][0] == "request"]
        if status == 404 and b"NO_PATH_MATCHED" in content:
            wrong.append({"message": "the description has no such call", "location": ["request"]})
        # What the description cannot say.
        if not handler.headers.get("User-Agent", "").startswith("slipway/"):
            wrong.append({"message": "no User-Agent", "location": ["request", "header"]})
        if not handler.headers.get("Authorization"):
            wrong.append({"message": "no Authorization", "location": ["request", "header"]})
        with self.lock:
            self.calls.append(call)
            self.violations += [dict(call, violation=v) for v in wrong]
        respond(handler, status, [h for h in headers if h[0].lower() != "sl-violations"], content)


class Shim:
    """What the emulator lacks, and all that is not its own:

    - a pull request follows its branches: head, base tip and merge commit are laid over its answers, since the
      emulator fixes both commits when the pull request is opened;
    - GET commits/{sha}/pulls, POST statuses/{sha}, POST comments/{id}/reactions;
    - deployments and their statuses;
    - a comment that nobody edited has one time: the emulator writes a new one twice, at times a millisecond apart;
    - a collaborator's permission is "write" or "read", where the emulator says "push" or "pull".
    """

    def __init__(self, double):
        self.double = double
        self.statuses, self.reactions, self.edited, self.deployments = [], [], set(), []
        self.tokens = {}  # installation token -> what was asked for
        self.server = serve(self.answer)

    def answer(self, handler):
        path, _, query = handler.path.partition("?")
        if path.startswith("/git/"):
            return git_http.answer(
                handler, str(self.double.git_root), path[4:], query, self.may_read
            )
        body = git_http.body_of(handler)
        parts = path.strip("/").split("/")
        below = parts[3:] if parts[:1] == ["repos"] else []
        if handler.command == "GET" and below[:1] == ["commits"] and below[2:] == ["pulls"]:
            return respond_json(handler, 200, self.double.pulls_at(below[1]))
        if handler.command == "POST" and below[:1] == ["statuses"]:
            return self.status(handler, below[1], json.loads(body))
        if (
            handler.command == "POST"
            and below[:2] == ["issues", "comments"]
            and below[3:] == ["reactions"]
        ):
            return self.reaction(handler, int(below[2]), json.loads(body))
        if below[:1] == ["deployments"]:
            return self.deployment(handler, below[1:], query, json.loads(body or b"null"))
        status, headers, content = forward(handler, self.double.emulator_port, body)
        if (
            handler.command == "GET"
            and below[:1] == ["pulls"]
            and len(below) == 2
            and status == 200
        ):
            return respond_json(handler, 200, self.double.laid_over(json.loads(content)))
        if below[:2] == ["issues", "comments"] and len(below) == 3 and status == 200:
            comment = json.loads(content)
            if handler.command == "PATCH":
                self.edited.add(comment["id"])
            if comment["id"] not in self.edited:
                comment["updated_at"] = comment["created_at"]
            return respond_json(handler, 200, comment)
        if below[:1] == ["collaborators"] and below[2:] == ["permission"] and status == 200:
            answer = json.loads(content)
            words = {"push": "write", "maintain": "write", "pull": "read", "triage": "read"}
            answer["permission"] = words.get(answer["permission"], answer["permission"])
            return respond_json(handler, 200, answer)
        if parts[-1:] == ["access_tokens"] and status == 201:
            self.tokens[json.loads(content)["token"]] = json.loads(body or b"{}")
        respond(handler, status, headers, content)

    def may_read(self, repository, username, password):
        asked = self.tokens.get(password)
        return (
            username == "x-access-token"
            and asked is not None
            and asked.get("permissions") == {"contents": "read"}
            and asked.get("repositories") == [repository.split("/")[-1]]
        )

    def status(self, handler, sha, body):
        made = dict(body, id=len(self.statuses) + 1, sha=sha)
        self.statuses.append(made)
        respond_json(handler, 201, made)

    def deployment(self, handler, below, query, body):
        if handler.command == "GET":
            wanted = dict(urllib.parse.parse_qsl(query))
            fits = [
                one
                for one in self.deployments
                if (one["sha"], one["environment"]) == (wanted["sha"], wanted["environment"])
            ]
            return respond_json(handler, 200, fits)
        if below:
            self.deployments[int(below[0]) - 1]["states"].append(body["state"])
            return respond_json(handler, 201, {"id": 1, "state": body["state"]})
        made = dict(body, id=len(self.deployments) + 1, sha=body["ref"], states=[])
        self.deployments.append(made)
        respond_json(handler, 201, made)

    def reaction(self, handler, comment, body):
        self.reactions.append({"comment": comment, "content": body["content"]})
        respond_json(handler, 201, {"id": len(self.reactions), "content": body["content"]})


class Relay:
    """The emulator's webhooks, made whole and signed again: the number of the pull request, the App
    of a check, the mark that a commented issue is a pull request, head and merge as the shim says,
    a GUID as delivery id. One whose signature is wrong is dropped and counted. `send` makes those
    that the emulator never sends.
    """

    def __init__(self, double):
        self.double, self.url, self.waiting, self.lock = double, None, [], threading.Lock()
        self.sent, self.forged = [], 0
        self.server = serve(self.answer)

    def answer(self, handler):
        body = git_http.body_of(handler)
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        respond(handler, 202, [], b"")
        if handler.headers.get("X-Hub-Signature-256") != "sha256=" + mac:
            self.forged += 1
            return
        event, payload = handler.headers["X-GitHub-Event"], json.loads(body)
        pull = payload.get("pull_request")
        if event == "pull_request" and pull:
            payload["number"] = pull["number"]
            payload["pull_request"] = self.double.laid_over(pull)
        if event == "issue_comment" and payload["issue"]["number"] in self.double.pulls:
            payload["issue"].setdefault("pull_request", {"url": payload["issue"]["url"]})
        if event == "check_run":
            payload["check_run"]["app"] = {"id": APP_ID, "slug": SLUG}
        self.send(event, payload)

    def send(self, event, payload):
        with self.lock:
            if self.url is None:
                self.waiting.append((event, payload))
                return
        body = json.dumps(payload).encode()
        mac = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        target = urllib.parse.urlsplit(self.url)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/0000000",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-GitHub-Hook-ID": "1",
            "X-GitHub-Hook-Installation-Target-Type": "integration",
            "X-GitHub-Hook-Installation-Target-ID": str(APP_ID),
            "X-Hub-Signature-256": "sha256=" + mac,
        }
        at = time.time()
        try:
            status, _, _ = exchange(target.port, "POST", target.path, headers, body)
        except OSError:
            status = 0  # nobody listens
        with self.lock:
            self.sent.append(
                {"event": event, "action": payload.get("action"), "status": status, "at": at}
            )

    def to(self, url):
        with self.lock:
            self.url, waiting, self.waiting = url, self.waiting, []
        for event, payload in waiting:
            self.send(event, payload)


class GithubDouble:
    def __init__(self, build, work):
        self.npm = pathlib.Path(build).resolve() / "npm"
        self.work = pathlib.Path(work).resolve()
        if not (self.npm / ".installed").exists():
            raise SystemExit("run tests/support/npm/install %s first" % build)
        self.children, self.pulls, self.mirrored = [], {}, set()
        self.git_root = self.work / "git"
        self.bare = self.git_root / (REPOSITORY + ".git")
        self.tree = self.work / "clone"

    # --- start and stop -------------------------------------------------------------------------------

    def start(self):
        self.work.mkdir(parents=True, exist_ok=True)
        key = self.work / "app.pem"
        subprocess.run(
            ["openssl", "genrsa", "-traditional", "-out", str(key), "2048"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        self.private_key = key.read_text()
        self.relay = Relay(self)
        self.shim = Shim(self)
        shim_port = self.shim.server.server_port
        self.emulator_port, validator_port = free_port(), free_port()
        self.recorder = Recorder(validator_port)
        seed = self.work / "seed.json"
        seed.write_text(
            json.dumps(self.seed("http://127.0.0.1:%d" % self.recorder.server.server_port))
        )
        description = self.work / "description.json"
        trimmed_description.trim(
            self.npm / "node_modules/@octokit/openapi/generated/api.github.com.json", description
        )
        modules = self.npm / "node_modules"
        self.spawn(
            "emulator",
            modules / "emulate/dist/index.js",
            "start",
            "-s",
            "github",
            "-p",
            str(self.emulator_port),
            "--seed",
            str(seed),
        )
        self.spawn(
            "validator",
            modules / "@stoplight/prism-cli/dist/index.js",
            "proxy",
            "-p",
            str(validator_port),
            str(description),
            "http://127.0.0.1:%d" % shim_port,
        )
        self.make_repository()
        for name, port in (("emulator", self.emulator_port), ("validator", validator_port)):
            wait_until(name + " to listen", lambda: accepts(port) or self.dead())
        self.check_children()
        for login, permission in COLLABORATORS.items():
            self.api(
                "PUT",
                "/repos/%s/collaborators/%s" % (REPOSITORY, login),
                {"permission": permission},
            )
        return {
            "api_url": "http://127.0.0.1:%d" % self.recorder.server.server_port,
            "git_url": "http://127.0.0.1:%d/git/{path}.git" % shim_port,
            "app_id": str(APP_ID),
            "app_private_key": self.private_key,
            "app_private_key_file": str(key),
            "webhook_secret": SECRET,
            "repository": REPOSITORY,
            "clone": str(self.tree),
        }

    def seed(self, public_url):
        permissions = {
            "contents": "write",
            "metadata": "read",
            "pull_requests": "write",
            "issues": "write",
            "checks": "write",
            "statuses": "write",
            "deployments": "write",
            "members": "read",
        }
        return {
            "tokens": {
                token: {"login": login, "scopes": ["repo", "user", "admin:org"]}
                for token, login in TOKENS.items()
            },
            "github": {
                "baseUrl": public_url,
                "users": [
                    {"login": login, "name": login.capitalize(), "email": login + "@acme.test"}
                    for login in TOKENS.values()
                ],
                "orgs": [
                    {
                        "login": OWNER,
                        "members": [
                            {"login": login, "role": role} for login, role in MEMBERS.items()
                        ],
                    }
                ],
                "repos": [{"owner": OWNER, "name": NAME, "auto_init": False}],
                "apps": [
                    {
                        "app_id": APP_ID,
                        "slug": SLUG,
                        "name": "Slipway",
                        "private_key": self.private_key,
                        "permissions": permissions,
                        "events": [
                            "pull_request",
                            "push",
                            "issue_comment",
                            "pull_request_review",
                            "check_run",
                            "check_suite",
                        ],
                        "webhook_url": "http://127.0.0.1:%d/" % self.relay.server.server_port,
                        "webhook_secret": SECRET,
                        "installations": [
                            {
                                "installation_id": INSTALLATION,
                                "account": OWNER,
                                "repository_selection": "all",
                                "permissions": permissions,
                            }
                        ],
                    }
                ],
            },
        }

    def spawn(self, name, *command):
        log = open(self.work / (name + ".log"), "wb")
        child = subprocess.Popen(
            [str(self.npm / "node"), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=self.work,
            env={"PATH": os.environ["PATH"], "HOME": str(self.work), "NO_COLOR": "1"},
            start_new_session=True,
        )
        self.children.append((name, child))

    def dead(self):
        return [name for name, child in self.children if child.poll() is not None]

    def check_children(self):
        for name in self.dead():
            raise RuntimeError(
                name + " ended:\n" + (self.work / (name + ".log")).read_text()[-2000:]
            )

    def stop(self):
        for _, child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGTERM)
        for _, child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        for part in (self.recorder, self.shim, self.relay):
            part.server.shutdown()
            part.server.server_close()
        return {}

    # --- git ------------------------------------------------------------------------------------------

    def git(self, *arguments, tree=None, binary=False, **options):
        environment = dict(
            os.environ,
            GIT_CONFIG_GLOBAL="/dev/null",
            GIT_CONFIG_NOSYSTEM="1",
            GIT_AUTHOR_NAME="Ada",
            GIT_AUTHOR_EMAIL="ada@acme.test",
            GIT_COMMITTER_NAME="Ada",
            GIT_COMMITTER_EMAIL="ada@acme.test",
        )
        done = subprocess.run(
            ["git", *arguments],
            cwd=str(tree or self.tree),
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        )
        return done.stdout if binary else done.stdout.decode().strip()

    def make_repository(self):
        self.bare.parent.mkdir(parents=True)
        self.git("init", "-q", "--bare", "-b", "main", str(self.bare), tree=self.work)
        self.git("config", "uploadpack.allowAnySHA1InWant", "true", tree=self.bare)
        self.git("clone", "-q", str(self.bare), str(self.tree), tree=self.work)
        self.git("checkout", "-q", "-b", "main")

    def commit(self, branch, files, message="A change", delete=()):
        """Commits `files` (path -> text) on `branch` of the clone, which starts at main; its commit id."""
        known = self.git("branch", "--list", branch)
        if known or not self.git("rev-list", "--all", "-n1"):
            self.git("checkout", "-q", *([] if known else ["-B"]), branch)
        else:
            self.git("checkout", "-q", "-b", branch, "main")
        for path, text in files.items():
            file = self.tree / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        for path in delete:
            (self.tree / path).unlink()
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def push(self, branch):
        """Pushes the clone's branch; the emulator learns its commits and sends what GitHub sends."""
        self.git("push", "-q", "-f", "origin", branch)
        after = self.git("rev-parse", branch)
        self.mirror(after)
        ref = "heads/" + branch
        present = self.api("GET", "/repos/%s/git/ref/%s" % (REPOSITORY, ref), missing=None)
        if present is None:
            self.api(
                "POST", "/repos/%s/git/refs" % REPOSITORY, {"ref": "refs/" + ref, "sha": after}
            )
            return after
        before = present["object"]["sha"]
        self.api(
            "PATCH", "/repos/%s/git/refs/%s" % (REPOSITORY, ref), {"sha": after, "force": True}
        )
        for number, pull in self.pulls.items():
            if pull["branch"] == branch and pull["state"] == "open" and before != after:
                self.set_head(number, after)
                shown = self.laid_over(self.api("GET", "/repos/%s/pulls/%d" % (REPOSITORY, number)))
                self.relay.send(
                    "pull_request",
                    {
                        "action": "synchronize",
                        "number": number,
                        "before": before,
                        "after": after,
                        "pull_request": shown,
                        "repository": shown["base"]["repo"],
                        "installation": {"id": INSTALLATION},
                        "sender": shown["user"],
                    },
                )
        return after

    def mirror(self, commit):
        """Gives the emulator the commits it lacks, object by object: they keep their ids."""
        for one in self.git("rev-list", "--reverse", "--topo-order", commit).split():
            if one in self.mirrored:
                continue
            raw = self.git("cat-file", "commit", one, binary=True).decode()
            head, _, message = raw.partition("\n\n")
            tree = self.git("rev-parse", one + "^{tree}")
            self.mirror_tree(tree)

            def person(which):
                name, email, date = self.git(
                    "show",
                    "-s",
                    "--date=iso-strict",
                    "--format=%%%sn%%n%%%se%%n%%%sd" % ((which,) * 3),
                    one,
                ).split("\n")
                return {"name": name, "email": email, "date": date}

            made = self.api(
                "POST",
                "/repos/%s/git/commits" % REPOSITORY,
                {
                    "message": message,
                    "tree": tree,
                    "parents": [
                        line.split()[1] for line in head.split("\n") if line.startswith("parent ")
                    ],
                    "author": person("a"),
                    "committer": person("c"),
                },
            )
            assert made["sha"] == one, "the emulator gave commit %s the id %s" % (one, made["sha"])
            self.mirrored.add(one)

    def mirror_tree(self, tree):
        if tree in self.mirrored:
            return
        entries = []
        for line in self.git("ls-tree", tree).split("\n"):
            mode, kind, rest = line.split(" ", 2)
            sha, path = rest.split("\t")
            if kind == "tree":
                self.mirror_tree(sha)
            elif sha not in self.mirrored:
                content = base64.b64encode(self.git("cat-file", "blob", sha, binary=True)).decode()
                self.api(
                    "POST",
                    "/repos/%s/git/blobs" % REPOSITORY,
                    {"content": content, "encoding": "base64"},
                )
                self.mirrored.add(sha)
            entries.append({"path": path, "mode": mode, "type": kind, "sha": sha})
        made = self.api("POST", "/repos/%s/git/trees" % REPOSITORY, {"tree": entries})
        assert made["sha"] == tree, "the emulator gave tree %s the id %s" % (tree, made["sha"])
        self.mirrored.add(tree)

    # --- the forge, as people use it ------------------------------------------------------------------

    def api(self, method, path, body=None, token="ada-token", missing=KeyError):
        status, _, content = exchange(
            self.emulator_port,
            method,
            path,
            {"Authorization": "Bearer " + token, "Content-Type": "application/json"},
            None if body is None else json.dumps(body),
        )
        if status == 404 and missing is not KeyError:
            return missing
        if status >= 300:
            raise RuntimeError("%s %s: %d %s" % (method, path, status, content.decode()[:300]))
        return json.loads(content) if content else {}

    def webhooks_to(self, url):
        self.relay.to(url)
        return {}

    def open_pull(self, branch, title="A change", token="ada-token", base="main"):
        head = self.git("rev-parse", branch)
        made = self.api(
            "POST",
            "/repos/%s/pulls" % REPOSITORY,
            {"title": title, "head": branch, "base": base, "body": ""},
            token,
        )
        self.pulls[made["number"]] = {"branch": branch, "state": "open", "head": head, "base": base}
        self.set_head(made["number"], head)
        return made["number"]

    def set_head(self, number, head):
        self.pulls[number]["head"] = head
        self.git("update-ref", "refs/pull/%d/head" % number, head, tree=self.bare)

    def laid_over(self, pull):
        mine = self.pulls.get(pull["number"])
        if mine:
            pull["head"]["sha"] = mine["head"]
            pull["base"]["sha"] = self.git(
                "rev-parse", "refs/heads/" + mine["base"], tree=self.bare
            )
            if mine["state"] == "merged":
                pull.update(
                    state="closed",
                    merged=True,
                    merge_commit_sha=mine["merge"],
                    merged_at=pull.get("closed_at") or pull["updated_at"],
                )
        return pull

    def pulls_at(self, sha):
        return [
            self.laid_over(self.api("GET", "/repos/%s/pulls/%d" % (REPOSITORY, number)))
            for number, mine in self.pulls.items()
            if sha in (mine["head"], mine.get("merge"))
        ]

    def merge(self, number, method="merge", token="ada-token"):
        """Merges as the web page does: the base moves, the pull request closes."""
        mine = self.pulls[number]
        self.git("fetch", "-q", "origin")
        self.git("checkout", "-q", "-B", mine["base"], "origin/" + mine["base"])
        if method == "squash":
            self.git("merge", "-q", "--squash", mine["head"])
            self.git("commit", "-q", "-m", "A change (#%d)" % number)
        else:
            self.git(
                "merge", "-q", "--no-ff", "-m", "Merge pull request #%d" % number, mine["head"]
            )
        merged = self.git("rev-parse", "HEAD")
        mine.update(state="merged", merge=merged)
        self.push(mine["base"])
        self.api("PATCH", "/repos/%s/pulls/%d" % (REPOSITORY, number), {"state": "closed"}, token)
        return merged

    def comment(self, number, body, token="ada-token"):
        return self.api(
            "POST", "/repos/%s/issues/%d/comments" % (REPOSITORY, number), {"body": body}, token
        )

    def edit_comment(self, comment_id, body, token="ada-token"):
        self.shim.edited.add(comment_id)
        return self.api(
            "PATCH",
            "/repos/%s/issues/comments/%d" % (REPOSITORY, comment_id),
            {"body": body},
            token,
        )

    def comments(self, number):
        return self.api("GET", "/repos/%s/issues/%d/comments?per_page=100" % (REPOSITORY, number))

    def checks(self, sha):
        return self.api("GET", "/repos/%s/commits/%s/check-runs?per_page=100" % (REPOSITORY, sha))[
            "check_runs"
        ]

    def review(self, number, event="APPROVE", token="grace-token"):
        return self.api(
            "POST",
            "/repos/%s/pulls/%d/reviews" % (REPOSITORY, number),
            {"event": event, "body": "", "commit_id": self.pulls[number]["head"]},
            token,
        )

    def rerequest(self, check_id, token="ada-token"):
        return self.api(
            "POST", "/repos/%s/check-runs/%s/rerequest" % (REPOSITORY, check_id), token=token
        )

    def violations(self):
        with self.recorder.lock:
            return list(self.recorder.violations)

    def provoke(self):
        """Sends a request that is wrong; what was found wrong with it. A validator that sleeps finds nothing."""
        known = len(self.violations())
        exchange(
            self.recorder.server.server_port,
            "POST",
            "/repos/%s/check-runs" % REPOSITORY,
            {
                "Authorization": "Bearer ada-token",
                "Content-Type": "application/json",
                "User-Agent": "slipway/test",
            },
            json.dumps({"name": "x", "head_sha": "y", "conclusion": "passed", "surprise": 1}),
        )
        return self.violations()[known:]

    def calls(self):
        with self.recorder.lock:
            return list(self.recorder.calls)

    def webhooks_sent(self):
        with self.relay.lock:
            return list(self.relay.sent)

    def reactions(self):
        return list(self.shim.reactions)

    def statuses(self):
        return list(self.shim.statuses)


def main():
    build, work = sys.argv[1:]
    double = GithubDouble(build, work)
    try:
        print(json.dumps(double.start()), flush=True)
        for line in sys.stdin:
            arguments = json.loads(line)
            method = getattr(double, arguments.pop("do"))
            print(json.dumps(method(**arguments)), flush=True)
    finally:
        double.stop()


if __name__ == "__main__":
    main()
