#!/usr/bin/env python3
"""What may never go wrong with an apply: begun although somebody said no meanwhile, begun twice, broken off by a
restart or a pause, lost by a crash. Real Redis and Terraform or OpenTofu; the applies wait for a file and write down
each time that they make something."""

import json
import os
import pathlib
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, wait_until  # noqa: E402

ONE_OTHER = """package slipway

import rego.v1

approve if {
	some review in input.reviews.current.approvals
	not review.is_author
}

reject if count(input.reviews.current.rejections) > 0

missing contains "1 of those who may write" if not approve
"""


class Applies(Place):
    """Stacks whose resource waits for the file `go`: `held` asks for a confirmation, `slow` applies by itself."""

    def __init__(self, build, config="", policies=None):
        tree = organisation()
        del tree["stacks/network.yaml"]
        tree["space.yaml"] += "trust: folder\n"
        tree["stacks/held.yaml"] = (
            "directory: stacks/held\napply: {when: on_merge, start: confirmed}\n"
        )
        tree["stacks/slow.yaml"] = (
            "directory: stacks/slow\napply: {when: on_merge, start: automatic}\n"
        )
        tree.update(policies or {})
        super().__init__(build, tree, config)
        self.go = self.state / "go"

    def begin(self):
        self.push_main(
            {"stacks/%s/main.tf" % name: self.stack(name, "") for name in ("held", "slow")}
        )
        return self.start()

    def waiting(self, name):
        """Notes that it makes something, and goes on when `go` is there."""
        return self.stack(
            name,
            'resource "terraform_data" "x" {\n  input = "x"\n  provisioner "local-exec" {\n'
            '    command = "echo made >> %s; until [ -e %s ]; do sleep 0.1; done"\n  }\n}\n'
            % (self.state / ("made-" + name), self.go),
        )

    def made(self, name):
        file = self.state / ("made-" + name)
        return len(file.read_text().splitlines()) if file.exists() else 0

    def merge(self, name, approve=False):
        self.branch("topic-" + name)
        self.propose("topic-" + name, {"stacks/%s/main.tf" % name: self.waiting(name)})
        number = self.numbers()[-1]
        if approve:
            self.wait_check(number, "action_required")
            self.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        self.wait_check(number, "success")
        self.slipway("pull", "merge", str(number), "--as", "ada")
        return number

    def run_of(self, name, *states):
        """The newest run of the stack after the merge, once it is in one of the states."""

        def there():
            run = next(r for r in self.runs(name) if r["kind"] == "tracked")
            return run if not states or run["state"] in states else None

        return wait_until("a run of %s to be %s" % (name, " or ".join(states)), there)

    def begun(self, name):
        wait_until("the apply of %s to make something" % name, lambda: self.made(name) > 0)
        return self.run_of(name, "applying")

    def whole_log(self):
        return self.log_path.read_text(errors="replace")

    def journal(self):
        return [json.loads(file.read_text()) for file in (self.data / "journal").glob("*.json")]

    def leased(self):
        return self.redis("ZRANGE", "{slipway}:leased", "0", "-1")

    def killed(self):
        """The machine loses its power: the service, its Redis and all tools are gone at once."""
        redis = self.redis_pid()
        os.kill(redis, signal.SIGKILL)
        self.kill()
        wait_until("the Redis to be gone", lambda: not pathlib.Path("/proc/%d" % redis).exists())


