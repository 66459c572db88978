#!/usr/bin/env python3
"""Two pull requests that change one stack: what one applies makes the plan of the other stale."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, wait_until  # noqa: E402


ONE_APPROVAL = """package slipway

import rego.v1

approve if count(input.reviews.current.approvals) >= 1

missing contains "1 of those who may write" if not approve
"""


def proposed(place, number):
    return next(r for r in place.runs() if r["kind"] == "proposed" and r["pull"] == number)


def opened(place, topic, files):
    place.branch(topic)
    place.propose(topic, files)
    return place.numbers()[-1]


def the_other_is_planned_again(build):
    """T22: after an apply the other pull request is planned again by itself, on the new branch and the new state"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        first = opened(place, "one", {"stacks/network/one.tf": resource("one")})
        place.wait_check(first, "success")
        second = opened(place, "two", {"stacks/network/two.tf": resource("two")})
        place.wait_check(second, "success")
        place.wait_comment(first, "network is also changed by #%d" % second)
        place.wait_comment(second, "network is also changed by #%d" % first)
        stale = proposed(place, second)
        place.slipway("pull", "merge", str(first), "--as", "grace")
        place.wait_comment(first, "Slipway applied network")
        again = wait_until(
            "the other to be planned again",
            lambda: (lambda r: r if r["id"] != stale["id"] and r["state"] == "finished" else None)(
                proposed(place, second)
            ),
        )
        assert again["base"] != stale["base"] and again["approved_run"] == stale["id"], again
        place.wait_check(second, "success")
        wait_until(
            "the comment to name nobody any more",
            lambda: "is also changed by" not in place.wait_comment(second, "network"),
        )
        place.slipway("pull", "merge", str(second), "--as", "grace")
        place.wait_comment(second, "Slipway applied network")
        assert place.resources("network") == ["one", "two"], place.resources("network")
        assert not [r for r in place.runs() if r["state"] == "unconfirmed"], place.runs()


def an_approval_of_before_does_not_stay(build):
    """T13, W3: killed right after the merge, the other is planned again all the same, and its old approval is void"""
    tree = organisation()
    tree["policies/approval/one.rego"] = ONE_APPROVAL
    tree["space.yaml"] += "trust: folder\n"
    with Place(build, tree) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        first = opened(place, "one", {"stacks/network/one.tf": resource("one")})
        second = opened(place, "two", {"stacks/network/two.tf": resource("two")})
        for number in (first, second):
            place.wait_check(number, "action_required")
            place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
            place.wait_check(number, "success")
        stale = proposed(place, second)
        place.slipway("pull", "merge", str(first), "--as", "grace")
        place.kill()
        place.start()
        again = wait_until(
            "the other to be planned again",
            lambda: (lambda r: r if r["id"] != stale["id"] and r["state"] == "finished" else None)(
                proposed(place, second)
            ),
        )
        assert again["inputs_digest"] != stale["inputs_digest"], again
        place.wait_check(second, "action_required")
        place.slipway("pull", "review", str(second), "--approve", "--as", "grace")
        place.wait_check(second, "success")


main([the_other_is_planned_again, an_approval_of_before_does_not_stay])
