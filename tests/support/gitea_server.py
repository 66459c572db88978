"""A real Gitea for the tests, on loopback, with people, an organisation and one repository:

    ada        administers the whole server
    grace      may write; member of the team acme/dba
    linus      may write; the author of what is proposed
    mallory    has no rights, but sees the public repository and may fork it
    slipway    the bot: an owner of the organisation, calls by its access token

tests/support/gitea/install builds it. Everything that happens here happens as with people at work: commits come by git
push, the rest by the API, each in the name of who does it.
"""

import base64
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import urllib.parse

from observe import wait_until

OWNER, NAME = "acme", "infra"
BOT, ADMINISTRATOR = "slipway", "ada"
PEOPLE = ("grace", "linus", "mallory", BOT)
# What the bot's token may do: read and write the repository with its pull requests, know itself, and see teams.
SCOPES = ("write:repository", "write:issue", "read:user", "read:organization")
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "build" / "tools"

SETTINGS = """\
APP_NAME = Gitea of a test
RUN_MODE = prod
WORK_PATH = %(work)s
; Gitea refuses root, which tests in a container are. It serves nobody but the test.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = %(port)d
DOMAIN = 127.0.0.1
ROOT_URL = %(url)s/
STATIC_ROOT_PATH = %(static)s
OFFLINE_MODE = true
DISABLE_SSH = true
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = %(work)s/gitea.db
; The test reads the list of deliveries while Gitea writes.
SQLITE_JOURNAL_MODE = WAL
SQLITE_TIMEOUT = 20000
[security]
INSTALL_LOCK = true
SECRET_KEY = %(secret)s
INTERNAL_TOKEN = %(token)s
PASSWORD_COMPLEXITY = off
; The quickest: every call of a person brings the password.
PASSWORD_HASH_ALGO = pbkdf2_v1
[oauth2]
ENABLED = false
[service]
DISABLE_REGISTRATION = true
NO_REPLY_ADDRESS = noreply.gitea.example
[webhook]
ALLOWED_HOST_LIST = loopback
DELIVER_TIMEOUT = %(deliver_timeout)d
[repository]
DEFAULT_BRANCH = main
[indexer]
ISSUE_INDEXER_TYPE = db
[actions]
ENABLED = false
[packages]
ENABLED = false
[mailer]
ENABLED = false
[picture]
DISABLE_GRAVATAR = true
[cron]
ENABLED = false
[session]
PROVIDER = memory
[log]
MODE = file
LEVEL = Info
ROOT_PATH = %(work)s/log
[log.file]
FILE_NAME = gitea.log
"""


class Refused(Exception):
    """Gitea answered with an error."""

    def __init__(self, method, path, status, answer):
        super().__init__("%s %s: %d %s" % (method, path, status, json.dumps(answer)[:500]))
        self.status, self.answer = status, answer


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def basic(user):
    return "Basic " + base64.b64encode(("%s:%s" % (user, password(user))).encode()).decode()


def password(user):
    return user + "-password"


