#!/usr/bin/env python3
"""The main job on the built-in forge, end to end: real Redis, git, policies and Terraform or OpenTofu."""

import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, wait_until  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWNER = """package slipway

import rego.v1

deny contains {"msg": sprintf("%s has no owner", [change.address]), "resource": change.address} if {
	some change in input.terraform.resource_changes
	some action in change.change.actions
	action in {"create", "update"}
	not change.change.after.input.owner
}
"""


def from_plan_to_apply(build):
    """a pull request is planned, denied, fixed, merged and applied in the order of dependencies"""
    tree = organisation()
    tree["policies/plan/owner.rego"] = OWNER
    tree["stacks/web.yaml"] = (
        "directory: stacks/web\napply: {when: on_merge, start: automatic}\n"
        "depends_on: {network: {}}\n"
    )
    with Place(build, tree) as place:
        place.push_main(
            {
                "stacks/network/main.tf": place.stack("network", resource("net")),
                "stacks/web/main.tf": place.stack("web", resource("page")),
                "README.md": "hello\n",
            }
        )
        place.start()
        place.branch("topic")
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", owner=""))}
        )
        place.wait_check(1, "failure")
        assert "terraform_data.net" in place.wait_comment(1, "denied by policy", "owner.rego:5")
        place.propose(
            "topic",
            {
                "stacks/network/main.tf": place.stack("network", resource("net", "y")),
                "stacks/web/main.tf": place.stack("web", resource("page", "y")),
            },
        )
        place.wait_check(1, "success")
        place.wait_comment(1, "+1")
        assert place.check(1, "slipway/network")["title"] == "1 to add", place.check(
            1, "slipway/network"
        )
        place.slipway("pull", "merge", "1", "--as", "grace")
        place.wait_comment(1, "Slipway applied 2 stacks")
        assert place.resources("network") == ["net"] and place.resources("web") == ["page"]
        assert len(place.own_comments(1)) == 1
        runs = {r["stack"]: r for r in place.runs() if r["kind"] == "tracked"}
        assert runs["web"]["created_at_ms"] and runs["network"]["state"] == "finished"
        assert runs["web"]["history"][1]["at_ms"] >= runs["network"]["finished_at_ms"], (
            "web did not wait"
        )
        explained = place.slipway("explain", runs["network"]["id"]).stdout
        assert "owner" in explained and "passed" in explained, explained
        assert "terraform_data.net" in place.slipway("logs", runs["network"]["id"]).stdout


def what_each_change_plans(build):
    """T12: a rename concerns both directories, a module its users, a removed directory its stack; a README nothing"""
    tree = organisation()
    tree["stacks/web.yaml"] = "directory: stacks/web\n"
    tree["stacks/old.yaml"] = "directory: stacks/old\n"
    module = 'variable "name" {}\n'
    uses = 'module "m" {\n  source = "../../modules/m"\n  name = "x"\n}\n'
    with Place(build, tree) as place:
        place.push_main(
            {
                "stacks/network/main.tf": place.stack("network", uses),
                "stacks/web/main.tf": place.stack("web", resource("page")),
                "stacks/old/main.tf": place.stack("old", resource("gone")),
                "modules/m/main.tf": module,
                "README.md": "a\n",
            }
        )
        place.start()

        def concerned(topic, files):
            place.branch(topic)
            place.propose(topic, files)
            number = place.numbers()[-1]
            check = wait_until(
                "#%d to be decided" % number,
                lambda: (lambda c: c if c and c["status"] == "completed" else None)(
                    place.check(number)
                ),
            )
            names = {c["name"].removeprefix("slipway/") for c in place.pull(number)["checks"]} - {
                "slipway"
            }
            return names, check

        names, check = concerned("readme", {"README.md": "b\n"})
        assert (
            not names and check["conclusion"] == "success" and "no stack" in check["title"].lower()
        ), check
        names, _ = concerned("module", {"modules/m/main.tf": module + "# more\n"})
        assert names == {"network"}, names
        names, _ = concerned(
            "rename",
            {
                "stacks/web/main.tf": place.stack("web", ""),
                "stacks/network/page.tf": resource("page"),
            },
        )
        assert names == {"network", "web"}, names
        names, check = concerned("remove", {"stacks/old/main.tf": None})
        assert names == {"old"}, names


