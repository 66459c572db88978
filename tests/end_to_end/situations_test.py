#!/usr/bin/env python3
"""What a team meets on any day: a push into a running plan, a branch that moves on, a close, one failure of three."""

import contextlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import TOOL, Place, main, organisation, resource, settled, wait_until  # noqa: E402

ONE_APPROVAL = """package slipway

import rego.v1

approve if count(input.reviews.current.approvals) >= 1

missing contains "1 of those who may write" if not approve
"""


class Gate:
    """What a plan reads, and waits for until it is opened: a named pipe in place of a file."""

    def __init__(self, place):
        self.path = place.state / "gate"
        os.mkfifo(self.path)
        self.body = (
            'locals {\n  gate = file("%s")\n}\noutput "gate" {\n  value = local.gate\n}\n'
            % self.path
        )

    def open(self):
        behind = self.path.with_suffix(".pipe")
        self.path.rename(behind)
        self.path.write_text("open")
        # Whoever waits at the pipe reads its end; where nobody does, there is nothing to open.
        with contextlib.suppress(OSError):
            os.close(os.open(behind, os.O_WRONLY | os.O_NONBLOCK))


def tree_of(*stacks, settings=""):
    tree = organisation()
    for name in stacks:
        tree["stacks/%s.yaml" % name] = "directory: stacks/%s\n%s" % (name, settings)
    return tree


def opened(place, topic, files):
    place.branch(topic)
    place.propose(topic, files)
    return place.numbers()[-1]


def planned(place, number, stack):
    """The stack's runs of the pull request, the newest first."""
    return [r for r in place.runs(stack) if r["kind"] == "proposed" and r["pull"] == number]


def wait_state(place, run, *states):
    return wait_until(
        "run %s to be %s" % (run["id"], " or ".join(states)),
        lambda: next(
            (r for r in place.runs() if r["id"] == run["id"] and r["state"] in states), None
        ),
    )


def begins_to_plan(place, number, stack):
    run = wait_until(
        "the plan of #%d" % number, lambda: next(iter(planned(place, number, stack)), None)
    )
    return wait_state(place, run, "planning")


def a_push_into_a_running_plan(build):
    """T11: a push ends the plan that runs, and nothing of it is shown over what came after"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        gate = Gate(place)
        number = opened(place, "topic", {"stacks/network/one.tf": resource("one") + gate.body})
        old = begins_to_plan(place, number, "network")
        place.propose("topic", {"stacks/network/one.tf": resource("two")})
        wait_state(place, old, "stopped")
        place.wait_check(number, "success")
        gate.open()
        settled(place)
        assert [r["state"] for r in planned(place, number, "network")] == ["finished", "stopped"]
        comment = place.own_comments(number)[0]["body"]
        assert "terraform_data.two" in comment and "terraform_data.one" not in comment, comment
        assert place.check(number, "slipway/network")["title"] == "1 to add"


def a_branch_that_moves_on(build):
    """T13: what is merged elsewhere voids no approval and makes no plan anew"""
    tree = tree_of("network", "web", settings="apply: {when: on_merge, start: automatic}\n")
    tree["policies/approval/one.rego"] = ONE_APPROVAL
    tree["space.yaml"] += "trust: folder\n"
    with Place(build, tree) as place:
        place.push_main(
            {"stacks/%s/main.tf" % name: place.stack(name, "") for name in ("network", "web")}
        )
        place.start()
        web = opened(place, "web", {"stacks/web/one.tf": resource("one")})
        network = opened(place, "network", {"stacks/network/one.tf": resource("one")})
        for number in (web, network):
            place.wait_check(number, "action_required")
            place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
            place.wait_check(number, "success")
        before = planned(place, network, "network")
        place.slipway("pull", "merge", str(web), "--as", "grace")
        place.wait_comment(web, "Slipway applied web")
        settled(place)
        assert [r["id"] for r in planned(place, network, "network")] == [r["id"] for r in before]
        place.slipway("pull", "merge", str(network), "--as", "grace")
        place.wait_comment(network, "Slipway applied network")
        assert place.resources("network") == ["one"]


def closed_while_it_is_planned(build):
    """T24: a pull request that is closed in the middle of its plan holds nothing back"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        gate = Gate(place)
        closed = opened(place, "closed", {"stacks/network/one.tf": resource("one") + gate.body})
        run = begins_to_plan(place, closed, "network")
        place.slipway("pull", "close", str(closed))
        wait_state(place, run, "stopped")
        other = opened(place, "other", {"stacks/network/two.tf": resource("two")})
        place.wait_check(other, "success")
        place.slipway("pull", "merge", str(other), "--as", "grace")
        place.wait_comment(other, "Slipway applied network")
        assert place.resources("network") == ["two"]
        gate.open()
        settled(place)
        assert [r["state"] for r in planned(place, closed, "network")] == ["stopped"]


