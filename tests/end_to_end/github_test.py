#!/usr/bin/env python3
"""The main job on GitHub, end to end, against parts that nobody here wrote (tests/support/github_double.py):

pull request -> checks and comment; new commit -> the same comment edited; check re-requested -> planned again;
merge -> apply -> the state holds the resource; and no request violates GitHub's description.

github_test.py BUILD
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from github_double import REPOSITORY, SLUG, GithubDouble  # noqa: E402
from observe import state_resources, wait_until  # noqa: E402

MARKER = "<!-- slipway -->"
# A stack that a repository describes itself is named after it.
CHECK = "slipway/github.com/%s/network" % REPOSITORY


def say(text):
    print("%s  %s" % (time.strftime("%H:%M:%S"), text), flush=True)


def configuration(work, forge):
    key, secret = work / "app.pem", work / "webhook_secret"
    key.write_text(forge["app_private_key"])
    secret.write_text(forge["webhook_secret"])
    (work / "state").mkdir()
    file = work / "slipway.yaml"
    file.write_text(
        """\
listen: 127.0.0.1:0
data: %(work)s/data
workers: 2
forges:
  github.com:
    kind: github
    api_url: %(api_url)s
    git_url: "%(git_url)s"
    app: {id: %(app_id)s, private_key: {file: %(work)s/app.pem}}
    webhook_secrets: [{file: %(work)s/webhook_secret}]
    deployments: true
    self_described: ["acme/*"]