def a_conflict_costs_no_run(build):
    """T14: a merge conflict is a finished check that names the files, and no run"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.branch("topic")
        ours = place.stack("network", resource("net", "b"))
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "c"))})
        place.start()
        place.git("checkout", "-q", "topic")
        place.propose("topic", {"stacks/network/main.tf": ours})
        check = place.wait_check(1, "action_required")
        assert "stacks/network/main.tf" in check["summary"] + check["text"] + check["title"], check
        assert place.runs() == []


def every_way_to_open(build):
    """T10: opened, pushed, closed and reopened by a push: each present head is planned, in one comment"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.branch("topic")
        for value in ("b", "c", "d"):
            place.propose(
                "topic", {"stacks/network/main.tf": place.stack("network", resource("net", value))}
            )
        head = place.git("rev-parse", "HEAD")
        place.wait_check(1, "success")
        place.wait_comment(1, head[:7])
        assert len(place.own_comments(1)) == 1
        place.slipway("pull", "close", "1")
        wait_until(
            "nothing to be left running",
            lambda: all(
                r["state"] in ("finished", "canceled", "stopped", "failed") for r in place.runs()
            ),
        )
        assert place.numbers() == [1]


def what_waits_for_people(build):
    """start: confirmed waits after the merge; /slipway apply and `slipway confirm` apply it, cancel discards it"""
    tree = organisation()
    tree["stacks/network.yaml"] = (
        "directory: stacks/network\napply: {when: on_merge, start: confirmed}\n"
    )
    with Place(build, tree) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()

        def waits():
            return next((r for r in place.runs("network") if r["state"] == "unconfirmed"), None)

        def merged(value):
            place.branch("t" + value)
            place.propose(
                "t" + value,
                {"stacks/network/main.tf": place.stack("network", resource("net", value))},
            )
            number = place.numbers()[-1]
            place.wait_check(number, "success")
            place.slipway("pull", "merge", str(number))
            wait_until("the tracked run to wait", waits)
            place.wait_comment(number, "waits for confirmation")
            return number

        number = merged("b")
        place.say(number, "/slipway apply")
        place.wait_comment(number, "Slipway applied network")
        assert place.resources("network") == ["net"]
        merged("c")
        place.slipway("confirm", waits()["id"], "--note", "as discussed")
        wait_until("the second apply", lambda: place.runs("network")[0]["state"] == "finished")
        number = merged("d")
        place.say(number, "/slipway cancel")
        wait_until(
            "the third to be discarded", lambda: place.runs("network")[0]["state"] == "discarded"
        )
        refused = place.slipway("confirm", place.runs("network")[0]["id"], check=False)
        assert refused.returncode == 1 and "does not wait" in refused.stderr, refused


def freeze(until):
    """The ready-made policy with one period, and no weekly ones."""
    text = (ROOT / "policies/library/approval/freeze.rego").read_text()
    period = '{"from": "2000-01-01T00:00:00Z", "until": "%s", "why": "the holidays"}' % until
    text = re.sub(r"(?m)^periods := .*$", "periods := [%s]" % period, text)
    return re.sub(r"(?m)^weekly := .*$", "weekly := []", text)