def a_no_between_confirmation_and_start_counts(build):
    """W5: a review taken back, a cancel and a rewritten branch count while a confirmed run waits for a worker"""
    with Applies(
        build,
        "workers: 1\n",
        {
            "policies/approval/one_other.rego": ONE_OTHER,
            "stacks/more.yaml": "directory: stacks/more\napply: {when: on_merge, start: confirmed}\n",
        },
    ) as place:
        place.push_main({"stacks/more/main.tf": place.stack("more", "")})
        place.begin()
        held = place.merge("held", approve=True)
        run = place.run_of("held", "unconfirmed")
        place.merge("more", approve=True)
        other = place.run_of("more", "unconfirmed")
        place.merge("slow", approve=True)
        place.begun("slow")  # the one worker is busy
        place.slipway("confirm", run["id"])
        place.slipway("confirm", other["id"])
        assert (
            place.run_of("held")["state"] == "confirmed"
            and place.run_of("more")["state"] == "confirmed"
        )
        place.wait_comment(held, "held is confirmed and waits for a worker")
        place.slipway("pull", "review", str(held), "--request-changes", "--as", "grace")
        place.slipway("cancel", other["id"])
        assert place.run_of("more")["state"] == "discarded"
        place.go.touch()
        place.run_of("slow", "finished")
        run = place.run_of("held", "unconfirmed")
        assert "reject" in run["reason"] and not place.made("held") and not place.made("more"), run
        assert [c["state"] for c in run["history"]][-2:] == ["confirmed", "unconfirmed"], run[
            "history"
        ]
        assert "an apply does not begin" in place.whole_log()
        place.slipway("pull", "review", str(held), "--approve", "--as", "grace")
        wait_until(
            "the run to be confirmed again",
            lambda: place.slipway("confirm", run["id"], check=False).returncode == 0,
        )
        place.run_of("held", "finished")
        assert place.made("held") == 1


def a_rewritten_branch_counts(build):
    """W5: a confirmed run whose commit is not on its branch any more does not begin"""
    with Applies(build, "workers: 1\n") as place:
        place.begin()
        first = place.git("rev-parse", "HEAD")
        place.merge("held")
        run = place.run_of("held", "unconfirmed")
        place.merge("slow")
        place.begun("slow")
        place.slipway("confirm", run["id"])
        place.git("checkout", "-q", "-B", "rewritten", first)
        place.commit({"README.md": "rewritten\n"})
        place.git("push", "-q", "-f", "origin", "HEAD:main")
        place.go.touch()

        def back():
            found = next(r for r in place.runs("held") if r["id"] == run["id"])
            return found if found["state"] == "unconfirmed" else None

        assert "not on main any more" in wait_until("the run to wait again", back)["reason"]
        assert not place.made("held")


def applied_once_whatever_redis_forgets(build):
    """an apply that began is never begun again when Redis comes back without it, and what became of it is known"""
    with Applies(build) as place:
        place.begin()
        place.merge("held")
        run = place.run_of("held", "unconfirmed")
        copy = place.work / "redis-of-before"

        def forget():
            shutil.rmtree(place.data / "redis")
            shutil.copytree(copy, place.data / "redis", ignore=shutil.ignore_patterns("socket"))

        wait_until("nothing to be done", lambda: not place.leased())
        shutil.copytree(place.data / "redis", copy, ignore=shutil.ignore_patterns("socket"))
        place.slipway("confirm", run["id"])
        place.begun("held")
        # It was killed in the middle: nobody knows, and nothing is done a second time.
        place.killed()
        forget()
        place.start()
        assert place.run_of("held")["state"] == "unconfirmed", "this test rolled nothing back"
        place.slipway("confirm", run["id"])
        lost = place.run_of("held", "unknown")
        assert place.made("held") == 1, "it was begun twice"
        # It ended, and the copy of its run is older than its end.
        place.slipway("resolve", lost["id"], "--failed", "--note", "killed")
        place.go.touch()
        left = place.run_of("held", "unconfirmed")
        assert left["id"] != run["id"] and "+1" in left["summary"], left
        wait_until("nothing to be done", lambda: not place.leased())
        shutil.rmtree(copy)
        shutil.copytree(place.data / "redis", copy, ignore=shutil.ignore_patterns("socket"))
        place.slipway("confirm", left["id"])
        place.run_of("held", "finished")
        assert place.resources("held") == ["x"] and place.made("held") == 2
        place.killed()
        forget()
        place.start()
        assert place.run_of("held")["state"] == "unconfirmed", "this test rolled nothing back"
        place.slipway("confirm", left["id"])
        place.run_of("held", "finished")
        assert place.made("held") == 2