def one_of_three_fails(build):
    """T26: of three applies before the merge one fails: two stay applied, the check is red, `--failed` is that one"""
    names = ("a", "b", "c")
    with Place(build, tree_of(*names, settings="apply: {when: before_merge}\n")) as place:
        place.push_main({"stacks/%s/main.tf" % name: place.stack(name, "") for name in names})
        place.start()
        files = {"stacks/%s/one.tf" % name: resource("one") for name in names}
        files["stacks/b/one.tf"] = (
            'resource "terraform_data" "one" {\n  provisioner "local-exec" {\n'
            '    command = "test -e %s/fixed"\n  }\n}\n' % place.state
        )
        number = opened(place, "topic", files)
        place.wait_check(number, "success")
        place.say(number, "/slipway apply")
        place.wait_comment(number, "apply of b failed")
        place.wait_check(number, "failure")
        for name in ("a", "c"):
            wait_until(
                "%s to be applied" % name, lambda name=name: place.resources(name) == ["one"]
            )
        (place.state / "fixed").write_text("")
        place.say(number, "/slipway retry --failed")
        again = wait_until(
            "b to be planned again",
            lambda: (lambda r: r if len(r) == 2 else None)(planned(place, number, "b")),
        )[0]
        wait_state(place, again, "finished")
        assert [len(planned(place, number, name)) for name in names] == [1, 2, 1]
        place.say(number, "/slipway apply b")
        wait_until("b to be applied", lambda: place.resources("b") == ["one"])
        place.wait_check(number, "success")


def no_check_is_left_open(build):
    """T31: the required check ends: nothing concerned, a mistake in the settings, a lock, a kill in the middle"""
    stack = "local/acme/infra/network"
    settings = "version: 1\nstacks:\n  network: {directory: stacks/network, tool: %s}\n" % TOOL
    with Place(build) as place:
        place.push_main(
            {"stacks/network/main.tf": place.stack("network", ""), ".slipway.yaml": settings}
        )
        place.start()
        nothing = opened(place, "nothing", {"README.md": "hello\n"})
        place.wait_check(nothing, "success")
        mistaken = opened(place, "mistaken", {".slipway.yaml": "version: 1\nstacks: [\n"})
        place.wait_check(mistaken, "action_required")
        locked = opened(place, "locked", {"stacks/network/one.tf": resource("one")})
        place.wait_check(locked, "success")
        place.slipway("lock", stack)
        place.propose("locked", {"stacks/network/one.tf": resource("another")})
        place.wait_check(locked, "success")
        gate = Gate(place)
        killed = opened(place, "killed", {"stacks/network/two.tf": resource("two") + gate.body})
        begins_to_plan(place, killed, stack)
        place.kill()
        gate.open()
        place.start()
        place.wait_check(killed, "success")


def told_once(build):
    """T42: who has no rights is told so once for what they lack, however often they ask"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        number = opened(place, "topic", {"stacks/network/one.tf": resource("one")})
        place.wait_check(number, "success")

        def refusals():
            return [
                c for c in place.pull(number)["comments"] if c["ours"] and "mallory" in c["body"]
            ]

        for command in ("apply", "approve", "plan", "cancel network", "apply"):
            place.say(number, "/slipway " + command, who="mallory")
        place.say(number, "/slipway allow provider acme/dns", who="mallory")  # another role
        wait_until("both refusals", lambda: len(refusals()) == 2)
        settled(place)
        assert len(refusals()) == 2, refusals()
        place.say(number, "/slipway allow provider acme/dns", who="grace")
        place.wait_reply(number, "grace does not have it")


main(
    [
        a_push_into_a_running_plan,
        a_branch_that_moves_on,
        closed_while_it_is_planned,
        one_of_three_fails,
        no_check_is_left_open,
        told_once,
    ]
)
