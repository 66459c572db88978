#!/usr/bin/env python3
"""Plays with a real Gitea everything that gitea_server.py can do, and checks each webhook's signature.

gitea_server_test.py TOOLS               the test
gitea_server_test.py TOOLS --record DIR  and writes what Gitea sent to DIR, trimmed: tests/fixtures/gitea
"""

import hashlib
import hmac
import http.server
import json
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time
import urllib.parse

from gitea_server import ADMINISTRATOR, BOT, GiteaServer, Refused
from observe import wait_until

SECRET = "the webhook's secret"
# Objects of which a fixture keeps no more than this.
USER = ("id", "login", "username", "email")
REPOSITORY = (
    "id",
    "owner",
    "name",
    "full_name",
    "private",
    "fork",
    "archived",
    "html_url",
    "clone_url",
)
REPOSITORY += ("default_branch", "permissions")
HEADERS = ("content-type", "user-agent", "x-gitea-", "x-github-", "x-gogs-", "x-hub-")


class Receiver:
    """Keeps what is sent to it: {"headers", "body", "raw"}."""

    def __init__(self, secret=SECRET):
        self.secret, self.received, self.forged = secret, [], 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.take({k: v for k, v in self.headers.items()}, raw)
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = "http://127.0.0.1:%d/webhooks/gitea" % self.server.server_address[1]

    def take(self, headers, raw):
        signed = raw
        if headers["Content-Type"].startswith("application/x-www-form-urlencoded"):
            # The signature is over the JSON inside, not over what is sent.
            signed = urllib.parse.parse_qs(raw.decode())["payload"][0].encode()
        right = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        if (
            headers["X-Gitea-Signature"] != right
            or headers["X-Hub-Signature-256"] != "sha256=" + right
        ):
            self.forged += 1
        self.received.append({"headers": headers, "body": json.loads(signed), "raw": raw})

    def wait(self, event, action=None, type=None, **fields):
        """The newest of that event, once it is there."""

        def found():
            for one in reversed(self.received):
                body = one["body"]
                if (
                    one["headers"]["X-Gitea-Event"] == event
                    and body.get("action") == action
                    and type in (None, one["headers"]["X-Gitea-Event-Type"])
                    and all(body.get(name) == value for name, value in fields.items())
                ):
                    return one
            return None

        try:
            return wait_until("%s %s %s" % (event, action, fields), found, 15)
        except AssertionError as error:
            raise AssertionError(
                "%s; there were: %s"
                % (
                    error,
                    [
                        (r["headers"]["X-Gitea-Event-Type"], r["body"].get("action"))
                        for r in self.received
                    ],
                )
            ) from None


def trimmed(value, server):
    """Without what says nothing, without secrets, and as if the server were gitea.example."""
    if isinstance(value, list):
        return [trimmed(one, server) for one in value]
    if isinstance(value, dict):
        kept = value
        if "login" in value and "avatar_url" in value:
            kept = {k: value[k] for k in USER}
        elif "full_name" in value and "clone_url" in value:
            kept = {k: value[k] for k in REPOSITORY}
        return {k: trimmed(v, server) for k, v in kept.items() if k != "secret"}
    if isinstance(value, str):
        return value.replace(server.url, "https://gitea.example")
    return value


class Fixtures:
    def __init__(self, folder, server):
        self.folder, self.server = folder and pathlib.Path(folder), server

    def keep(self, name, received):
        if not self.folder:
            return
        headers = {k: v for k, v in received["headers"].items() if k.lower().startswith(HEADERS)}
        text = json.dumps(
            {"headers": headers, "body": trimmed(received["body"], self.server)}, indent=2
        )
        for secret in (SECRET, "password", self.server.token):
            assert secret not in text, name + " holds a secret"
        # What is signed is the untrimmed body: the adapter's tests sign anew.
        text = re.sub(r'("X-(?:Gitea|Gogs)-Signature": ")[0-9a-f]{64}', r"\g<1>" + 64 * "0", text)
        text = re.sub(r"(sha1|sha256)=[0-9a-f]+", r"\1=0", text)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / (name + ".json")).write_text(text + "\n")


