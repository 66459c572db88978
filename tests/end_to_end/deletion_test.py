#!/usr/bin/env python3
"""What becomes of a stack whose directory or description goes away: real Terraform, on the built-in forge."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import TOOL, Place, main, organisation, resource, wait_until  # noqa: E402


def tree_with(*lines, name="net"):
    """The stack `net` in stacks/net, which applies by itself; lines: more of its settings."""
    tree = organisation()
    del tree["stacks/network.yaml"]
    tree["stacks/%s.yaml" % name] = (
        "directory: stacks/net\napply: {when: on_merge, start: automatic}\n"
        + "".join(line + "\n" for line in lines)
    )
    return tree


def own_file(key="net", directory="stacks/net", *lines):
    return (
        "version: 1\nstacks:\n  %s:\n    directory: %s\n    tool: %s\n"
        "    apply: {when: on_merge, start: automatic}\n" % (key, directory, TOOL)
    ) + "".join("    %s\n" % line for line in lines)


def applied(place, main_tf, more=None):
    """A stack that lives: planned on a pull request, merged and applied. Returns nothing but trust in its state."""
    place.push_main(
        dict({"README.md": "hello\n", "stacks/net/main.tf": place.stack("net", "")}, **(more or {}))
    )
    place.start()
    place.branch("first")
    place.propose("first", {"stacks/net/main.tf": main_tf})
    place.wait_check(1, "success")
    place.slipway("pull", "merge", "1", "--as", "grace")
    place.wait_comment(1, "Slipway applied")
    assert place.resources("net") == ["a", "b"], place.resources("net")


def two(place):
    return place.stack("net", resource("a") + resource("b"))


def tracked(place, stack="net"):
    return [r for r in place.runs(stack) if r["kind"] in ("tracked", "destroy")]


def merge_anyway(place, number):
    """As where nobody requires the check."""
    place.slipway("pull", "merge", str(number), "--anyway", "--as", "grace")


def looked_at(place):
    """Main's tip was looked at: a marker stack's run, pushed afterwards, is there."""
    marker = "m%d" % len(place.runs())
    before = len(tracked(place, "marker"))
    place.git("fetch", "-q", "origin")
    place.git("checkout", "-q", "-B", "main", "origin/main")
    place.push_main({"stacks/marker/main.tf": place.stack("marker", resource(marker))})
    wait_until("the marker's run", lambda: len(tracked(place, "marker")) > before)


MARKER = {"stacks/marker.yaml": "directory: stacks/marker\n"}


def a_renamed_directory(build):
    """git mv of a stack's directory, start: automatic: planned at the new one, nothing destroyed, before and after"""
    with Place(build, dict(tree_with(), **MARKER)) as place:
        applied(place, two(place), {"stacks/marker/main.tf": place.stack("marker", "")})
        place.branch("move")
        place.git("mv", "stacks/net", "stacks/network")
        place.propose("move", {"stacks/network/more.tf": resource("c")})
        place.wait_check(2, "success")
        body = place.wait_comment(
            2,
            "`stacks/net` was renamed to `stacks/network`",
            "directory: stacks/network",
            "stacks/net.yaml:1",
            "+1",
        )
        assert "estroy" not in body.split("\n### ")[0].split("|")[0], body
        assert place.check(2, "slipway/net")["title"] == "1 to add", place.check(2, "slipway/net")
        place.slipway("pull", "merge", "2", "--as", "grace")
        place.wait_comment(2, "Slipway applied net", "as well")
        run = tracked(place)[0]
        assert (
            run["state"] == "finished"
            and run["renamed_from"] == "stacks/net"
            and not run["destroy"]
        ), run
        assert place.resources("net") == ["a", "b", "c"], place.resources("net")
        # Settings follow: the stack is there from now on, and nothing is renamed any more.
        place.write(
            place.organisation,
            {
                "stacks/net.yaml": tree_with()["stacks/net.yaml"].replace(
                    "stacks/net", "stacks/network"
                )
            },
        )
        wait_until("the tree to be read again", lambda: "was read again" in place.log())
        place.branch("later")
        place.propose("later", {"stacks/network/more.tf": resource("c") + resource("d")})
        place.wait_check(3, "success")
        assert "was renamed" not in place.wait_comment(3, "+1")


def a_deleted_directory(build):
    """a deleted directory is not planned: action_required with the number and the ways on, and nothing after a push"""
    with Place(build, dict(tree_with(), **MARKER)) as place:
        applied(place, two(place), {"stacks/marker/main.tf": place.stack("marker", "")})
        before = len(tracked(place))
        place.branch("delete")
        place.propose("delete", {"stacks/net/main.tf": None})
        check = place.wait_check(2, "action_required")
        assert (
            check["title"] == "stacks/net no longer exists, but stack net still manages 2 resources"
        ), check
        body = place.wait_comment(
            2, "### Slipway: `stacks/net` no longer exists, but stack net still manages 2 resources"
        )
        for way in (
            "Restore it",
            "`directory`",
            "`delete: destroy`",
            "`delete: orphan`",
            "stacks/net.yaml:1",
        ):
            assert way in body, (way, body)
        assert not [r for r in place.runs("net") if r["pull"] == 2], place.runs("net")
        merge_anyway(place, 2)
        place.wait_comment(2, "Nothing of net was destroyed")
        looked_at(place)
        assert len(tracked(place)) == before and place.resources("net") == ["a", "b"], tracked(
            place
        )
        # Gone before and gone now: nobody's concern.
        place.git("fetch", "-q", "origin")
        place.branch("other")
        place.propose("other", {"README.md": "more\n"})
        wait_until(
            "the third to be decided",
            lambda: place.check(3) and place.check(3)["status"] == "completed",
        )
        assert (
            place.check(3)["conclusion"] == "success"
            and "no stack" in place.check(3)["title"].lower()
        ), place.check(3)