class GiteaServer:
    kind = "gitea"

    def __init__(self, work, tools=TOOLS, deliver_timeout=5):
        self.work = pathlib.Path(work).resolve()
        self.program = pathlib.Path(tools) / "gitea" / "gitea"
        assert self.program.exists(), "no Gitea: run tests/support/gitea/install build/tools"
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.api_url = self.url + "/api/v1"
        self.git_url = self.url + "/{path}.git"
        self.repository = OWNER + "/" + NAME
        self.token = None
        self.process = None
        self.clone = self.work / "clone"
        self.settings = self.work / "app.ini"
        self.work.mkdir(parents=True, exist_ok=True)
        self.settings.write_text(
            SETTINGS
            % dict(
                work=self.work,
                port=self.port,
                url=self.url,
                static=self.program.parent / "static",
                secret=secrets.token_hex(16),
                token=secrets.token_hex(32),
                deliver_timeout=deliver_timeout,
            )
        )

    # --- the process
    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.work), "GIT_TERMINAL_PROMPT": "0"}

    def start(self):
        """The first time with people and a repository; later the same again, on the same port."""
        self.process = subprocess.Popen(
            [str(self.program), "web", "--config", str(self.settings)],
            stdout=open(self.work / "output.log", "ab"),
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=self.environment(),
        )
        wait_until("Gitea to answer", self.answers)
        if self.token is None:
            self.populate()
        return self

    def answers(self):
        assert self.process.poll() is None, "Gitea ended:\n" + self.log()
        try:
            return self.exchange("GET", "/version", None, {})[0] == 200
        except OSError:
            return False

    def log(self):
        files = (self.work / "output.log", self.work / "log" / "gitea.log")
        return "\n".join(f.read_text(errors="replace")[-4000:] for f in files if f.exists())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """As a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def populate(self):
        create = "admin user create --admin --must-change-password=false --username"
        done = subprocess.run(
            [str(self.program), *create.split(), ADMINISTRATOR]
            + ["--password", password(ADMINISTRATOR), "--email", ADMINISTRATOR + "@example.com"]
            + ["--config", str(self.settings)],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        for name in PEOPLE:
            person = {"username": name, "email": name + "@example.com", "password": password(name)}
            self.call("POST", "/admin/users", dict(person, must_change_password=False))
        self.token = self.call(
            "POST", "/users/%s/tokens" % BOT, {"name": "test", "scopes": SCOPES}, by=BOT
        )["sha1"]
        self.call("POST", "/orgs", {"username": OWNER, "visibility": "public"})
        self.team("dba", "read", "grace")
        # Gitea tells who is in a team to the team's members and to owners alone.
        owners = next(
            team for team in self.call("GET", "/orgs/%s/teams" % OWNER) if team["name"] == "Owners"
        )
        self.call("PUT", "/teams/%d/members/%s" % (owners["id"], BOT))
        self.call(
            "POST",
            "/orgs/%s/repos" % OWNER,
            {"name": NAME, "default_branch": "main", "private": False},
        )
        for name in ("grace", "linus"):
            self.call(
                "PUT",
                "/repos/%s/collaborators/%s" % (self.repository, name),
                {"permission": "write"},
            )
        self.edit_repository(allow_fast_forward_only_merge=True)
        self.commit("main", {"README.md": "# Infrastructure\n"}, "Initial", by="linus", start=None)
        # Until it has looked at the push, Gitea refuses much because the repository were empty.
        wait_until("the first push to be known", lambda: not self.on("GET", "")["empty"])

    def team(self, name, permission, *members):
        """Of the organisation, for all its repositories."""
        units = ["repo.code", "repo.issues", "repo.pulls"]
        made = self.call(
            "POST",
            "/orgs/%s/teams" % OWNER,
            {
                "name": name,
                "permission": permission,
                "units": units,
                "includes_all_repositories": True,
            },
        )
        for member in members:
            self.call("PUT", "/teams/%d/members/%s" % (made["id"], member))
        return made["id"]

    # --- the API
    def exchange(self, method, path, body, headers):
        """One call: (status, headers, body as it came)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(
                method,
                "/api/v1" + path,
                body=None if body is None else json.dumps(body),
                headers=dict({"Content-Type": "application/json"}, **headers),
            )
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def call(self, method, path, body=None, by=ADMINISTRATOR):
        """In the name of a person; what is refused is raised."""
        status, _, answer = self.exchange(method, path, body, {"Authorization": basic(by)})
        try:
            answer = json.loads(answer) if answer else None
        except ValueError:
            answer = answer.decode(errors="replace")
        if status >= 300:
            raise Refused(method, path, status, answer)
        return answer

    def on(self, method, path, body=None, by=ADMINISTRATOR):
        """What call() does, below the repository."""
        return self.call(method, "/repos/%s%s" % (self.repository, path), body, by)

    def all(self, path, by=ADMINISTRATOR):
        """Every page of a list."""
        found, page = [], 1
        while True:
            some = self.on("GET", "%s?limit=50&page=%d" % (path, page), by=by)
            found += some
            if len(some) < 50:
                return found
            page += 1

    # --- webhooks
    def webhooks_to(self, url, secret, content_type="json"):
        """All that can be sent about the repository; the id of the hook."""
        events = ["push", "create", "delete", "pull_request", "issue_comment", "repository"]
        return self.on(
            "POST",
            "/hooks",
            {
                "type": "gitea",
                "active": True,
                "events": events,
                "config": {"url": url, "content_type": content_type, "secret": secret},
            },
        )["id"]

    def hooks(self):
        return self.on("GET", "/hooks")

    def deliveries(self):
        """What was sent, oldest first: Gitea's API does not tell, its database does."""
        with sqlite3.connect("file:%s/gitea.db?mode=ro" % self.work, uri=True, timeout=20) as db:
            rows = db.execute(
                "SELECT hook_id, uuid, event_type, is_delivered, is_succeed, response_content"
                " FROM hook_task ORDER BY id"
            ).fetchall()
        return [
            {
                "hook": hook,
                "id": uuid,
                "event": event,
                "done": bool(delivered),
                "succeeded": bool(succeeded),
                "status": json.loads(answer)["status"] if answer else 0,
            }
            for hook, uuid, event, delivered, succeeded, answer in rows
        ]

    # --- branches
    def address(self, by, fork=None):
        path = "%s/%s" % (fork, self.fork(fork)) if fork else self.repository
        words = "%s:%s@" % (by, urllib.parse.quote(password(by)))
        return self.git_url.replace("://", "://" + words).replace("{path}", path)

    def git(self, *arguments, by=BOT):
        who = {
            "GIT_%s_%s" % (role, what): value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", by), ("EMAIL", by + "@example.com"))
        }
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.clone,
            env=dict(self.environment(), **who),
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise AssertionError("git %s: %s%s" % (arguments[0], done.stdout, done.stderr))
        return done.stdout.strip()

    def commit(self, branch, files, message, by="linus", force=False, start="main", fork=None):
        """Writes files (None removes one) onto the branch and pushes it; force: the branch begins anew at `start`,
        which is a branch, a commit or None for no history. fork: who owns the fork that is pushed to."""
        if not self.clone.exists():
            self.clone.mkdir()
            self.git("init", "-q", "-b", "nothing")
        address = self.address(by, fork)
        there = self.git("ls-remote", address, "refs/heads/" + branch)
        if there and not force:
            start = there.split()[0]
        if start is None:
            self.git("checkout", "-q", "--orphan", "made-" + secrets.token_hex(4))
            self.git("rm", "-rfq", "--ignore-unmatch", ".")
        else:
            self.git("fetch", "-q", address, start)
            self.git("checkout", "-q", "-f", "--detach", "FETCH_HEAD")
        for path, text in files.items():
            target = self.clone / path
            if text is None:
                target.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, by=by)
        forced = ["--force"] if force else []
        self.git("push", "-q", *forced, address, "HEAD:refs/heads/" + branch)
        return self.git("rev-parse", "HEAD")

    def delete_branch(self, branch, by="linus"):
        self.git("push", "-q", self.address(by), ":refs/heads/" + branch)

    def fork(self, owner):
        """The name of that person's fork, which is made when there is none."""
        found = [f for f in self.on("GET", "/forks") if f["owner"]["login"] == owner]
        return (found[0] if found else self.on("POST", "/forks", {}, by=owner))["name"]

    def protect(self, branch, contexts=(), approvals=0):
        """What must be there before a merge; replaces the earlier rule of the branch."""
        rule = {
            "enable_status_check": bool(contexts),
            "status_check_contexts": list(contexts),
            "required_approvals": approvals,
            "enable_push": True,
        }
        if any(r["rule_name"] == branch for r in self.on("GET", "/branch_protections")):
            self.on("PATCH", "/branch_protections/" + urllib.parse.quote(branch, safe=""), rule)
        else:
            self.on("POST", "/branch_protections", dict(rule, rule_name=branch))

    def edit_repository(self, **settings):
        return self.on("PATCH", "", settings)

    def rename(self, name):
        """Of the repository; the old path redirects."""
        self.edit_repository(name=name)
        self.repository = OWNER + "/" + name

    # --- pull requests
    def open_pull(self, branch, title, base="main", draft=False, by="linus", fork_of=None):
        """fork_of: who owns the fork that the branch is in, and opens."""
        head = "%s:%s" % (fork_of, branch) if fork_of else branch
        return self.on(
            "POST",
            "/pulls",
            {"head": head, "base": base, "title": "WIP: " + title if draft else title},
            by=fork_of or by,
        )["number"]

    def pull(self, number):
        return self.on("GET", "/pulls/%d" % number)

    def head(self, number):
        return self.pull(number)["head"]["sha"]

    def edit_pull(self, number, by="linus", **fields):
        return self.on("PATCH", "/pulls/%d" % number, fields, by=by)

    def close(self, number, by="linus"):
        self.edit_pull(number, by=by, state="closed")

    def reopen(self, number, by="linus"):
        self.edit_pull(number, by=by, state="open")

    def retarget(self, number, base, by="linus"):
        self.edit_pull(number, by=by, base=base)

    def set_draft(self, number, draft, by="linus"):
        """A draft is nothing but a title that begins with WIP:."""
        title = self.pull(number)["title"].removeprefix("WIP:").strip()
        self.edit_pull(number, by=by, title="WIP: " + title if draft else title)

    def label(self, number, name, by="grace"):
        known = [label["id"] for label in self.all("/labels") if label["name"] == name]
        if not known:
            known = [self.on("POST", "/labels", {"name": name, "color": "#00aabb"})["id"]]
        self.on("POST", "/issues/%d/labels" % number, {"labels": known}, by=by)

    def merge(self, number, style="merge", by="grace"):
        """merge, squash, rebase or fast-forward-only; the commit that the base branch then has."""
        wanted = {"Do": style, "head_commit_id": self.head(number)}

        def merged():
            try:
                self.on("POST", "/pulls/%d/merge" % number, wanted, by=by)
            except Refused as refused:
                # Gitea has not found out yet whether it can be merged.
                if refused.status != 405 or "try again" not in json.dumps(refused.answer):
                    raise
                return False
            return True

        wait_until("#%d to be merged" % number, merged)
        return self.pull(number)["merge_commit_sha"]

    def delete_fork(self, owner):
        """Its open pull requests are closed, and have no head repository any more."""
        self.call("DELETE", "/repos/%s/%s" % (owner, self.fork(owner)))

    # --- talk
    def comment(self, number, body, by="grace"):
        return self.on("POST", "/issues/%d/comments" % number, {"body": body}, by=by)["id"]

    def edit_comment(self, number, id, body, by="grace"):
        self.on("PATCH", "/issues/comments/%d" % id, {"body": body}, by=by)

    def delete_comment(self, number, id, by="grace"):
        self.on("DELETE", "/issues/comments/%d" % id, by=by)

    def comments(self, number):
        return [
            {
                "id": comment["id"],
                "body": comment["body"],
                "author": comment["user"]["login"],
                "ours": comment["user"]["login"] == BOT,
            }
            for comment in self.on("GET", "/issues/%d/comments" % number)
        ]

    def reactions(self, number, comment_id):
        found = self.on("GET", "/issues/comments/%d/reactions" % comment_id) or []
        return [{"content": r["content"], "author": r["user"]["login"]} for r in found]

    def review(self, number, verdict, by="grace", body="", commit=None):
        """approve, reject or comment; of the present head or of an earlier commit."""
        event = {"approve": "APPROVED", "reject": "REQUEST_CHANGES", "comment": "COMMENT"}[verdict]
        return self.on(
            "POST",
            "/pulls/%d/reviews" % number,
            # Only an approval may be silent.
            {
                "event": event,
                "body": body or ("" if verdict == "approve" else "Why?"),
                "commit_id": commit or self.head(number),
            },
            by=by,
        )["id"]

    def dismiss(self, number, review_id, by=ADMINISTRATOR):
        self.on(
            "POST",
            "/pulls/%d/reviews/%d/dismissals" % (number, review_id),
            {"message": "It changed."},
            by=by,
        )

    # --- what Slipway wrote
    def checks(self, number):
        """The latest status of each context at the present head."""
        found, sha, page = {}, self.head(number), 1
        while True:
            path = "/commits/%s/status?limit=50&page=%d" % (sha, page)
            some = self.on("GET", path)["statuses"] or []
            for status in some:
                found[status["context"]] = {
                    "state": status["status"],
                    "title": status["description"],
                    "url": status["target_url"],
                }
            if len(some) < 50:
                return found
            page += 1

    def remove(self):
        """The folder, once it has ended."""
        shutil.rmtree(self.work, ignore_errors=True)