def a_freeze_holds_what_is_merged(build):
    """W5: a freeze asks nobody to approve, says until when, holds what is merged, and whoever confirms it"""
    tree = organisation()
    tree["policies/approval/freeze.rego"] = freeze("2199-01-01T00:00:00Z")
    with Place(build, tree) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.branch("topic")
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", "b"))}
        )
        frozen = "frozen until 2199-01-01 00:00 UTC: the holidays"
        place.wait_check(1, "action_required")
        place.wait_comment(1, "may not be applied yet", frozen, "No approval changes that")
        place.slipway("pull", "merge", "1", "--anyway")
        run = wait_until(
            "the tracked run to wait",
            lambda: next((r for r in place.runs("network") if r["state"] == "unconfirmed"), None),
        )
        place.wait_comment(1, "network may not be applied yet", "waits: " + frozen)
        place.say(1, "/slipway apply network")
        place.wait_reply(1, "may not be applied yet: " + frozen)
        assert place.runs("network")[0]["state"] == "unconfirmed"
        place.write(
            place.organisation, {"policies/approval/freeze.rego": freeze("2001-01-01T00:00:00Z")}
        )
        wait_until(
            "the run to be confirmed after the freeze",
            lambda: place.slipway("confirm", run["id"], check=False).returncode == 0,
        )
        place.wait_comment(1, "Slipway applied network")


def one_comment_of_many(build):
    """T30: twenty pushes and fifty stacks with long plans end in one comment below the forge's limit"""
    names = ["s%02d" % i for i in range(50)]
    tree = organisation()
    tree.update({"stacks/%s.yaml" % name: "directory: stacks/%s\n" % name for name in names})
    with Place(build, tree) as place:

        def files(value):
            body = "".join(resource("r%02d" % i, value + "-long" * 40) for i in range(20))
            return {"stacks/%s/main.tf" % name: place.stack(name, body) for name in names}

        place.push_main(
            dict(files("start"), **{"stacks/network/main.tf": place.stack("network", "")})
        )
        place.start()
        place.branch("topic")
        for push in range(19):
            place.propose(
                "topic",
                {"stacks/s%02d/main.tf" % push: place.stack(names[push], resource("r%d" % push))},
            )
        head = place.propose("topic", files("last"))
        wait_until(
            "fifty plans",
            lambda: (
                (place.check(1) or {}).get("status") == "completed"
                and place.check(1)["commit"] == head
            ),
            240,
        )
        place.wait_check(1, "success")
        body = place.wait_comment(1, head[:7], "50 stacks")
        assert len(place.own_comments(1)) == 1, [c["body"][:80] for c in place.own_comments(1)]
        assert len(body) < 65_536, len(body)
        missing = [name for name in names if name not in body]
        assert not missing and "+1000" in body, (missing, body[:2000])
        checks = [c["name"] for c in place.pull(1)["checks"] if c["commit"] == head]
        assert checks == ["slipway"], (
            checks
        )  # above thirty stacks only those that need attention have their own


def outputs_and_a_branch_that_comes_back(build):
    """a change of outputs alone is applied; a branch that goes back and forth is planned each time"""
    with Place(build, organisation()) as place:
        main_tf = place.stack("network", resource("net"))
        first = place.push_main({"stacks/network/main.tf": main_tf})
        place.start()
        place.branch("topic")
        place.propose(
            "topic", {"stacks/network/main.tf": main_tf + 'output "word" {\n  value = "hello"\n}\n'}
        )
        place.wait_check(1, "success")
        place.slipway("pull", "merge", "1", "--as", "grace")
        place.wait_comment(1, "Slipway applied network")
        place.git("fetch", "-q", "origin")
        merged = place.git("rev-parse", "origin/main")

        def tracked():
            return [r for r in place.runs("network") if r["kind"] == "tracked"]

        for count, commit in enumerate([first, merged, first, merged], 2):
            place.git("push", "-q", "-f", "origin", commit + ":refs/heads/main")
            wait_until("run %d of the branch" % count, lambda: len(tracked()) == count)
        assert [r["head"] for r in tracked()] == [merged, first, merged, first, merged], tracked()


