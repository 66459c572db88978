#!/usr/bin/env python3
"""What `cancel` does in each state of a run, with real Redis and Terraform or OpenTofu: a queued run, a plan, and an
apply, which it interrupts when somebody says so twice."""

import json
import os
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, settled, wait_until  # noqa: E402


class Cancels(Place):
    """One stack, `slow`: `a` is made at once, `b` when the file `go` is there, `c` after it."""

    def __init__(self, build):
        tree = organisation()
        del tree["stacks/network.yaml"]
        tree["stacks/slow.yaml"] = (
            "directory: stacks/slow\napply: {when: on_merge, start: automatic}\n"
        )
        super().__init__(build, tree, "lease_seconds: 4\n")
        self.go = self.state / "go"

    def begin(self, body=""):
        self.push_main({"stacks/slow/main.tf": self.stack("slow", "")})
        self.start()
        self.merge(body or self.chain())
        return self

    def chain(self):
        wait = "until [ -e %s ]; do sleep 0.1; done" % self.go
        return (
            'resource "terraform_data" "a" {\n  input = "a"\n}\n'
            'resource "terraform_data" "b" {\n  input = terraform_data.a.output\n'
            '  provisioner "local-exec" {\n    command = "echo begins; %s"\n  }\n}\n'
            'resource "terraform_data" "c" {\n  input = terraform_data.b.output\n}\n' % wait
        )

    def merge(self, body, topic="topic"):
        self.branch(topic)
        self.propose(topic, {"stacks/slow/main.tf": self.stack("slow", body)})
        number = self.numbers()[-1]
        self.wait_check(number, "success")
        self.slipway("pull", "merge", str(number), "--as", "ada")

    def run_in(self, *states):
        def there():
            run = next(r for r in self.runs("slow") if r["kind"] == "tracked")
            return run if run["state"] in states else None

        return wait_until("a run to be " + " or ".join(states), there)

    def under_way(self):
        run = self.run_in("applying")
        wait_until("b to begin", lambda: "begins" in self.slipway("logs", run["id"]).stdout)
        return run

    def shown(self, run):
        return json.loads(self.slipway("runs", "show", run["id"], "--json").stdout)


def an_apply_is_interrupted_by_who_says_so_twice(build):
    """an apply goes on after one cancel; a second gives its tool one SIGINT, and the run says how far it came"""
    with Cancels(build) as place:
        place.begin()
        run = place.under_way()
        first = place.slipway("cancel", run["id"], check=False)
        assert first.returncode == 1 and "nothing was done yet" in first.stdout, first
        assert "`slipway cancel %s` again within 5 min" % run["id"] in first.stdout, first
        asked = place.shown(run)
        assert asked["state"] == "applying" and asked["interrupt"]["wanted_at_ms"] == 0, asked
        second = place.slipway("cancel", run["id"], "--note", "wrong region", check=False)
        assert second.returncode == 0 and "is being interrupted" in second.stdout, second
        ended = place.run_in("failed", "finished", "unknown")
        assert ended["id"] == run["id"] and ended["state"] == "failed", ended
        assert ended["reason"].startswith("interrupted by ") and ended["reason"].endswith(
            ": wrong region"
        ), ended
        progress = ended["progress"]
        assert progress["made"] == ["terraform_data.a"], progress
        assert progress["left"] == ["terraform_data.b", "terraform_data.c"], progress
        assert progress["lock"] == "free", progress
        log = place.slipway("logs", run["id"]).stdout
        assert log.count("Interrupt received") == 1 and "Two interrupts" not in log, log
        assert "a" in place.resources("slow") and "c" not in place.resources("slow")
        place.wait_comment(1, "The apply of slow failed", "Applied: `terraform_data.a`")
        page = place.slipway("runs", "show", run["id"]).stdout
        assert "progress      Applied: terraform_data.a" in page, page
        # The state is whole and its lock is free: what is left can be applied.
        place.go.touch()
        place.slipway("retry", run["id"])
        again = wait_until(
            "the retry to be planned",
            lambda: next((r for r in place.runs("slow") if r.get("retry_of") == run["id"]), None),
        )
        place.slipway("cancel", again["id"], check=False)


def one_cancel_changes_nothing(build):
    """an apply that one cancel was said to comes to its end, by a comment as well; who may not is refused"""
    with Cancels(build) as place:
        place.begin()
        run = place.under_way()
        place.say(1, "/slipway cancel slow", "mallory")
        place.wait_reply(1, "mallory does not have it")
        place.say(1, "/slipway cancel slow", "grace")
        place.wait_reply(1, "say `/slipway cancel slow` again within 5 min")
        place.go.touch()
        assert place.run_in("finished", "failed")["state"] == "finished"
        assert place.resources("slow") == ["a", "b", "c"]
        refused = place.slipway("cancel", run["id"], check=False)
        assert refused.returncode == 1 and "nothing to cancel" in refused.stdout + refused.stderr


def a_second_comment_interrupts(build):
    """the same comment a second time interrupts, and the comment says by whom"""
    with Cancels(build) as place:
        place.begin()
        place.under_way()
        place.say(1, "/slipway cancel slow", "grace")
        place.wait_reply(1, "nothing was done yet")
        place.say(1, "/slipway cancel slow -- wrong region", "linus")
        place.wait_reply(1, "is being interrupted")
        assert place.run_in("failed", "finished")["state"] == "failed"
        place.wait_comment(1, "interrupted by linus", "Not applied: `terraform_data.b`")


def a_plan_and_a_queued_run(build):
    """a cancel stops a plan at once and takes a queued run out of its lane"""
    with Cancels(build) as place:
        place.begin('resource "terraform_data" "a" {\n  input = "a"\n}\n')
        place.run_in("finished")
        settled(place)
        place.branch("main")
        fifo = place.state / "fifo"
        os.mkfifo(fifo)
        body = 'resource "terraform_data" "a" {\n  input = file("%s")\n}\n' % fifo
        place.push_main({"stacks/slow/main.tf": place.stack("slow", body)})
        planning = place.run_in("planning")
        # The tool reads: whoever opens the other end is not kept waiting.
        feed = wait_until("the plan to read", lambda: opened(fifo))
        place.push_main({"stacks/slow/more.tf": 'output "x" {\n  value = 1\n}\n'}, "more")
        queued = wait_until(
            "a second run",
            lambda: (r := place.runs("slow")[0])["id"] != planning["id"] and r,
        )
        assert queued["state"] == "queued", queued
        place.slipway("cancel", queued["id"])
        assert place.shown(queued)["state"] == "canceled"
        place.slipway("cancel", planning["id"], "--note", "not now")
        stopped = place.shown(planning)
        assert stopped["state"] == "stopped" and "not now" in stopped["reason"], stopped
        threading.Timer(3, lambda: os.close(feed)).start()
        settled(place)
        assert place.shown(planning)["state"] == "stopped" and not place.shown(planning)["changes"]
        assert place.resources("slow") == ["a"]


def opened(fifo):
    return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)


main(
    [
        an_apply_is_interrupted_by_who_says_so_twice,
        one_cancel_changes_nothing,
        a_second_comment_interrupts,
        a_plan_and_a_queued_run,
    ]
)
