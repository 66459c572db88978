"""A Slipway of one's own for a test: the service with its embedded Redis, the built-in forge with one repository,
an organisation tree, and the words to play with them. Everything lies in one temporary directory and ends by
process id.
"""

import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from observe import state_resources, wait_until  # noqa: E402

MARKER = "<!-- slipway -->"
INSTALLED = [
    tool
    for tool, program in (("opentofu", "tofu"), ("terraform", "terraform"))
    if shutil.which(program)
]
TOOL = INSTALLED[0] if INSTALLED else "terraform"

# Of the stack `web`, whose provider is a stand-in; %s: where its state lies.
AWS_PROVIDER = """terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
  backend "local" {
    path = "%s/web.tfstate"
  }
}
provider "aws" {
  region = "eu-west-1"
}
"""


class Place:
    """organisation: {path: text} of the tree; None: the repository describes itself (.slipway.yaml).
    forges: of the configuration; None: the built-in one, called local."""

    def __init__(self, build, organisation=None, config="", environment=None, forges=None):
        self.build = pathlib.Path(build).resolve()
        self.binary = str(self.build / "bin" / "slipway")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="slipway-test-"))
        self.data = self.work / "data"
        self.state = self.work / "state"
        self.state.mkdir()
        self.bare = self.work / "git" / "acme" / "infra.git"
        self.clone = self.work / "infra"
        self.log_path = self.work / "service.log"
        self.process = None
        self.url = None
        self.extra_environment = environment or {}
        self.organisation = None
        if organisation is not None:
            self.organisation = self.work / "organisation"
            self.write(self.organisation, organisation)
        (self.work / "slipway.yaml").write_text(
            "listen: 127.0.0.1:0\ndata: %s\n%sforges:\n  %s\n"
            "sandbox: {kind: bubblewrap, writable: [%s]}\n%s"
            % (
                self.data,
                "organisation: %s\n" % self.organisation if self.organisation else "",
                forges or "local: {kind: builtin, root: %s}" % (self.work / "git"),
                self.state,
                config,
            )
        )
        self.run("git", "init", "-q", "--bare", "-b", "main", str(self.bare))
        self.run("git", "init", "-q", "-b", "main", str(self.clone))
        self.git("remote", "add", "origin", str(self.bare))

    # --- programs
    def environment(self):
        names = {
            key: os.environ[key]
            for key in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
            if key in os.environ
        }
        who = {
            "GIT_%s_%s" % (role, what): value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "linus"), ("EMAIL", "linus@example.com"))
        }
        return dict(
            names,
            HOME=str(self.work),
            SLIPWAY_DATA=str(self.data),
            NO_COLOR="1",
            **who,
            **self.extra_environment,
        )

    def run(self, *argv, cwd=None, check=True, **options):
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=self.environment(),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            **options,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                "%s exited with %d:\n%s%s"
                % (" ".join(argv), done.returncode, done.stdout, done.stderr)
            )
        return done

    def git(self, *arguments, **options):
        return self.run("git", *arguments, cwd=self.clone, **options).stdout.strip()

    def slipway(self, *arguments, check=True):
        return self.run(self.binary, *arguments, cwd=self.clone, check=check)

    # --- the service
    def start(self):
        self.url = None
        self.process = subprocess.Popen(
            [self.binary, "serve", "--config", str(self.work / "slipway.yaml")],
            stdout=subprocess.PIPE,
            stderr=open(self.log_path, "ab"),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=self.environment(),
        )
        process = self.process

        def read():
            for line in process.stdout:
                found = re.search(rb"listening on (http://\S+)", line)
                if found:
                    self.url = found.group(1).decode()

        threading.Thread(target=read, daemon=True).start()
        wait_until("the service to listen", lambda: self.url or process.poll() is not None)
        assert self.url, "the service ended:\n" + self.log()
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")[-6000:] if self.log_path.exists() else ""

    def kill(self):
        """As a power cut would: no handler runs."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def redis_pid(self):
        """The embedded server: the child of the service that is a redis-server."""
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                status = (entry / "status").read_text()
            except OSError:
                continue
            if b"redis-server" in words[0] and "PPid:\t%d\n" % self.process.pid in status:
                return int(entry.name)
        raise ValueError("no redis-server of this service")

    def redis(self, *words):
        """One command to the embedded server; its answer as text, or a list of texts."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with connection, connection.makefile("rb") as answer:
            connection.settimeout(20)
            connection.connect(str(self.data / "redis" / "socket"))
            connection.sendall(
                b"*%d\r\n" % len(words)
                + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
            )

            def read():
                line = answer.readline().decode().strip()
                if line[0] == "*":
                    return [read() for _ in range(int(line[1:]))]
                if line[0] == "$":
                    return (
                        answer.read(int(line[1:]) + 2)[:-2].decode() if line[1:] != "-1" else None
                    )
                return line[1:]

            return read()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
                raise AssertionError("the service did not end on SIGTERM:\n" + self.log())
            assert code == 0, "the service ended with %d:\n%s" % (code, self.log())

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is not None:
                print("--- the service's log\n" + self.log(), flush=True)
                with contextlib.suppress(Exception):
                    for number in self.numbers():
                        print(self.slipway("pull", "show", str(number), check=False).stdout)
                if self.process and self.process.poll() is None:
                    self.kill()  # a polite end would wait for applies
            else:
                self.stop()
        finally:
            shutil.rmtree(self.work, ignore_errors=True)

    # --- files and commits
    @staticmethod
    def write(folder, files):
        for path, text in files.items():
            target = pathlib.Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                target.unlink()
            else:
                target.write_text(text)

    def stack(self, name, body):
        return 'terraform {\n  backend "local" {\n    path = "%s/%s.tfstate"\n  }\n}\n\n%s' % (
            self.state,
            name,
            body,
        )

    def commit(self, files, message="a change"):
        self.write(self.clone, files)
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def push_main(self, files=None, message="a push"):
        if self.git("branch", "--list", "main"):  # before the first commit there is none
            self.git("checkout", "-q", "main")
        sha = self.commit(files, message) if files else self.git("rev-parse", "HEAD")
        self.git("push", "-q", "origin", "HEAD:main")
        return sha

    def branch(self, name, start="main"):
        self.git("fetch", "-q", "origin")
        self.git("checkout", "-q", "-B", name, "origin/" + start)

    def propose(self, topic, files, message="a change"):
        """Commits on the present branch and opens or updates the pull request of that topic."""
        sha = self.commit(files, message)
        self.git("push", "-q", "-f", "origin", "HEAD:refs/for/main/" + topic)
        return sha

    # --- the forge
    def numbers(self):
        return [
            pull["number"] for pull in json.loads(self.slipway("pull", "list", "--json").stdout)
        ]

    def pull(self, number):
        return json.loads(self.slipway("pull", "show", str(number), "--json").stdout)

    def check(self, number, name="slipway"):
        """The check at the present head, or None."""
        pull = self.pull(number)
        found = [c for c in pull["checks"] if c["name"] == name and c["commit"] == pull["head"]]
        return found[0] if found else None

    def wait_check(self, number, conclusion, name="slipway", title=""):
        def there():
            check = self.check(number, name)
            return (
                check
                if check
                and check["status"] == "completed"
                and check["conclusion"] == conclusion
                and title in check["title"]
                else None
            )

        return wait_until("check %s of #%d to be %s %s" % (name, number, conclusion, title), there)

    def own_comments(self, number):
        return [
            c for c in self.pull(number)["comments"] if c["ours"] and c["body"].startswith(MARKER)
        ]

    def wait_comment(self, number, *texts):
        def there():
            for comment in self.own_comments(number):
                if all(text in comment["body"] for text in texts):
                    return comment["body"]
            return None

        return wait_until("the comment of #%d to say %s" % (number, ", ".join(texts)), there)

    def say(self, number, text, who="grace"):
        self.slipway("pull", "comment", str(number), text, "--as", who)

    def wait_reply(self, number, text):
        return wait_until(
            "a reply on #%d with %s" % (number, text),
            lambda: next(
                (
                    c["body"]
                    for c in self.pull(number)["comments"]
                    if c["ours"] and not c["body"].startswith(MARKER) and text in c["body"]
                ),
                None,
            ),
        )

    def runs(self, stack=None):
        arguments = ["runs", "--json", "--limit", "200"] + (["--stack", stack] if stack else [])
        return json.loads(self.slipway(*arguments).stdout)["runs"]

    def resources(self, stack):
        return state_resources(self.state / (stack + ".tfstate"))

    # --- raw calls
    def http(self, method, path, body=None, headers=None, unix=False):
        if unix:
            connection = http.client.HTTPConnection("localhost", timeout=30)
            connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.sock.connect(str(self.data / "slipway.sock"))
        else:
            host, port = self.url.removeprefix("http://").split(":")
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        text = reply.read().decode(errors="replace")
        connection.close()
        return reply.status, text