def killed_in_the_middle(build):
    """T25: an apply killed in the middle is unknown, says how to go on, and a person resolves it: the lane moves on"""
    with Applies(build) as place:
        place.begin()
        number = place.merge("slow")
        run = place.begun("slow")
        place.kill()
        place.start()
        lost = place.run_of("slow", "unknown")
        assert lost["id"] == run["id"] and lost["last_seen"], lost
        place.wait_comment(
            number,
            "does not know how the apply of slow ended",
            "/slipway resolve slow applied",
            "What was seen last",
            lost["last_seen"][:20],
        )
        wait_until(
            "a plan to show that something is left",
            lambda: "something is left" in place.run_of("slow")["reason"],
        )
        assert (
            "slipway resolve %s --applied or --failed" % run["id"] in place.slipway("runs").stdout
        )
        refused = place.slipway("resolve", run["id"], check=False)
        assert refused.returncode != 0, refused
        place.say(number, "/slipway resolve slow failed", who="mallory")
        place.wait_reply(number, "mallory does not have it")
        place.say(number, "/slipway resolve slow")
        place.wait_reply(number, "say how its apply ended")
        assert place.run_of("slow")["state"] == "unknown"
        place.say(number, "/slipway resolve slow failed -- the instance is not there")
        left = place.run_of("slow", "unconfirmed")
        assert left["id"] != run["id"] and left["retry_of"] == run["id"], left
        resolved = next(r for r in place.runs("slow") if r["id"] == run["id"])
        assert (
            resolved["state"] == "failed" and "the instance is not there" in resolved["reason"]
        ), resolved
        again = place.slipway("resolve", run["id"], "--applied", check=False)
        assert again.returncode == 1 and "no apply whose end is unknown" in again.stderr, again
        place.go.touch()
        place.say(number, "/slipway apply slow")
        place.run_of("slow", "finished")
        assert place.resources("slow") == ["x"] and place.made("slow") == 2


def what_is_certain_is_found_out(build):
    """what the journal knows, or a plan without changes shows, resolves a lost apply by itself"""
    with Applies(build) as place:
        place.begin()
        place.merge("slow")
        run = place.begun("slow")
        redis = place.redis_pid()
        os.kill(redis, signal.SIGSTOP)  # its end cannot be told
        place.go.touch()
        wait_until(
            "the journal to have the end", lambda: [e for e in place.journal() if e["result"]]
        )
        place.killed()
        # A plan would find everything left to do, so only the journal can say that it is done.
        state, aside = place.state / "slow.tfstate", place.state / "aside"
        state.rename(aside)
        place.start()
        done = place.run_of("slow", "finished")
        aside.rename(state)
        assert (
            done["id"] == run["id"] and place.made("slow") == 1 and place.resources("slow") == ["x"]
        ), done

        place.go.unlink()
        place.merge("held")
        place.slipway("confirm", place.run_of("held", "unconfirmed")["id"])
        run = place.begun("held")
        place.kill()
        # Somebody completes by hand what the dead apply had begun.
        place.go.touch()
        directory = place.clone / "stacks" / "held"
        for arguments in (("init", "-input=false"), ("apply", "-input=false", "-auto-approve")):
            place.run("tofu" if shutil.which("tofu") else "terraform", *arguments, cwd=directory)
        place.start()
        done = place.run_of("held", "finished")
        assert done["id"] == run["id"] and "unknown" in [c["state"] for c in done["history"]], done


