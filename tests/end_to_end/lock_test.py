#!/usr/bin/env python3
"""Locks of stacks with the whole program: what waits for one, who may lift it, and that nobody has to push what
waited. Real Redis and Terraform or OpenTofu."""

import concurrent.futures
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, wait_until  # noqa: E402

NOTE = "migration **tonight** @everybody <b>x</b>"


class Locks(Place):
    """`network` applies by itself after the merge; what it made is the number of `value` in its state."""

    def __init__(self, build, more=None, config=""):
        tree = organisation()
        tree["space.yaml"] += "trust: folder\n"
        tree.update(more or {})
        super().__init__(build, tree, config)

    def files(self, value, name="network"):
        return {"stacks/%s/main.tf" % name: self.stack(name, resource("net", value))}

    def begin(self, files=None):
        self.push_main(files or self.files("a"))
        return self.start()

    def proposed(self, files, topic):
        self.branch(topic)
        self.propose(topic, files)
        number = self.numbers()[-1]
        self.wait_check(number, "success")
        return number

    def merge(self, number):
        self.slipway("pull", "merge", str(number), "--as", "ada")

    def tracked(self, stack, *states):
        def there():
            run = next((r for r in self.runs(stack) if r["kind"] == "tracked"), None)
            return run if run and run["state"] in states else None

        return wait_until("a run of %s to be %s" % (stack, " or ".join(states)), there)

    def locks(self):
        return json.loads(self.slipway("locks", "--json").stdout)["locks"]

    def is_applied(self, stack="network"):
        return self.tracked(stack, "finished")


def a_locked_stack_waits_until_its_holder_unlocks_it(build):
    """W2, W5: lock, merge, and the run waits in words; a stranger lifts nothing, the holder does, and it applies"""
    with Locks(build) as place:
        place.begin()
        number = place.proposed(place.files("b"), "topic")
        place.say(number, "/slipway lock network --for 4h -- " + NOTE, who="mallory")
        place.wait_reply(number, "mallory does not have it")
        assert place.locks() == []
        place.say(number, "/slipway lock network --for 4h -- " + NOTE, who="grace")
        place.wait_reply(number, "`network` is locked until")
        comment = place.wait_comment(number, "network is locked by grace until")
        assert "`/slipway unlock network`" in comment, comment
        assert "<b>x" not in comment and " @everybody" not in comment, comment
        assert "is locked by grace" in place.check(number)["summary"]
        place.merge(number)
        run = place.tracked("network", "unconfirmed")
        comment = place.wait_comment(
            number, "network waits, because it is locked by grace until", "unlock network"
        )
        check = place.wait_check(number, "action_required", "slipway/network", "locked by grace")
        assert "unlock network" in check["summary"], check
        listed = place.slipway("runs", "--stack", "network").stdout
        assert "it is locked by grace until" in listed and "slipway unlock network" in listed, (
            listed
        )
        why = place.slipway("explain", run["id"]).stdout
        assert "it is locked by grace until" in why and "slipway unlock network" in why, why

        # Whoever was told once is not told again (T42); another stranger is.
        place.say(number, "/slipway unlock", who="mallory")
        place.say(number, "/slipway unlock", who="eve")
        place.wait_reply(number, "eve does not have it")
        place.say(number, "/slipway unlock network", who="linus")
        place.wait_reply(number, "Only `grace` or somebody with the role admin")
        place.say(number, "/slipway apply", who="linus")
        place.wait_reply(number, "so nothing of it is applied")
        assert place.tracked("network", "unconfirmed")["id"] == run["id"]
        place.say(number, "/slipway unlock network", who="grace")
        place.wait_reply(number, "`network` is unlocked.")
        assert place.is_applied()["id"] == run["id"]
        place.wait_comment(number, "Slipway applied network")
        place.say(number, "/slipway unlock network", who="grace")
        place.wait_reply(number, "`network` is not locked.")
        assert place.locks() == []


def what_waits_applies_when_the_lock_expires(build):
    """a lock by a call outlives a kill of the service, shows on other pull requests, and expires by itself"""
    with Locks(build) as place:
        place.begin()
        number = place.proposed(place.files("b"), "topic")
        done = place.slipway("lock", "net*", "--for", "12s", "--note", "short")
        assert "`network` is locked until" in done.stdout, done.stdout
        place.wait_comment(number, "is locked by")
        place.merge(number)
        run = place.tracked("network", "unconfirmed")
        assert run["lock"]["note"] == "short", run
        place.kill()
        place.start()
        assert place.is_applied()["id"] == run["id"]
        times = {change["state"]: change["at_ms"] for change in run["history"]}
        begun = next(c["at_ms"] for c in place.is_applied()["history"] if c["state"] == "applying")
        assert begun >= run["lock"]["expires_at_ms"] > times["unconfirmed"]
        assert place.slipway("locks").stdout == "no stack is locked\n"