def a_broken_policy_is_not_taken_into_force(build):
    """the tree reloads while it runs; one with a policy that does not compile leaves the last good one in force"""
    tree = organisation()
    tree["policies/plan/owner.rego"] = OWNER
    with Place(build, tree) as place:

        def becomes(text, said):
            before = place.log_path.stat().st_size
            place.write(place.organisation, {"policies/plan/owner.rego": text})
            wait_until(
                "the log to say: " + said,
                lambda: said.encode() in place.log_path.read_bytes()[before:],
            )

        def proposed(value):
            main_tf = place.stack("network", resource("net", value, owner=""))
            place.propose("topic", {"stacks/network/main.tf": main_tf})

        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net"))})
        place.start()
        place.branch("topic")
        becomes(
            "package slipway\n\nimport rego.v1\n\nwarn contains \n", "policies/plan/owner.rego:6"
        )
        proposed("y")
        place.wait_check(1, "failure")
        place.wait_comment(1, "terraform_data.net", "owner.rego:5", "has no owner")
        becomes('package slipway\n\nimport rego.v1\n\nwarn contains "no owner"\n', "was read again")
        proposed("z")
        place.wait_check(1, "neutral")


def an_apply_before_the_merge(build):
    """an apply before the merge takes the green check back at once, keeps what allowed it, and is not forgotten"""
    tree = organisation()
    tree["space.yaml"] += "trust: folder\n"
    tree["stacks/network.yaml"] = "directory: stacks/network\napply: {when: before_merge}\n"
    with Place(build, tree) as place:
        go = place.state / "go"
        os.mkfifo(go)  # the apply waits until somebody opens it
        slow = (
            'resource "terraform_data" "net" {\n  provisioner "local-exec" {\n    command = "%s"\n  }\n}\n'
            % ("cat " + str(go))
        )
        place.push_main(
            {"README.md": "hello\n", "stacks/network/main.tf": place.stack("network", "")}
        )
        place.start()
        place.branch("topic")
        place.propose("topic", {"stacks/network/main.tf": place.stack("network", slow)})
        place.wait_check(1, "success")
        place.wait_comment(1, "ready to apply")
        place.say(1, "/slipway apply")
        wait_until("the apply to begin", lambda: place.runs("network")[0]["state"] == "applying")
        wait_until("the check to be taken back", lambda: place.check(1)["status"] != "completed")
        refused = place.slipway("pull", "merge", "1", "--as", "grace", check=False)
        assert refused.returncode == 1 and "not green" in refused.stderr, refused
        place.wait_comment(1, "Slipway is applying network")
        go.write_text("")
        place.wait_comment(1, "Slipway applied network", "confirmed by local/grace")
        place.wait_check(1, "success")
        applied = place.runs("network")[0]["id"]
        allowed = place.slipway("explain", applied).stdout
        place.slipway("pull", "merge", "1", "--as", "grace")
        wait_until(
            "the plan after the merge",
            lambda: (
                place.runs("network")[0]["id"] != applied
                and place.runs("network")[0]["state"] == "finished"
            ),
        )
        place.wait_comment(1, "Slipway applied network", "confirmed by local/grace")
        assert place.slipway("explain", applied).stdout == allowed
        place.say(1, "/slipway approve nosuch")
        place.wait_reply(1, "it concerns `network`")
        place.say(1, "/slipway approve network")
        place.wait_reply(1, "nothing to approve any more")