def a_restart_waits_for_applies(build):
    """SIGTERM waits for an apply while webhooks, API and cancel go on; what waits is named, and plans come later"""
    with Applies(build) as place:
        place.begin()
        place.merge("held")
        waits = place.run_of("held", "unconfirmed")
        number = place.merge("slow")
        run = place.begun("slow")
        place.process.send_signal(signal.SIGTERM)
        health = lambda: json.loads(place.http("GET", "/healthz")[1])  # noqa: E731
        assert wait_until("the health to name the apply", lambda: health().get("draining")) == {
            "applies": [run["id"]]
        }
        assert run["id"] in place.whole_log() and place.http("GET", "/readyz")[0] == 200
        assert place.run_of("slow")["state"] == "applying"
        place.slipway("discard", waits["id"])
        place.branch("late")
        place.commit({"stacks/held/main.tf": place.waiting("held") + "# late\n"})
        told = place.run("git", "push", "origin", "HEAD:refs/for/main/late", cwd=place.clone).stderr
        assert "was not told" not in told, told
        wait_until(
            "the late pull request to wait for a worker",
            lambda: [
                r for r in place.runs("held") if r["kind"] == "proposed" and r["pull"] == number + 1
            ],
        )
        place.go.touch()
        assert place.process.wait(60) == 0, place.log()
        assert place.made("slow") == 1 and place.resources("slow") == ["x"]
        place.start()
        assert (
            place.run_of("slow")["state"] == "finished"
            and place.run_of("held")["state"] == "discarded"
        )
        place.wait_check(number + 1, "success")
        place.wait_comment(number, "Slipway applied slow")


def a_second_signal_interrupts(build):
    """a second signal gives the tool one SIGINT: it writes down what it did, and the run says that it was broken off"""
    with Applies(build) as place:
        place.begin()
        place.merge("slow")
        run = place.begun("slow")
        place.process.send_signal(signal.SIGTERM)
        wait_until("it to drain", lambda: "draining" in place.http("GET", "/healthz")[1])
        place.process.send_signal(signal.SIGTERM)
        assert place.process.wait(60) == 0, place.log()
        assert json.loads((place.state / "slow.tfstate").read_text())["resources"], (
            "the tool was killed"
        )
        place.start()
        ended = place.run_of("slow", "failed")
        assert ended["id"] == run["id"] and "interrupted" in ended["error"], ended


def a_pause_interrupts_nothing(build):
    """the whole process, with or without its Redis, stands still for longer than a lease: its apply goes on"""
    with Applies(build, "lease_seconds: 4\n") as place:
        place.begin()
        for name, with_redis in (("slow", True), ("held", False)):
            place.merge(name)
            if name == "held":
                place.slipway("confirm", place.run_of(name, "unconfirmed")["id"])
            run = place.begun(name)
            job = "perform/%s/apply" % run["id"]
            redis = place.redis_pid()

            def lasts():
                return float(place.redis("ZSCORE", "{slipway}:leased", job)) / 1000 - time.time()  # noqa: E731

            os.kill(place.process.pid, signal.SIGSTOP)
            if with_redis:
                os.kill(redis, signal.SIGSTOP)
                stopped = time.monotonic()
                wait_until("more than a lease to pass", lambda: time.monotonic() - stopped > 6)
                os.kill(redis, signal.SIGCONT)
            else:
                wait_until("the lease to be over", lambda: lasts() < -1)
            os.kill(place.process.pid, signal.SIGCONT)
            wait_until(
                "the process to see that it stood still", lambda: "stood still" in place.whole_log()
            )
            wait_until("the lease to be renewed", lambda: lasts() > 1)
            place.go.touch()
            done = place.run_of(name, "finished", "failed", "unknown")
            assert [c["state"] for c in done["history"]][-2:] == ["applying", "finished"], done
            assert place.made(name) == 1 and "lost its lease" not in place.whole_log()
            place.go.unlink()
            place.log_path.write_text("")


def work_of_the_dead_is_taken_back_at_once(build):
    """a restart after a kill -9 goes on with what the dead process held, and waits for no lease"""
    with Applies(build, "lease_seconds: 600\n") as place:
        place.begin()
        number = place.merge("slow")
        place.begun("slow")
        place.kill()
        place.start()
        place.run_of("slow", "unknown")
        assert "work of a process that died is taken back" in place.whole_log()
        place.wait_comment(number, "/slipway resolve slow")


main(
    [
        a_no_between_confirmation_and_start_counts,
        a_rewritten_branch_counts,
        applied_once_whatever_redis_forgets,
        killed_in_the_middle,
        what_is_certain_is_found_out,
        a_restart_waits_for_applies,
        a_second_signal_interrupts,
        a_pause_interrupts_nothing,
        work_of_the_dead_is_taken_back_at_once,
    ]
)