def a_lock_holds_for_what_was_confirmed_and_waits_for_a_worker(build):
    """W5: a stack that is locked between confirmation and start is not applied; an apply that has begun goes on"""
    confirmed = {
        "stacks/network.yaml": "directory: stacks/network\napply: {when: on_merge, start: confirmed}\n",
        "stacks/slow.yaml": "directory: stacks/slow\napply: {when: on_merge, start: automatic}\n",
    }
    with Locks(build, confirmed, "workers: 1\n") as place:
        go, made = place.state / "go", place.state / "made"
        slow = place.stack(
            "slow",
            'resource "terraform_data" "x" {\n  input = "x"\n  provisioner "local-exec" {\n'
            '    command = "echo made >> %s; until [ -e %s ]; do sleep 0.1; done"\n  }\n}\n'
            % (made, go),
        )
        place.begin(dict(place.files("a"), **{"stacks/slow/main.tf": place.stack("slow", "")}))
        number = place.proposed(place.files("b"), "topic")
        place.merge(number)
        run = place.tracked("network", "unconfirmed")
        other = place.proposed({"stacks/slow/main.tf": slow}, "other")
        place.merge(other)
        wait_until("the other apply to make something", made.exists)
        place.say(number, "/slipway apply network", who="grace")
        place.tracked("network", "confirmed")
        said = place.slipway("lock", "network", "slow").stdout
        assert "The apply of `slow` has begun already" in said, said
        go.touch()
        place.is_applied("slow")
        run = place.tracked("network", "unconfirmed")
        place.wait_comment(number, "network is locked by")
        assert "it is locked by" in run["history"][-1]["note"], run
        assert "applying" not in [change["state"] for change in run["history"]], run
        place.say(number, "/slipway apply network", who="grace")
        place.wait_reply(number, "so nothing of it is applied")
        place.slipway("unlock", "network", "slow")
        place.wait_comment(number, "its stack asks for a confirmation", "/slipway apply network")
        place.say(number, "/slipway apply network -- now", who="grace")
        assert place.is_applied()["id"] == run["id"]


def locks_by_calls(build):
    """W2: calls need the role writer; a lock of another token is lifted by an administrator; wrong words say why"""
    with Locks(build) as place:
        place.begin()
        role = {}
        for name in ("reader", "writer", "other"):
            token = place.slipway(
                "token", "create", name, "--role", "writer" if name == "other" else name
            ).stdout.strip()
            role[name] = {"Authorization": "Bearer " + token}
        path, one = "/api/v1/locks", json.dumps({"stacks": ["network"], "note": "by a call"})
        assert place.http("POST", path, one)[0] == 401
        assert place.http("POST", path, one, role["reader"])[0] == 403
        assert place.http("POST", path, "{}", role["writer"])[0] == 400
        bad = json.dumps({"stacks": ["network"], "for": "31d"})
        assert place.http("POST", path, bad, role["writer"])[0] == 400
        assert place.http("POST", path, json.dumps({"stacks": ["nix"]}), role["writer"])[0] == 404
        assert place.http("DELETE", path, one, role["writer"])[0] == 409
        assert place.http("POST", path, one, role["writer"])[0] == 200
        assert place.http("POST", path, one, role["other"])[0] == 409
        assert place.http("DELETE", path, one, role["other"])[0] == 409
        status, text = place.http("GET", path, None, role["reader"])
        assert status == 200 and json.loads(text)["locks"][0]["holder"]["login"] == "writer", text
        assert "locked by writer until" in place.slipway("locks").stdout
        assert place.slipway("unlock", "network").returncode == 0
        assert place.slipway("unlock", "network", check=False).returncode == 1
        assert place.slipway("lock", "network", "--for", "soon", check=False).returncode == 2
        with concurrent.futures.ThreadPoolExecutor(3) as both:
            at_once = both.map(lambda who: place.http("POST", path, one, role[who]), role)
            answers = sorted(status for status, _ in at_once)
        assert answers == [200, 403, 409], answers  # of the reader, and of two who may: one has it


if __name__ == "__main__":
    main(
        [
            a_locked_stack_waits_until_its_holder_unlocks_it,
            what_waits_applies_when_the_lock_expires,
            a_lock_holds_for_what_was_confirmed_and_waits_for_a_worker,
            locks_by_calls,
        ]
    )