def destroyed_because_its_settings_say_so(build):
    """delete: destroy plans it, leads the heading with the number, and waits for a confirmation that names the stack"""
    with Place(build, tree_with("delete: destroy")) as place:
        applied(place, two(place))
        place.branch("delete")
        place.propose("delete", {"stacks/net/main.tf": None})
        place.wait_check(2, "success")
        place.wait_comment(2, "### Slipway: merging destroys 2 resources in net", "| **net** |")
        place.slipway("pull", "merge", "2", "--as", "grace")
        place.wait_comment(
            2,
            "### Slipway: destroying 2 resources in net waits for confirmation by name",
            "/slipway apply net@",
        )
        assert place.resources("net") == ["a", "b"]
        place.say(2, "/slipway apply")
        place.wait_reply(2, "must be named: `/slipway apply net`")
        place.say(2, "/slipway apply n*")
        wait_until(
            "a second refusal",
            lambda: sum("must be named" in c["body"] for c in place.pull(2)["comments"]) == 2,
        )
        assert tracked(place)[0]["state"] == "unconfirmed" and place.resources("net") == ["a", "b"]
        place.say(2, "/slipway apply net")
        place.wait_comment(2, "destroyed 2 resources")
        assert place.resources("net") == []


def orphaned_because_its_settings_say_so(build):
    """delete: orphan is green, says that the resources stay unmanaged, and plans nothing"""
    with Place(build, dict(tree_with("delete: orphan"), **MARKER)) as place:
        applied(place, two(place), {"stacks/marker/main.tf": place.stack("marker", "")})
        before = len(tracked(place))
        place.branch("delete")
        place.propose("delete", {"stacks/net/main.tf": None})
        place.wait_check(2, "success")
        place.wait_comment(2, "the 2 resources of stack net stay unmanaged")
        place.slipway("pull", "merge", "2", "--as", "grace")
        looked_at(place)
        assert len(tracked(place)) == before and place.resources("net") == ["a", "b"]


def keys_of_a_repository_that_describes_itself(build):
    """a key that goes destroys nothing, one that is renamed is the same stack, and `delete` counts from before"""
    with Place(build) as place:
        applied(place, two(place), {".slipway.yaml": own_file()})
        stack, other = "local/acme/infra/net", "local/acme/infra/vpc"
        before = len(tracked(place, stack))

        place.branch("key")  # renamed: planned under its new name, with the settings of the old one
        place.propose("key", {".slipway.yaml": own_file("vpc")})
        place.wait_check(2, "success")
        proposed = [r for r in place.runs(other) if r["pull"] == 2]
        assert (
            len(proposed) == 1
            and proposed[0]["summary"] == "no changes"
            and not proposed[0]["destroy"]
        ), proposed
        assert "new with this" not in place.own_comments(2)[0]["body"].lower()
        place.slipway("pull", "close", "2")

        place.branch("gone")
        place.propose(
            "gone", {".slipway.yaml": "version: 1\nstacks: {}\n", "stacks/net/main.tf": None}
        )
        place.wait_check(3, "action_required")
        place.wait_comment(
            3, "`stacks/net` no longer exists, but stack %s still manages 2 resources" % stack
        )
        place.git("fetch", "-q", "origin")
        place.git("push", "-q", "origin", "HEAD:main")  # and past every check
        wait_until(
            "the log to tell of it", lambda: "resources stay, and nothing is planned" in place.log()
        )
        assert len(tracked(place, stack)) == before and place.resources("net") == ["a", "b"]

        restored = {
            ".slipway.yaml": own_file("net", "stacks/net", "delete: destroy"),
            "stacks/net/main.tf": two(place),
        }
        place.git("fetch", "-q", "origin")
        place.git("checkout", "-q", "-B", "main", "origin/main")
        place.push_main(restored)
        wait_until(
            "the restored stack's run",
            lambda: (
                len(tracked(place, stack)) > before
                and tracked(place, stack)[0]["state"] == "finished"
            ),
        )
        place.branch("again")
        place.propose(
            "again", {".slipway.yaml": "version: 1\nstacks: {}\n", "stacks/net/main.tf": None}
        )
        place.wait_check(4, "success")
        place.slipway("pull", "merge", "4", "--as", "grace")
        place.wait_comment(4, "destroying 2 resources in")
        assert place.resources("net") == ["a", "b"]
        place.slipway("confirm", tracked(place, stack)[0]["id"])
        place.wait_comment(4, "destroyed 2 resources")
        assert place.resources("net") == []


def moved_with_its_description(build):
    """a repository that moves a directory and says so in the same change has the same stack there"""
    with Place(build) as place:
        applied(place, two(place), {".slipway.yaml": own_file()})
        place.branch("move")
        place.git("mv", "stacks/net", "stacks/network")
        place.propose(
            "move",
            {
                ".slipway.yaml": own_file("net", "stacks/network"),
                "stacks/network/more.tf": resource("c"),
            },
        )
        place.wait_check(2, "success")
        body = place.wait_comment(2, "+1")
        assert "was renamed" not in body and "New with this" not in body, body
        place.slipway("pull", "merge", "2", "--as", "grace")
        place.wait_comment(2, "Slipway applied")
        assert place.resources("net") == ["a", "b", "c"]


main(
    [
        a_renamed_directory,
        a_deleted_directory,
        destroyed_because_its_settings_say_so,
        orphaned_because_its_settings_say_so,
        keys_of_a_repository_that_describes_itself,
        moved_with_its_description,
    ]
)