sandbox: {kind: bubblewrap, writable: [%(work)s/state]}
"""
        % dict(forge, work=work)
    )
    return file


def stack(work, *resources):
    text = (
        'terraform {\n  backend "local" {\n    path = "%s/state/network.tfstate"\n  }\n}\n' % work
    )
    for name, value in resources:
        text += '\nresource "terraform_data" "%s" {\n  input = "%s"\n}\n' % (name, value)
    return text


class Service:
    def __init__(self, build, work, config):
        self.log_path = work / "slipway.log"
        self.process = subprocess.Popen(
            [str(build / "bin/slipway"), "serve", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=open(self.log_path, "wb"),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={"PATH": os.environ["PATH"], "HOME": str(work)},
        )
        self.url = None
        threading.Thread(target=self.read, daemon=True).start()
        wait_until("slipway to listen", lambda: self.url or self.process.poll() is not None)
        assert self.url, "slipway ended:\n" + self.log()

    def read(self):
        for line in self.process.stdout:
            found = re.search(rb"listening on (http://\S+)", line)
            if found:
                self.url = found.group(1).decode()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise


class Scene:
    def __init__(self, double, service):
        self.double, self.service = double, service

    def wait(self, what, condition, seconds=120):
        def alive():
            assert self.service.process.poll() is None, (
                "slipway ended:\n" + self.service.log()[-4000:]
            )
            return condition()

        began = time.monotonic()
        try:
            value = wait_until(what, alive, seconds)
        except AssertionError:
            print(
                "checks: "
                + json.dumps(
                    [
                        {
                            k: c[k]
                            for k in ("name", "status", "conclusion", "external_id", "head_sha")
                        }
                        for mine in self.double.pulls.values()
                        for c in self.double.checks(mine["head"])
                    ],
                    indent=1,
                )
            )
            print(
                "comments: "
                + json.dumps(
                    [c["body"] for n in self.double.pulls for c in self.double.comments(n)],
                    indent=1,
                )
            )
            print("webhooks: " + json.dumps(self.double.webhooks_sent()))
            raise
        say("%s (%.1f s)" % (what, time.monotonic() - began))
        return value

    def check(self, sha, name):
        """The newest check of that name, once it is completed."""
        found = [c for c in self.double.checks(sha) if c["name"] == name]
        newest = max(found, key=lambda c: c["id"], default=None)
        return newest if newest and newest["status"] == "completed" else None

    def own_comments(self, number):
        return [
            c
            for c in self.double.comments(number)
            if c["user"]["login"] == SLUG + "[bot]" and c["body"].startswith(MARKER)
        ]

    def comment_with(self, number, *texts):
        for comment in self.own_comments(number):
            if all(text in comment["body"] for text in texts):
                return comment
        return None


def play(double, service, work):
    scene = Scene(double, service)
    double.webhooks_to(service.url + "/webhooks/github.com")

    double.commit(
        "topic", {"stacks/network/main.tf": stack(work, ("main", "10.0.0.0/8"))}, "A network"
    )
    head = double.push("topic")
    number = double.open_pull("topic", "A network")
    say("pull request %d opened at %s" % (number, head[:7]))
    summary = scene.wait("the summary check is completed", lambda: scene.check(head, "slipway"))
    assert summary["conclusion"] == "success", summary
    planned = scene.wait("the stack's check is completed", lambda: scene.check(head, CHECK))
    assert planned["conclusion"] == "success", planned
    assert "1 to add" in planned["output"]["title"], planned
    assert planned["external_id"], planned
    first = scene.wait(
        "the comment shows the plan",
        lambda: scene.comment_with(number, "terraform_data.main", head[:7]),
    )

    double.commit(
        "topic", {"stacks/network/main.tf": stack(work, ("main", "10.0.0.0/8"), ("edge", "b"))}
    )
    head = double.push("topic")
    say("new commit %s" % head[:7])
    planned = scene.wait(
        "the stack's check is completed at the new head", lambda: scene.check(head, CHECK)
    )
    assert "2 to add" in planned["output"]["title"], planned
    second = scene.wait(
        "the comment shows the new plan",
        lambda: scene.comment_with(number, "terraform_data.edge", head[:7]),
    )
    assert second["id"] == first["id"], "another comment was written"
    assert len(scene.own_comments(number)) == 1, scene.own_comments(number)

    double.rerequest(planned["id"])
    say("check %s re-requested" % planned["name"])

    def again():
        newest = scene.check(head, CHECK)
        return newest if newest and newest["external_id"] != planned["external_id"] else None

    again = scene.wait("the stack was planned again", again)
    assert again["conclusion"] == "success", again

    double.comment(number, "Looks good, thank you!")
    double.comment(number, "/slipway help")
    scene.wait(
        "the command was answered",
        lambda: [
            c
            for c in double.comments(number)
            if c["user"]["login"] == SLUG + "[bot]" and not c["body"].startswith(MARKER)
        ],
    )

    scene.wait(
        "the comment shows the plan that was made again",
        lambda: scene.comment_with(number, "ready to merge", again["external_id"]),
    )
    merged = double.merge(number)
    say("merged as %s" % merged[:7])
    scene.wait(
        "the state holds the resources",
        lambda: state_resources(work / "state/network.tfstate") == ["edge", "main"],
    )
    applied = scene.wait(
        "the comment says that it was applied", lambda: scene.comment_with(number, "applied")
    )
    assert applied["id"] == first["id"], "another comment was written"
    assert len(scene.own_comments(number)) == 1
    deployed = scene.wait(
        "the apply is shown as a deployment",
        lambda: [d for d in double.shim.deployments if d["states"][-1:] == ["success"]],
    )
    assert len(double.shim.deployments) == 1, double.shim.deployments
    assert deployed[0]["environment"] == CHECK.removeprefix("slipway/"), deployed
    assert deployed[0]["sha"] == merged, deployed

    refused = [w for w in double.webhooks_sent() if w["status"] != 202]
    assert not refused, refused
    assert double.relay.forged == 0
    calls = double.calls()
    comments_read = [c for c in calls if c["method"] == "GET" and "/issues/comments/" in c["path"]]
    assert len(comments_read) == 1, "a comment without a command was read: %s" % comments_read
    writes = [c for c in calls if c["method"] != "GET" and "access_tokens" not in c["path"]]
    say("%d calls, %d of them writes" % (len(calls), len(writes)))
    failed = [c for c in calls if c["status"] >= 400 and c["status"] != 404]
    assert not failed, failed
    assert not double.violations(), json.dumps(double.violations(), indent=1)
    found = json.dumps(double.provoke())
    assert "surprise" in found and "conclusion" in found, "the validator sleeps: " + found
    say("no request violates GitHub's description")
    for secret in ("ghs_", "BEGIN RSA", "x-access-token:"):
        assert secret not in service.log(), "the log holds " + secret


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    work = pathlib.Path(tempfile.mkdtemp(prefix="slipway-github-"))
    double, service, done = GithubDouble(build, work / "double"), None, False
    try:
        forge = double.start()
        say("GitHub's double is up")
        tool = "tofu" if shutil.which("tofu") else "terraform"
        assert shutil.which(tool), "neither tofu nor terraform is on PATH"
        double.commit(
            "main",
            {
                ".slipway.yaml": "version: 1\nstacks:\n  network:\n    directory: stacks/network\n    tool: %s\n"
                "    apply: {start: automatic}\n" % tool.replace("tofu", "opentofu"),
                "stacks/network/main.tf": stack(work),
            },
            "Initial",
        )
        double.push("main")
        service = Service(build, work, configuration(work, forge))
        say("slipway listens on " + service.url)
        play(double, service, work)
        code, service_ended = service.stop(), service
        service = None
        assert code == 0, "slipway ended with %d:\n%s" % (code, service_ended.log()[-4000:])
        say("slipway ended by itself when asked")
        done = True
    finally:
        if service:
            print(service.log()[-6000:])
            service.stop()
        double.stop()
        if done:
            shutil.rmtree(work)
        else:
            print("left for you to look at: %s" % work)


if __name__ == "__main__":
    main()