def a_repository_that_comes_later(build):
    """a repository made while the service runs gets its hooks; what was pushed to refs/for before is opened"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        late = place.work / "git" / "acme" / "late.git"
        place.run("git", "init", "-q", "--bare", "-b", "main", str(late))
        place.git("push", "-q", str(late), "HEAD:main")
        place.commit({"README.md": "early\n"})
        place.git("push", "-q", str(late), "HEAD:refs/for/main/early")
        pulls = wait_until(
            "the push to be a pull request",
            lambda: json.loads(
                place.slipway("pull", "list", "--repository", str(late), "--json").stdout
            ),
        )
        assert [(p["number"], p["topic"]) for p in pulls] == [(1, "early")], pulls
        wait_until(
            "the ref to be gone", lambda: "refs/for" not in place.git("ls-remote", str(late))
        )
        place.commit({"README.md": "later\n"})
        pushed = place.run(
            "git", "push", str(late), "HEAD:refs/for/main/later", cwd=place.clone
        ).stderr
        assert "pull request 2 opened" in pushed and "was not told" not in pushed, pushed


def what_opens_nothing_says_why(build):
    """what opens nothing, and names that are not fit, are refused with what to do; a branch names its topic"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        where = ("--repository", str(place.clone))
        before = place.slipway("pull", "open", *where, check=False)
        assert before.returncode == 2 and "the service has not set" in before.stderr, before
        place.start()

        def refused(*words):
            done = place.slipway("pull", *words, *where, check=False)
            assert done.returncode != 0 and not place.numbers(), done
            return done.stderr

        assert "has this commit already, so there is nothing to merge" in refused("open")
        assert "where the branch exists; there are: main" in refused("open", "--base", "mian")
        assert "the topic a..b cannot be part of a ref" in refused("open", "--topic", "a..b")
        assert "slipway pull list shows those" in refused("show", "7")
        assert "the comment is empty" in refused("comment", "1", " ")
        place.branch("feature/net")
        place.commit({"stacks/network/main.tf": place.stack("network", resource("net", "b"))})
        opened = place.slipway("pull", "open", *where)
        assert "pull request 1 opened" in opened.stderr, opened
        assert place.pull(1)["topic"] == "feature/net", place.pull(1)
        again = place.slipway("pull", "open", *where, check=False)
        assert again.returncode != 0 and "is open with this commit already" in again.stderr, again
        other = place.slipway("pull", "open", "--topic", "other", *where, check=False)
        assert other.returncode != 0 and "pull request 1 of topic feature/net" in other.stderr, (
            other
        )
        assert place.numbers() == [1]
        odd = place.slipway("pull", "comment", "1", "x", "--as", "a b", *where, check=False)
        assert odd.returncode == 2 and "nobody can be called `a b`" in odd.stderr, odd
        place.slipway("pull", "close", "1", *where)
        late = place.slipway("pull", "review", "1", "--approve", *where, check=False)
        assert late.returncode == 2 and "is closed and takes no review" in late.stderr, late


def checks_of_the_merge(build):
    """after the merge `pull checks` shows what became of the merge commit, beside the checks of the head"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.branch("topic")
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", "b"))}
        )
        place.wait_check(1, "success")
        shown = place.slipway("pull", "checks", "1").stdout
        assert "slipway/network: 1 to add" in shown and "merged as" not in shown, shown
        place.slipway("pull", "merge", "1", "--as", "grace")
        place.wait_comment(1, "Slipway applied network")
        commit = place.pull(1)["merge_commit"]

        def of_the_merge():
            found = json.loads(place.slipway("pull", "checks", "1", "--json").stdout)
            return {c["name"]: c for c in found if c["commit"] == commit}

        checks = wait_until(
            "a check of the merge",
            lambda: (lambda c: c if "slipway/network" in c and "slipway" in c else None)(
                of_the_merge()
            ),
        )
        assert checks["slipway"]["conclusion"] == "success", checks
        shown = place.slipway("pull", "checks", "1").stdout
        assert "merged as " + commit[:4] in shown, shown
        assert "slipway/network: " in shown[shown.index("merged as") :], shown
        late = place.slipway("pull", "review", "1", "--approve", "--as", "grace", check=False)
        assert late.returncode == 2 and "merged and nothing of it waits" in late.stderr, late


main(
    [
        from_plan_to_apply,
        what_each_change_plans,
        a_conflict_costs_no_run,
        every_way_to_open,
        what_waits_for_people,
        a_freeze_holds_what_is_merged,
        one_comment_of_many,
        outputs_and_a_branch_that_comes_back,
        a_broken_policy_is_not_taken_into_force,
        a_repository_that_comes_later,
        what_opens_nothing_says_why,
        checks_of_the_merge,
        an_apply_before_the_merge,
    ]
)
