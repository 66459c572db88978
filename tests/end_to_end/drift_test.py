#!/usr/bin/env python3
"""What differs from the state: looks for drift, with plans that the real tool makes of `aws_*` resources through a
stand-in for their provider, whose cloud is a folder that the test changes."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import AWS_PROVIDER, TOOL, Place, main, organisation, settled, wait_until  # noqa: E402

TOOLS = pathlib.Path(__file__).parent.parent.parent / "build" / "tools"

RESOURCES = """resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  tags          = { owner = "platform" }
}
resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}
resource "aws_db_instance" "db" {
  engine         = "postgres"
  instance_class = "db.t3.micro"
  password       = "correct-horse-battery"
}
"""
SEES_DRIFT = """package spacelift

import rego.v1

warn contains sprintf("%s looks for drift: %v", [run.type, count(run.changes)]) if {
	run := input.spacelift.run
	run.drift_detection
}
"""
DRIFTED = 4


class Drifts(Place):
    """A stack of a stand-in for a cloud, `web`, and one whose apply waits for the file `go`, `slow`."""

    def __init__(self, build):
        super().__init__(
            build, {}, config="provider_mirrors: [%s]\n" % (TOOLS / "stand-in-aws" / "mirror")
        )
        self.cloud = self.state / "cloud"
        self.cloud.mkdir()
        self.go = self.state / "go"
        tree = organisation(TOOL)
        del tree["stacks/network.yaml"]
        start = "apply: {when: on_merge, start: automatic}\n"
        tree["stacks/web.yaml"] = "directory: stacks/web\n%svariables: {STAND_IN_AWS: %s}\n" % (
            start,
            self.cloud,
        )
        tree["stacks/slow.yaml"] = "directory: stacks/slow\n" + start
        tree["policies/plan/sees_drift.rego"] = SEES_DRIFT
        self.write(self.organisation or self.work / "organisation", tree)

    def begin(self):
        provider = AWS_PROVIDER % self.state
        self.push_main(
            {"stacks/web/main.tf": provider, "stacks/slow/main.tf": self.stack("slow", "")}
        )
        self.start()
        return self

    def merge(self, files):
        self.branch("topic")
        self.propose("topic", files)
        number = self.numbers()[-1]
        self.wait_check(number, "success")
        self.slipway("pull", "merge", str(number), "--as", "ada")
        return number

    def web(self):
        self.merge({"stacks/web/main.tf": AWS_PROVIDER % self.state + RESOURCES})
        wait_until("the apply", lambda: self.newest("web", "tracked")["state"] == "finished")
        settled(self)
        # Real providers read what they have made; this one does with the next apply.
        self.merge({"stacks/web/out.tf": 'output "x" {\n  value = 1\n}\n'})
        wait_until("another apply", lambda: '"x"' in (self.state / "web.tfstate").read_text())
        settled(self)

    def newest(self, stack, kind):
        return next((r for r in self.runs(stack) if r["kind"] == kind), {"state": ""})

    def thing(self, kind):
        return next(self.cloud.glob(kind + "-*.json"))

    def drift(self, *arguments):
        done = self.slipway("drift", *arguments, check=False)
        return done.returncode, done.stdout + done.stderr

    def found(self):
        status, text = self.http("GET", "/api/v1/drift", unix=True)
        assert status == 200, text
        return {one["stack"]: one for one in json.loads(text)["drift"]}


def what_changed_outside_is_found(build):
    """a look for drift names what was changed and what is gone, applies nothing, and says it in its exit code"""
    with Drifts(build) as place:
        place.begin()
        place.web()
        assert place.drift() == (0, "STACK  LOOKED AT  FOUND  RUN\n"), place.drift()
        code, said = place.drift("web", "--wait")
        assert code == 0 and said.endswith("web: nothing drifted\n"), (code, said)

        state = place.state / "web.tfstate"
        before = state.read_bytes()
        machine = place.thing("aws_instance")
        machine.write_text(machine.read_text().replace("platform", "somebody"))
        place.thing("aws_sqs_queue").unlink()
        database = place.thing("aws_db_instance")
        database.write_text(database.read_text().replace("correct-horse", "changed-outside"))
        code, said = place.drift("web", "--wait", "--note", "after the outage")
        assert code == DRIFTED, (code, said)
        assert "web: 2 changed, 1 gone\n" in said, said
        assert "~ aws_instance.web was changed: tags.owner" in said, said
        assert "- aws_sqs_queue.jobs is gone" in said, said
        assert "aws_db_instance.db was changed: password" in said, said
        assert state.read_bytes() == before, "the state was written"
        assert place.cloud.exists() and "somebody" in machine.read_text()

        run = place.newest("web", "drift")
        assert run["state"] == "finished" and run["summary"] == "2 changed, 1 gone", run
        place.git("fetch", "-q", "origin")
        assert run["head"] == place.git("rev-parse", "origin/main"), run
        shown = place.slipway("runs", "show", run["id"]).stdout
        assert "(drift)" in shown and "found         2 changed, 1 gone" in shown, shown
        assert ": after the outage" in shown, shown
        whole = place.slipway("runs", "show", run["id"], "--json").stdout
        everything = whole + place.slipway("logs", run["id"]).stdout
        assert "battery" not in everything, "the password is shown"
        changes = {c["address"]: c for c in json.loads(whole)["drifted"]}
        assert changes["aws_sqs_queue.jobs"]["action"] == "delete", changes
        owner = [a for a in changes["aws_instance.web"]["attributes"] if a["path"] == "tags.owner"]
        assert owner[0]["before"]["json"] == '"platform"', owner
        assert owner[0]["after"]["json"] == '"somebody"', owner
        messages = [f["message"] for f in json.loads(whole)["plan_decision"]["findings"]]
        assert "PROPOSED looks for drift: 3" in messages, messages

        record = place.found()["web"]
        assert record["drifted"] and record["run"] == run["id"], record
        assert place.drift()[1].splitlines()[1].startswith("web    "), place.drift()
        # What is found is of now.
        machine.write_text(machine.read_text().replace("somebody", "platform"))
        code, said = place.drift("web", "--wait")
        assert code == DRIFTED and "web: 1 changed, 1 gone\n" in said, (code, said)
        assert place.found()["web"]["summary"] == "1 changed, 1 gone", place.found()


def it_takes_its_turn(build):
    """a look for drift waits while an apply of its stack runs, asked twice it is one, and it can be cancelled"""
    with Drifts(build) as place:
        place.begin()
        body = (
            'resource "terraform_data" "x" {\n  input = "x"\n  provisioner "local-exec" {\n'
            '    command = "until [ -e %s ]; do sleep 0.1; done"\n  }\n}\n' % place.go
        )
        place.merge({"stacks/slow/main.tf": place.stack("slow", body)})
        wait_until("an apply", lambda: place.newest("slow", "tracked")["state"] == "applying")
        code, said = place.drift("slow")
        assert code == 0 and "is being applied" in said, (code, said)
        first = place.newest("slow", "drift")
        code, said = place.drift("slow")
        assert code == 0 and "already" in said and first["id"] in said, (code, said)
        assert place.newest("slow", "drift")["state"] == "queued"
        place.slipway("cancel", first["id"])
        assert place.newest("slow", "drift")["state"] == "canceled"
        place.drift("slow")
        place.go.touch()
        ended = wait_until(
            "the look", lambda: (r := place.newest("slow", "drift"))["state"] == "finished" and r
        )
        apply = place.newest("slow", "tracked")
        assert apply["state"] == "finished"
        planning = next(c for c in ended["history"] if c["state"] == "planning")
        assert planning["at_ms"] >= apply["finished_at_ms"], (planning, apply["finished_at_ms"])


def what_cannot_be_looked_at_says_why(build):
    """W2: a reader may not ask; a stack that is unknown, or whose directory is gone, is told in a sentence"""
    with Drifts(build) as place:
        place.begin()
        for role, expected in (("reader", 403), ("writer", 200)):
            token = place.slipway("token", "create", role, "--role", role).stdout.split()[-1]
            status, text = place.http(
                "POST",
                "/api/v1/drift",
                json.dumps({"stack": "web"}),
                {"Authorization": "Bearer " + token},
            )
            assert status == expected, (status, text)
        code, said = place.drift("wbe", "--wait")
        assert code == 2 and "wbe" in said, (code, said)
        code, said = place.drift("*", "--wait")
        assert code == 2 and "Name one stack" in said, (code, said)
        wait_until("the look", lambda: place.newest("web", "drift")["state"] == "finished")
        place.git("checkout", "-q", "main")
        place.git("rm", "-q", "-r", "stacks/web")
        place.push_main({"README.md": "gone"})
        code, said = place.drift("web", "--wait")
        assert code == 1 and "web: failed (the directory of `web` does not exist" in said, said


main([what_changed_outside_is_found, it_takes_its_turn, what_cannot_be_looked_at_says_why])