def play(gitea, receiver, keep):
    hook = gitea.webhooks_to(receiver.url, SECRET)
    assert [h["id"] for h in gitea.hooks()] == [hook]

    # A pull request, its commits and its edits.
    first = gitea.commit("topic", {"stacks/network/main.tf": "# a network\n"}, "A network")
    keep("create_branch", receiver.wait("create", ref="topic"))
    keep("push_new_branch", receiver.wait("push", ref="refs/heads/topic"))
    number = gitea.open_pull("topic", "A network")
    keep("pull_request_opened", receiver.wait("pull_request", "opened", number=number))
    assert gitea.head(number) == first
    head = gitea.commit("topic", {"stacks/network/more.tf": "# more\n"}, "More of it")
    keep("push", receiver.wait("push", ref="refs/heads/topic", after=head))
    keep("pull_request_synchronized", receiver.wait("pull_request", "synchronized", number=number))
    head = gitea.commit("topic", {"a.tf": "# anew\n"}, "Anew", force=True)
    keep("push_forced", receiver.wait("push", ref="refs/heads/topic", after=head))
    wait_until("the forced head", lambda: gitea.head(number) == head)
    wait_until(
        "the second synchronized",
        lambda: (
            sum(r["body"].get("action") == "synchronized" for r in receiver.received) >= 2
            and receiver.wait("pull_request", "synchronized")["body"]["pull_request"]["head"]["sha"]
            == head
        ),
        15,
    )
    keep("pull_request_synchronized_forced", receiver.wait("pull_request", "synchronized"))
    gitea.set_draft(number, True)
    keep("pull_request_edited_to_draft", receiver.wait("pull_request", "edited"))
    assert gitea.pull(number)["draft"]
    gitea.set_draft(number, False)
    wait_until(
        "the edit from draft",
        lambda: not receiver.wait("pull_request", "edited")["body"]["pull_request"]["draft"],
    )
    keep("pull_request_edited_from_draft", receiver.wait("pull_request", "edited"))
    assert not gitea.pull(number)["draft"]
    gitea.commit("stable", {"s": "s\n"}, "Stable")
    gitea.retarget(number, "stable")
    wait_until(
        "the edit of the base",
        lambda: "ref" in receiver.wait("pull_request", "edited")["body"].get("changes", {}),
    )
    keep("pull_request_retargeted", receiver.wait("pull_request", "edited"))
    assert gitea.pull(number)["base"]["ref"] == "stable"
    gitea.retarget(number, "main")
    gitea.label(number, "urgent")
    keep("pull_request_labelled", receiver.wait("pull_request", "label_updated"))
    gitea.close(number)
    keep("pull_request_closed", receiver.wait("pull_request", "closed", number=number))
    gitea.reopen(number)
    keep("pull_request_reopened", receiver.wait("pull_request", "reopened", number=number))

    # Talk.
    comment = gitea.comment(number, "/slipway plan")
    keep("issue_comment_created", receiver.wait("issue_comment", "created"))
    gitea.edit_comment(number, comment, "/slipway apply")
    keep("issue_comment_edited", receiver.wait("issue_comment", "edited"))
    gitea.on("POST", "/issues/comments/%d/reactions" % comment, {"content": "eyes"}, by=BOT)
    assert gitea.reactions(number, comment) == [{"content": "eyes", "author": BOT}]
    gitea.delete_comment(number, comment)
    keep("issue_comment_deleted", receiver.wait("issue_comment", "deleted"))
    ours = gitea.comment(number, "A plan", by=BOT)
    keep("issue_comment_created_by_bot", receiver.wait("issue_comment", "created"))
    assert gitea.comments(number) == [{"id": ours, "body": "A plan", "author": BOT, "ours": True}]
    issue = gitea.on("POST", "/issues", {"title": "Not a pull request"}, by="grace")["number"]
    gitea.comment(issue, "/slipway plan")
    keep("issue_comment_on_issue", receiver.wait("issue_comment", "created", is_pull=False))

    # Reviews.
    gitea.review(number, "comment", body="Why?")
    keep("review_comment", receiver.wait("pull_request_comment", "reviewed"))
    gitea.review(number, "reject", body="No.")
    keep("review_rejected", receiver.wait("pull_request_rejected", "reviewed"))
    approval = gitea.review(number, "approve", body="Good.")
    keep("review_approved", receiver.wait("pull_request_approved", "reviewed"))
    gitea.dismiss(number, approval)
    dismissed = gitea.on("GET", "/pulls/%d/reviews/%d" % (number, approval))
    assert dismissed["dismissed"], dismissed

    # Statuses and protection.
    gitea.protect("main", ["slipway"], approvals=1)
    status = {"state": "success", "context": "slipway", "description": "1 to add"}
    gitea.on("POST", "/statuses/" + head, dict(status, target_url=gitea.url + "/x"), by=BOT)
    assert gitea.checks(number)["slipway"]["title"] == "1 to add"
    try:
        gitea.merge(number)
        raise AssertionError("merged without an approval")
    except Refused as refused:
        assert refused.status == 405, refused
    gitea.review(number, "approve")
    merged = gitea.merge(number)
    keep(
        "pull_request_merged",
        wait_until(
            "the merge",
            lambda: (
                (one := receiver.wait("pull_request", "closed"))["body"]["pull_request"]["merged"]
                and one
            ),
        ),
    )
    keep("push_merge", receiver.wait("push", ref="refs/heads/main", after=merged))
    gitea.delete_branch("topic")
    keep("delete_branch", receiver.wait("delete", ref="topic"))
    gitea.protect("main", [], approvals=0)

    # The other ways to merge.
    for style in ("squash", "rebase", "fast-forward-only"):
        name = "by-" + style
        gitea.commit(name, {name + ".1": "1\n"}, "First")
        tip = gitea.commit(name, {name + ".2": "2\n"}, "Second")
        other = gitea.open_pull(name, name)
        merged = gitea.merge(other, style)
        receiver.wait("push", ref="refs/heads/main", after=merged)
        keep(
            "pull_request_merged_" + style.replace("-", "_"),
            receiver.wait("pull_request", "closed", number=other),
        )
        assert (merged == tip) == (style in ("rebase", "fast-forward-only")), (style, merged, tip)

    # A stranger's fork.
    gitea.commit("stranger", {"evil.tf": "# evil\n"}, "Evil", by="mallory", fork="mallory")
    fork = gitea.open_pull("stranger", "From a fork", fork_of="mallory")
    keep("pull_request_opened_from_fork", receiver.wait("pull_request", "opened", number=fork))
    assert gitea.pull(fork)["head"]["repo"]["full_name"] == "mallory/infra"
    draft = gitea.commit("draft", {"draft.tf": "# draft\n"}, "Draft") and gitea.open_pull(
        "draft", "A draft", draft=True
    )
    keep("pull_request_opened_as_draft", receiver.wait("pull_request", "opened", number=draft))
    assert gitea.pull(draft)["draft"]

    gitea.commit("gone", {"gone.tf": "# gone\n"}, "Gone")
    gone = gitea.open_pull("gone", "Gone")
    gitea.delete_branch("gone")
    keep(
        "pull_request_closed_branch_deleted",
        receiver.wait("pull_request", "closed", number=gone),
    )

    # Killed and started again: the same people, hooks and pull requests.
    gitea.kill()
    gitea.start()
    assert gitea.head(fork) and [h["id"] for h in gitea.hooks()] == [hook]
    gitea.comment(fork, "still there")
    wait_until(
        "the comment after the restart",
        lambda: (
            receiver.wait("issue_comment", "created")["body"]["comment"]["body"] == "still there"
        ),
    )

    # Renamed: the old path redirects, the hook stays.
    gitea.rename("platform")
    old = gitea.exchange("GET", "/repos/acme/infra", None, {})
    assert old[0] in (301, 307), old
    gitea.comment(fork, "renamed")
    renamed = wait_until(
        "the comment after the renaming",
        lambda: (
            (one := receiver.wait("issue_comment", "created"))["body"]["comment"]["body"]
            == "renamed"
            and one
        ),
    )
    keep("issue_comment_after_renaming", renamed)
    assert renamed["body"]["repository"]["full_name"] == "acme/platform"

    gitea.delete_fork("mallory")
    keep("pull_request_closed_fork_deleted", receiver.wait("pull_request", "closed", number=fork))
    assert gitea.pull(fork)["head"]["repo"] is None

    # A form: signed over the JSON inside.
    form = Receiver("another")
    gitea.webhooks_to(form.url, "another", "form")
    gitea.comment(fork, "in a form")
    form.wait("issue_comment", "created")
    assert form.forged == 0 and receiver.forged == 0
    wait_until("every delivery to be tried", lambda: all(d["done"] for d in gitea.deliveries()))
    refused = [d for d in gitea.deliveries() if not d["succeeded"] or d["status"] != 202]
    assert not refused, refused


def main():
    tools = sys.argv[1]
    folder = sys.argv[3] if sys.argv[2:3] == ["--record"] else None
    work = pathlib.Path(tempfile.mkdtemp(prefix="slipway-gitea-"))
    began = time.monotonic()
    gitea = GiteaServer(work / "gitea", tools, deliver_timeout=60)
    try:
        gitea.start()
        print(
            "Gitea is up (%.1f s), administered by %s" % (time.monotonic() - began, ADMINISTRATOR)
        )
        play(gitea, Receiver(), Fixtures(folder, gitea).keep)
        gitea.stop()
        assert gitea.process.returncode == 0, gitea.log()
        print("passed (%.1f s)" % (time.monotonic() - began))
    except BaseException:
        print(gitea.log())
        raise
    finally:
        gitea.stop()
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
