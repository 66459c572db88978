#!/usr/bin/env python3
"""Decisions that explain themselves, can be asked again, and are looked at again when the rules or the time change."""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, settled, wait_until  # noqa: E402

TWO_OF_A_TEAM = """package slipway

import rego.v1

of_dba contains review.author if {
	some review in input.reviews.current.approvals
	"dba" in review.session.teams
}

needed := 2

approved_by contains login if some login in of_dba

approve if count(of_dba) >= 2

missing contains {"msg": msg, "count": lacking, "team": "dba"} if {
	lacking := 2 - count(of_dba)
	lacking > 0
	msg := sprintf("%d of team dba", [lacking])
}
"""

OWNER_WANTED = """package slipway

import rego.v1

deny contains sprintf("%s has no owner", [change.address]) if {
	some change in input.plan.changes
	change.action == "create"
	not has_owner(change)
}

has_owner(change) if {
	some attribute in change.attributes
	attribute.path == "input.owner"
	attribute.after.kind == "value"
}
"""

DENY_ALL = """package slipway

import rego.v1

deny contains "nothing is applied any more" if count(input.plan.changes) > 0
"""

FROZEN = """package slipway

import rego.v1

until := %d

approve if input.request.timestamp_ns >= until

missing contains {"msg": "frozen for a moment", "count": 0, "until": until} if not approve
"""


def tree(policies, people=True):
    out = organisation()
    out["space.yaml"] += "trust: folder\n"
    if people:
        out["space.yaml"] += "teams: {dba: [ada, grace, linus]}\n"
    out.update(policies)
    return out


def network(place, value="a", owner="platform"):
    return {"stacks/network/main.tf": place.stack("network", resource("net", value, owner))}


def proposed(place, topic="topic", **more):
    place.branch(topic)
    place.propose(topic, network(place, "b", **more))
    return place.numbers()[-1]


def times_read(place):
    return place.log_path.read_text(errors="replace").count("the organisation tree was read again")


def explained(place, of):
    token = place.slipway("token", "create", "reads-%d" % time.monotonic_ns()).stdout.strip()
    status, body = place.http(
        "GET", "/api/v1/explain?of=" + of, headers={"Authorization": "Bearer " + token}
    )
    assert status == 200, (status, body)
    return json.loads(body)


def a_decision_says_what_would_change_it(build):
    """explain: the same tree in comment, API and command line; following what would change it does change it"""
    with Place(build, tree({"policies/approval/pair.rego": TWO_OF_A_TEAM})) as place:
        place.push_main(network(place))
        place.start()
        number = proposed(place)
        place.wait_check(number, "action_required")
        place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        wanted = "one more approval by somebody of team dba who is not grace"
        told = wait_until(
            "explain to say who else is wanted",
            lambda: (lambda text: text if wanted in text else None)(
                place.slipway("explain", "network").stdout
            ),
        )
        run = place.runs("network")[0]["id"]
        assert place.slipway("explain", run).stdout == told
        assert "approval policy pair → 1 of 2" in told, told
        assert "approve reads input.reviews.current.approvals (1 item)" in told, told
        place.say(number, "/slipway explain network", who="linus")
        reply = place.wait_reply(number, wanted)
        assert told.strip() in reply, (told, reply)
        settled(place)
        assert wanted in place.check(number, "slipway/network")["text"]
        body = explained(place, "network")
        assert body["run"] == run and body["text"].strip() == told.strip()
        (change,) = body["would_change"]
        assert change["kind"] == "approvals" and change["count"] == 1, change
        assert change["team"] == "dba" and change["names"] == ["grace"], change
        assert change["text"] == wanted, change
        assert any(node["text"] == "approval policy pair" for node in body["tree"]), body["tree"]
        place.slipway("pull", "review", str(number), "--approve", "--as", "linus")
        place.wait_check(number, "success")
        assert explained(place, "network")["would_change"] == []
        unknown = place.slipway("explain", "netwrok", check=False)
        assert unknown.returncode == 2 and "no stack with a run" in unknown.stderr, unknown


