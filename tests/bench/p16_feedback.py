#!/usr/bin/env python3
"""P16: from a webhook sent to the final summary check and comment at the forge, minus the tools' own wall time, for
pull requests of 1, 5 and 20 stacks of one resource; how many calls that costs the forge; and ten pull requests at
once. On GitHub's double (tests/support/github_double.py), a quiet installation, the sandbox on.

    p16_feedback.py BUILD [ROUNDS]        BUILD: a release build with its npm packages, e.g. build/release
"""

import collections
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "end_to_end"))
from github_double import GithubDouble, wait_until  # noqa: E402
from github_test import Service, configuration  # noqa: E402

CALLS = {1: 8, 5: 14, 20: 40}
AT_ONCE = 10
SLOTS = 2  # of the worker
SPAN = "tool-span "


def bar(stacks):
    return 0.2 + 0.03 * stacks


def real_tool():
    tool = shutil.which("tofu") or shutil.which("terraform")
    assert tool, "neither tofu nor terraform is on PATH"
    return tool


def wrapped_tool(work):
    """A directory for PATH: the tool, which says in the run's log when a process began and ended."""
    folder = work / "tool"
    folder.mkdir()
    wrapper = folder / pathlib.Path(real_tool()).name
    wrapper.write_text(
        '#!/bin/bash\nbegan=$EPOCHREALTIME\n"%s" "$@"\ncode=$?\n'
        'echo "%s$began $EPOCHREALTIME" >&2\nexit $code\n' % (os.path.realpath(real_tool()), SPAN)
    )
    wrapper.chmod(0o755)
    return folder, wrapper.name