def resource(name, value="x", owner="platform"):
    owned = '    owner = "%s"\n' % owner if owner else ""
    return 'resource "terraform_data" "%s" {\n  input = {\n%s    value = "%s"\n  }\n}\n' % (
        name,
        owned,
        value,
    )


def organisation(tool=TOOL):
    """A small tree to build on."""
    return {
        "space.yaml": "name: Acme\npeople:\n  ada: {local: ada}\n  grace: {local: grace}\n  linus: {local: linus}\n"
        "roles:\n  admin: [ada]\n  writer: [grace, linus]\n  reader: [everyone]\n"
        "defaults:\n  repository: local/acme/infra\n  tool: %s\n" % tool,
        "stacks/network.yaml": "directory: stacks/network\napply: {when: on_merge, start: automatic}\n",
    }


def send(place, event, secret=None, delivery=None, **message):
    """A webhook of the built-in forge, signed with the repository's own secret."""
    secret = secret or (place.bare / "slipway.secret").read_text().strip()
    body = json.dumps(dict(message, event=event, repository="acme/infra")).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    status, _ = place.http(
        "POST",
        "/webhooks/local",
        body,
        {
            "Content-Type": "application/json",
            "X-Slipway-Event": event,
            "X-Slipway-Repository": "acme/infra",
            "X-Slipway-Delivery": delivery or uuid.uuid4().hex,
            "X-Slipway-Signature-256": signature,
        },
    )
    return status


def settled(place):
    """Until the service has nothing left to do."""
    busy = {}

    def idle():
        _, text = place.http("GET", "/metrics")
        figures = dict(
            line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")
        )
        jobs = {
            k: v
            for k, v in figures.items()
            if k.startswith(("slipway_jobs_waiting", "slipway_jobs_leased"))
        }
        busy.clear()
        busy.update({k: v for k, v in jobs.items() if float(v)})
        return jobs and not busy

    try:
        wait_until("the service to be idle", idle)
    except AssertionError as error:
        raise AssertionError("%s: %s" % (error, busy)) from None


def main(cases):
    """Runs the functions one after the other; sys.argv: BUILD [name…]."""
    import sys

    build, wanted = sys.argv[1], sys.argv[2:]
    failed = []
    for case in cases:
        if wanted and case.__name__ not in wanted:
            continue
        began = time.monotonic()
        try:
            case(build)
            print(
                "passed  %s (%.1f s)" % (case.__doc__ or case.__name__, time.monotonic() - began),
                flush=True,
            )
        except Exception:  # every case is shown
            import traceback

            traceback.print_exc()
            print("failed  %s" % (case.__doc__ or case.__name__), flush=True)
            failed.append(case.__name__)
    sys.exit(1 if failed else 0)