def what_was_asked_can_be_asked_again(build):
    """inputs of push, plan and approval are kept without secrets, and a replay says what a change would decide"""
    policies = {
        "policies/approval/pair.rego": TWO_OF_A_TEAM,
        "policies/plan/owner.rego": OWNER_WANTED,
    }
    with Place(build, tree(policies)) as place:
        place.write(
            place.organisation,
            {
                "stacks/network.yaml": "directory: stacks/network\n"
                "apply: {when: on_merge, start: automatic}\n"
                "variables: {TF_VAR_unused: hunter2}\n"
            },
        )
        place.push_main(network(place))
        place.start()
        number = proposed(place)
        place.wait_check(number, "action_required")
        for login in ("grace", "linus"):
            place.slipway("pull", "review", str(number), "--approve", "--as", login)
        place.wait_check(number, "success")
        place.slipway("pull", "merge", str(number), "--as", "grace")
        place.wait_comment(number, "Slipway applied network")
        applied = place.runs("network")[0]["id"]
        outcomes = {"push": "track", "plan": "passed", "approval": "approved"}
        for kind, outcome in outcomes.items():
            text = place.slipway("explain", applied, "--input", kind).stdout
            kept = json.loads(text)
            assert kept["kind"] == kind and kept["outcome"] == outcome, kept
            assert "hunter2" not in text, "a variable is kept with what was asked"
            (place.work / (kind + ".json")).write_text(text)
            again = place.slipway(
                "test", str(place.organisation), "--replay", str(place.work / (kind + ".json"))
            )
            assert "As it was decided" in again.stdout, again.stdout
            assert "by the same policies" in again.stdout, again.stdout
        # A changed policy, before it holds.
        copy = place.work / "changed"
        place.write(copy, {"strict.rego": TWO_OF_A_TEAM.replace("2", "3")})
        otherwise = place.slipway(
            "test", str(copy), "--replay", str(place.work / "approval.json"), check=False
        )
        assert otherwise.returncode == 1, otherwise
        assert "network: undecided" in otherwise.stdout, otherwise.stdout
        assert "Otherwise than it was decided" in otherwise.stdout, otherwise.stdout
        # Nobody reads it without a token, and a file that is something else is no input.
        path = "/api/v1/runs/%s/inputs/approval" % applied
        assert place.http("GET", path)[0] == 401
        (place.work / "other.json").write_text("{}")
        wrong = place.slipway(
            "test", str(copy), "--replay", str(place.work / "other.json"), check=False
        )
        assert wrong.returncode == 2 and "slipway explain" in wrong.stderr, wrong
        for name in (place.data / "blobs").rglob("*"):
            assert not name.is_file() or b"timestamp_ns" not in name.read_bytes()


def t51_a_policy_holds_from_the_tree_alone(build):
    """T51: a policy on the pull request's branch has no effect; changed in the tree it holds at once, by itself"""
    with Place(build, tree({})) as place:
        place.push_main(network(place))
        place.start()
        place.branch("topic")
        own = {"policies/plan/no.rego": DENY_ALL, "org/policies/plan/no.rego": DENY_ALL}
        place.propose("topic", dict(network(place, "b"), **own))
        number = place.numbers()[-1]
        place.wait_check(number, "success")
        first = place.runs("network")[0]["id"]
        place.write(place.organisation, {"policies/plan/no.rego": DENY_ALL})
        wait_until(
            "the check to be taken back", lambda: place.check(number)["conclusion"] != "success"
        )
        place.wait_check(number, "failure")
        place.wait_comment(number, "nothing is applied any more")
        second = place.runs("network")[0]
        assert second["id"] != first and second["kind"] == "proposed", second
        refused = place.slipway("pull", "merge", str(number), "--as", "grace", check=False)
        assert refused.returncode == 1, refused
        # While the service is away, too.
        place.kill()
        place.write(place.organisation, {"policies/plan/no.rego": None})
        place.start()
        place.wait_check(number, "success")
        # Other settings plan it again; what changes nothing plans nothing.
        settled(place)
        before = place.runs("network")[0]["id"]
        place.write(
            place.organisation,
            {"stacks/network.yaml": "directory: stacks/network\nlabels: [env:prod]\n"
             "apply: {when: on_merge, start: automatic}\n"},
        )  # fmt: skip
        wait_until("a plan by the new settings", lambda: place.runs("network")[0]["id"] != before)
        place.wait_check(number, "success")
        settled(place)
        before = len(place.runs("network"))
        read = times_read(place)
        place.write(place.organisation, {"stacks/other.yaml": "directory: stacks/other\n"})
        wait_until("the tree to be read again", lambda: times_read(place) > read)
        settled(place)
        assert len(place.runs("network")) == before


def a_freeze_ends_by_itself(build):
    """a merged change that a policy holds until a time is applied when it has come, and nobody has to do anything"""
    with Place(build, tree({}, people=False)) as place:
        place.push_main(network(place))
        place.start()
        number = proposed(place)
        place.wait_check(number, "success")
        until = int(time.time()) + 60
        place.write(
            place.organisation, {"policies/approval/freeze.rego": FROZEN % (until * 1_000_000_000)}
        )
        place.wait_check(number, "action_required")
        place.wait_comment(number, "frozen for a moment", "Slipway looks at it again then")
        told = place.slipway("explain", "network").stdout
        assert "time: it is looked at again at" in told, told
        place.slipway("pull", "merge", str(number), "--anyway", "--as", "ada")
        place.wait_comment(number, "network may not be applied yet")
        place.wait_comment(number, "Slipway applied network")
        assert time.time() >= until
        run = place.runs("network")[0]
        assert run["kind"] == "tracked" and run["confirmed_by"] == "slipway", run


main(
    [
        a_decision_says_what_would_change_it,
        what_was_asked_can_be_asked_again,
        t51_a_policy_holds_from_the_tree_alone,
        a_freeze_ends_by_itself,
    ]
)