def seconds_of_show(work, at_once):
    """By hand, so many at once: what `show` prints on stderr is in no log."""
    folder = work / ("by-hand-%d" % at_once)
    folder.mkdir()
    (folder / "main.tf").write_text(body_of(folder / "state", "x"))
    tool = os.path.realpath(real_tool())

    def run(*words):
        subprocess.run([tool, *words], cwd=folder, check=True, capture_output=True)

    def show():
        began, seconds = time.time(), []
        running = [
            subprocess.Popen(
                [tool, "show", "-json", "plan"],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(at_once)
        ]
        for process in running:
            process.wait()
            seconds.append(time.time() - began)
        return statistics.mean(seconds)

    run("init", "-input=false")
    run("plan", "-input=false", "-out=plan")
    return statistics.median(show() for _ in range(7))


def spans_in(log):
    found = [line[len(SPAN) :].split() for line in log.splitlines() if line.startswith(SPAN)]
    return [(float(began), float(ended)) for began, ended in found]


def union(spans, since):
    """Wall time in which at least one process of the tool ran."""
    total, until = 0.0, since
    for began, ended in sorted(spans):
        if ended > until:
            total += ended - max(began, until)
            until = ended
    return total


def body_of(path, value):
    """One resource; its state in `path`."""
    return (
        'terraform {\n  backend "local" {\n    path = "%s"\n  }\n}\n'
        'resource "terraform_data" "r" {\n  input = "%s"\n}\n' % (path, value)
    )


class Measuring:
    def __init__(self, double, work, binary, show_seconds):
        self.double, self.work, self.binary = double, work, str(binary)
        self.show_seconds, self.pulls = show_seconds, 0

    def slipway(self, *words):
        command = [self.binary, *words, "--data", str(self.work / "data")]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def tool_seconds(self, since, stacks):
        show_seconds = self.show_seconds[min(stacks, SLOTS)]
        spans = []
        for run in json.loads(self.slipway("runs", "--json", "--limit", "200"))["runs"]:
            if run["created_at_ms"] / 1000 < since - 1:
                continue
            of_run = spans_in(self.slipway("logs", run["id"]))
            planned = max(ended for _, ended in of_run)
            spans += of_run + [(planned, planned + show_seconds)]
        return union(spans, since)

    def branch(self, stacks, first=0):
        """A new branch that changes so many stacks; (its name, its head)."""
        self.pulls += 1
        name = "topic-%d" % self.pulls
        self.double.commit(
            name,
            {
                "stacks/s%d/main.tf" % i: body_of(self.work / "state" / ("s%d.tfstate" % i), name)
                for i in range(first, first + stacks)
            },
        )
        return name, self.double.push(name)

    def is_final(self, head):
        """When the summary check was completed and the comment last written; None: not yet, or more may come."""
        summary, comment, own = None, None, None
        for call in self.double.calls():
            body = call.get("body") or {}
            if body.get("name") == "slipway" and body.get("head_sha") == head:
                own = "/check-runs/%s" % call["id"]
            if body.get("name") == "slipway" and (
                body.get("head_sha") == head or (own and call["path"].endswith(own))
            ):
                summary = call["at"] if body.get("status") == "completed" else None
            if "ready to merge" in str(body.get("body", "")) and head[:7] in body["body"]:
                comment = call["at"]
        return max(summary, comment) if summary and comment else None

    def settled(self, head, stacks):
        """All checks of the head are completed, and nothing more was asked for a second."""
        checks = [c for c in self.double.checks(head) if c["status"] == "completed"]
        last = max(c["at"] for c in self.double.calls())
        return len(checks) == stacks + 1 and time.time() - last > 1

    def webhook_sent(self, since):
        """When the emulator has made the pull request, and told of it."""
        return min(
            sent["at"]
            for sent in self.double.webhooks_sent()
            if sent["event"] == "pull_request" and sent["at"] >= since
        )

    def one(self, stacks):
        """Seconds without the tools, and the calls of one pull request."""
        name, head = self.branch(stacks)
        asked = len(self.double.calls())
        began = time.time()
        self.double.open_pull(name)
        ended = wait_until("the final summary and comment", lambda: self.is_final(head))
        began = self.webhook_sent(since=began)
        wait_until("all checks", lambda: self.settled(head, stacks))
        tools = self.tool_seconds(began, stacks)
        calls = [c for c in self.double.calls()[asked:] if "access_tokens" not in c["path"]]
        return ended - began - tools, tools, calls

    def at_once(self, count):
        """When the first and the last of so many pull requests of one stack were final, and the tools' time."""
        branches = [self.branch(1, first=i) for i in range(count)]
        began = time.time()
        for name, _ in branches:
            self.double.open_pull(name)
        ends = [
            wait_until(
                "the final summary and comment at " + head, lambda head=head: self.is_final(head)
            )
            for _, head in branches
        ]
        return min(ends) - began, max(ends) - began, self.tool_seconds(began, count)


def shown(calls):
    kinds = collections.Counter()
    for call in calls:
        kind = call["path"].split("?")[0].split("/")
        kinds[
            call["method"] + " " + "/".join(p for p in kind[4:] if not p.isdigit() and len(p) != 40)
        ] += 1
    return ", ".join("%d %s" % (n, kind) for kind, n in sorted(kinds.items()))


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    work = pathlib.Path(tempfile.mkdtemp(prefix="slipway-p16-"))
    double, service, failed = GithubDouble(build, work / "double"), None, False
    try:
        forge = double.start()
        config = configuration(work, forge)
        folder, tool = wrapped_tool(work)
        show_seconds = {n: seconds_of_show(work, n) for n in (1, SLOTS)}
        stacks = max(CALLS)
        described = "".join(
            "  s%d: {directory: stacks/s%d, tool: %s}\n" % (i, i, tool.replace("tofu", "opentofu"))
            for i in range(stacks)
        )
        files = {
            "stacks/s%d/main.tf" % i: body_of(work / "state" / ("s%d.tfstate" % i), "x")
            for i in range(stacks)
        }
        double.commit(
            "main", dict(files, **{".slipway.yaml": "version: 1\nstacks:\n" + described}), "Initial"
        )
        double.push("main")
        os.environ["PATH"] = "%s:%s" % (folder, os.environ["PATH"])
        service = Service(build, work, config)
        double.webhooks_to(service.url + "/webhooks/github.com")
        measuring = Measuring(double, work, build / "bin" / "slipway", show_seconds)
        measuring.one(1)  # credentials, the mirror, the tool's version
        worst = 0.0
        for stacks, most in CALLS.items():
            found = [measuring.one(stacks) for _ in range(rounds)]
            seconds = statistics.median(f[0] for f in found)
            tools = statistics.median(f[1] for f in found)
            calls = max((f[2] for f in found), key=len)
            worst = max(worst, seconds / bar(stacks))
            failed |= len(calls) > most
            print(
                "%2d stacks: %.2f s beside %.2f s of the tool, bar %.2f s; %d calls, at most %d: %s"
                % (stacks, seconds, tools, bar(stacks), len(calls), most, shown(calls)),
                flush=True,
            )
        first, last, tools = measuring.at_once(AT_ONCE)
        print(
            "%d pull requests at once: the first final after %.2f s, the last after %.2f s (%.2f s of the tool)"
            % (AT_ONCE, first, last, tools),
            flush=True,
        )
        # Ten of one stack are thirty created things, which the limits let pass at once.
        failed |= first > 2 or last - tools > 2
        print("P16 feedback %.2f (at most 1.00)" % worst, flush=True)
    except BaseException:
        if service:
            print(service.log()[-6000:])
        raise
    finally:
        if service:
            service.stop()
        double.stop()
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(1 if failed or worst > 1 else 0)


if __name__ == "__main__":
    main()
