#!/usr/bin/env python3
"""Runs on the command line: what happened to one, which there are, their logs while they come, and waiting for a pull
request. The service, Redis and Terraform or OpenTofu are real."""

import json
import pathlib
import re
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, wait_until  # noqa: E402

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "


class Runs(Place):
    """One stack, `network`, that asks for a confirmation and makes its resource once the file `go` is there."""

    def __init__(self, build):
        tree = organisation()
        tree["stacks/network.yaml"] = (
            "directory: stacks/network\napply: {when: on_merge, start: confirmed}\n"
        )
        super().__init__(build, tree)
        self.go = self.state / "go"

    def slow(self):
        return self.stack(
            "network",
            'resource "terraform_data" "x" {\n  input = {\n    owner = "platform"\n  }\n'
            '  provisioner "local-exec" {\n'
            '    command = "echo begins; until [ -e %s ]; do sleep 0.1; done; echo ends"\n'
            "  }\n}\n" % self.go,
        )

    def begin(self):
        self.push_main({"stacks/network/main.tf": self.stack("network", "")})
        self.start()
        self.branch("topic")
        self.propose("topic", {"stacks/network/main.tf": self.slow()})
        return self

    def run_in(self, state, kind="tracked"):
        return wait_until(
            "a %s run to be %s" % (kind, state),
            lambda: next(
                (r for r in self.runs() if r["state"] == state and r["kind"] == kind), None
            ),
        )

    def background(self, *arguments):
        return subprocess.Popen(
            [self.binary, *arguments],
            cwd=self.clone,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def ended(process, limit=120):
    out, err = process.communicate(timeout=limit)
    return process.returncode, out, err


def a_run_from_its_beginning_to_its_end(build):
    """a run's timeline tells each change with its time, cause and actor, and outlives the service"""
    with Runs(build) as place:
        place.begin()
        assert place.slipway("pull", "wait", "1").stdout.splitlines()[-1].startswith("check "), (
            "no line"
        )
        place.slipway("pull", "merge", "1", "--as", "ada")
        waiting = place.run_in("unconfirmed")
        short = waiting["id"][:8]
        shown = place.slipway("runs", "show", short).stdout
        assert "run           %s (tracked)" % waiting["id"] in shown, shown
        assert (
            "stack         network" in shown and "pull request  #1 of local/acme/infra" in shown
        ), shown
        assert re.search(r"plan          \+1, plan [0-9a-f]{4}\n", shown), shown
        assert "why           " in shown, shown
        place.go.touch()
        place.slipway("confirm", short, "--note", "as discussed")
        place.run_in("finished")

        def timeline():
            text = place.slipway("runs", "show", waiting["id"]).stdout
            return [line for line in text.splitlines() if re.match(TIME, line)]

        lines = timeline()
        expected = [
            r"queued       created by ",
            r"preparing    taken up by slipway",
            r"planning     handed to a worker by slipway",
            r"unconfirmed  planned by slipway; plan policies: passed",
            r"confirmed    confirmed by \S+; approval: approved.*: as discussed",
            r"applying     apply begun by slipway; approval: approved",
            r"finished     applied by slipway",
        ]
        assert len(lines) == len(expected), lines
        for line, pattern in zip(lines, expected):
            assert re.match(TIME + pattern, line), (line, pattern)
        changes = json.loads(place.slipway("runs", "show", short, "--json").stdout)["history"]
        assert [c["event"] for c in changes] == [
            "created", "picked_up", "handed_over", "planned", "confirmed", "begun", "applied",
        ], changes  # fmt: skip
        assert all(a["at_ms"] <= b["at_ms"] for a, b in zip(changes, changes[1:])), changes
        place.kill()
        place.start()
        assert timeline() == lines


def a_run_by_the_beginning_of_its_id(build):
    """a run is named by the beginning of its id; who may not read does not learn which there are"""
    with Runs(build) as place:
        place.begin()
        place.wait_check(1, "success")
        run = place.runs()[0]["id"]
        for command in (["runs", "show"], ["logs"], ["explain"]):
            assert place.slipway(*command, run[:4]).returncode == 0
            unknown = place.slipway(*command, "0000000", check=False)
            assert unknown.returncode == 2, unknown
            assert (
                "There is no run 0000000; `slipway runs` lists those there are." in unknown.stderr
            )
            short = place.slipway(*command, run[:3], check=False)
            assert short.returncode == 2 and "at least the first 4 characters" in short.stderr
        for command in ("confirm", "retry", "cancel", "approve", "discard"):
            unknown = place.slipway(command, "0000000", check=False)
            assert unknown.returncode == 2 and "There is no run 0000000;" in unknown.stderr, unknown
        refused = place.slipway("confirm", run[:6], check=False)
        assert refused.returncode == 1 and "is applied after the merge" in refused.stderr, refused
        # Without a token, and with one that may not ask, every id is answered alike.
        for path in ("", "/log", "/explain"):
            answers = {
                place.http("GET", "/api/v1/runs/%s%s" % (name, path))
                for name in (run, run[:4], "0000")
            }
            assert len(answers) == 1 and next(iter(answers))[0] == 401, answers
        token = place.slipway("token", "create", "ci").stdout.strip()
        allowed = {"Authorization": "Bearer " + token}
        answers = {
            place.http("POST", "/api/v1/runs/%s/confirm" % name, "{}", allowed)
            for name in (run, run[:4], "0000")
        }
        assert len(answers) == 1 and next(iter(answers))[0] == 403, answers
        assert place.http("GET", "/api/v1/runs/" + run[:4], headers=allowed)[0] == 200


def a_list_that_is_asked_for_less(build):
    """runs are listed by stack, state and pull request, and what is not there is said in one sentence"""
    with Runs(build) as place:
        place.begin()
        place.wait_check(1, "success")
        run = place.runs()[0]["id"]

        def listed(*arguments):
            return place.slipway("runs", *arguments).stdout

        assert listed().splitlines()[0].startswith("RUN  ")
        assert run in listed("--stack", "network", "--state", "over,waiting", "--pull", "1")
        assert (
            listed("--state", "waiting,applying")
            == "There are no runs in state waiting,applying.\n"
        )
        assert (
            listed("--stack", "netwrk", "--pull", "1")
            == "There are no runs of stack netwrk of pull request #1.\n"
        )
        wrong = place.slipway("runs", "--state", "aplying", check=False)
        assert wrong.returncode == 2 and "did you mean `applying`?" in wrong.stderr, wrong
        wrong = place.slipway("runs", "--state", "nonsense", check=False)
        assert (
            wrong.returncode == 2 and "There is no such state; there are waiting, " in wrong.stderr
        ), wrong
        wrong = place.slipway("runs", "--pull", "x", check=False)
        assert wrong.returncode == 2 and "--pull" in wrong.stderr, wrong
        place.slipway("pull", "merge", "1", "--as", "ada")
        waiting = place.run_in("unconfirmed")["id"]
        table = listed("--state", "waiting")
        assert waiting in table and run not in table, table


def a_log_while_it_comes(build):
    """a log is followed until its phase is over, and ends with how that went"""
    with Runs(build) as place:
        place.begin()
        place.wait_check(1, "success")
        place.slipway("pull", "merge", "1", "--as", "ada")
        run = place.run_in("unconfirmed")["id"]
        code, out, err = ended(place.background("logs", run[:8], "--follow"))
        assert code == 0 and "terraform_data.x" in out, (code, out, err)
        assert err == "run %s is planned and waits; slipway runs show %s says for what\n" % (
            run,
            run,
        ), err

        place.slipway("confirm", run[:8])
        follower = place.background("logs", run[:8], "--follow")
        broken = place.background("logs", run, "--follow")
        place.run_in("applying")
        for line in broken.stdout:
            if "begins" in line:
                break
        broken.send_signal(signal.SIGINT)
        code, _, err = ended(broken)
        assert code == -signal.SIGINT and err == "", (code, err)
        assert follower.poll() is None
        place.go.touch()
        code, out, err = ended(follower)
        assert code == 0 and "begins" in out and "ends" in out, (code, out, err)
        assert err == "run %s is finished\n" % run, err

        place.branch("main")
        place.push_main({"stacks/network/main.tf": place.stack("network", "resource {")})
        failed = place.run_in("failed")["id"]
        code, _, err = ended(place.background("logs", failed, "--follow"))
        assert code == 1 and err == "run %s is failed\n" % failed, (code, err)


def a_pull_request_that_is_waited_for(build):
    """waiting ends with the newest commit's check, or with the applies, outlives a restart, and has a time"""
    with Runs(build) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        down = place.slipway("pull", "wait", "1", check=False)
        assert down.returncode != 0 and "no service runs on" in down.stderr, down
        place.start()
        place.branch("topic")
        place.propose("topic", {"stacks/network/main.tf": place.stack("network", "resource {")})
        failed = place.slipway("pull", "wait", "1", check=False)
        assert failed.returncode == 1 and "check failure: " in failed.stdout, failed
        # At once: what is known is of the commit before.
        place.propose("topic", {"stacks/network/main.tf": place.slow()})
        good = place.slipway("pull", "wait", "1", check=False)
        assert good.returncode == 0 and good.stdout.splitlines()[-1].startswith(
            "check success: "
        ), good
        told = json.loads(place.slipway("pull", "wait", "1", "--json").stdout)
        assert told["summary"]["conclusion"] == "success" and told["head"], told
        named = place.slipway(
            "pull", "wait", "1", "--name", "local/acme/infra", "--repository", "/"
        )
        assert named.returncode == 0, named
        unknown = place.slipway("pull", "wait", "7", check=False)
        assert unknown.returncode == 2 and "there is no pull request 7" in unknown.stderr, unknown
        elsewhere = place.slipway(
            "pull", "wait", "7", "--name", "local/acme/other", "--timeout", "1s", check=False
        )
        assert (
            elsewhere.returncode == 2
            and "No pull request #7 of local/acme/other" in elsewhere.stdout
        )
        wrong = place.slipway("pull", "wait", "1", "--timeout", "10", check=False)
        assert wrong.returncode == 2 and "a time such as 90s" in wrong.stderr, wrong

        late = place.slipway("pull", "wait", "1", "--for", "apply", "--timeout", "1s", check=False)
        assert late.returncode == 2 and late.stdout == "not merged yet\n", late
        assert "timed out" in late.stderr, late
        place.slipway("pull", "merge", "1", "--as", "ada")
        waiter = place.background("pull", "wait", "1", "--for", "apply", "--timeout", "5m")
        place.slipway("confirm", place.run_in("unconfirmed")["id"][:8])
        applying = place.run_in("applying")["id"]
        follower = place.background("logs", applying[:8], "--follow")
        wait_until("the log to come", lambda: "begins" in follower.stdout.readline())
        place.kill()  # both outlive a service that is started again
        assert "trying again" in follower.stderr.readline()
        place.start()
        run = place.run_in("unknown")
        code, out, err = ended(waiter)
        assert code == 1 and out.splitlines()[-1].startswith("network: unknown"), (code, out, err)
        code, out, err = ended(follower)
        assert code == 1, (code, out, err)
        assert err.endswith("run %s is unknown\n" % applying), err
        place.go.touch()
        place.slipway("resolve", run["id"][:8], "--applied")


def answers_are_the_same_everywhere(build):
    """an approval that changes nothing exits with 1 and says what the comment's reply says"""
    with Runs(build) as place:
        place.write(
            place.organisation,
            {
                "policies/plan/never.rego": "package slipway\n\nimport rego.v1\n\n"
                'deny contains "never" if count(input.terraform.resource_changes) > 0\n'
            },
        )
        place.begin()
        place.wait_check(1, "failure")
        run = place.runs()[0]
        given = place.slipway("approve", run["id"][:8], check=False)
        assert given.returncode == 1, given
        place.say(1, "/slipway approve network@%s" % run["plan_digest"][:8], who="grace")
        reply = place.wait_reply(1, "Approved plan")
        assert given.stdout.strip() in reply, (given.stdout, reply)
        assert "It is denied all the same" in reply, reply
        place.say(1, "/slipway approve netwrok -- --force", who="grace")
        place.wait_reply(1, "did you mean `network`?")


main(
    [
        a_run_from_its_beginning_to_its_end,
        a_run_by_the_beginning_of_its_id,
        a_list_that_is_asked_for_less,
        a_log_while_it_comes,
        a_pull_request_that_is_waited_for,
        answers_are_the_same_everywhere,
    ]
)
