#!/usr/bin/env python3
"""Rules of trust that need the whole program: each case is named by the rule it holds."""

import json
import os
import re
import pathlib
import pwd
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import TOOL, Place, main, organisation, resource, send, settled, wait_until  # noqa: E402

ONE_OTHER = """package slipway

import rego.v1

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
}

approve if count(approved_by) >= 1

reject if count(input.reviews.current.rejections) > 0

missing contains "1 of those who may write" if not approve
"""


def with_one_other(trusting=True):
    """A tree in which one approval by somebody else is needed."""
    tree = organisation()
    tree["policies/approval/one_other.rego"] = ONE_OTHER
    if trusting:
        tree["space.yaml"] += "trust: folder\n"
    return tree


def proposed(place, value="b", topic="topic", files=None):
    place.branch(topic)
    place.propose(
        topic, files or {"stacks/network/main.tf": place.stack("network", resource("net", value))}
    )
    return place.numbers()[-1]


def start_network(place):
    place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
    return place.start()


def w1_an_event_is_a_hint(build):
    """W1, F7: what an event says is read again: a replayed or lying event changes nothing"""
    with Place(build, organisation()) as place:
        start_network(place)
        number = proposed(place)
        place.wait_check(number, "success")
        settled(place)
        before = place.runs()
        assert send(place, "pull_request", number=number, change="opened", sender="linus") == 202
        assert (
            send(place, "push", branch="main", before="", after="f" * 40, sender="mallory") == 202
        )
        assert send(place, "pull_request", number=99, change="closed", sender="mallory") == 202
        wait_until("the lies to be left alone", lambda: "an event is left alone" in place.log())
        settled(place)
        assert place.runs() == before
        assert send(place, "push", secret="0" * 64, branch="main") == 401


def w2_one_matrix_of_rights(build):
    """W2: a command counts once, from somebody with both rights; comment, command line and API answer alike"""
    tree = organisation()
    tree["stacks/network.yaml"] = (
        "directory: stacks/network\napply: {when: on_merge, start: confirmed}\n"
    )
    with Place(build, tree) as place:
        start_network(place)
        number = proposed(place)
        place.wait_check(number, "success")
        place.slipway("pull", "merge", str(number))
        run = wait_until(
            "the run to wait",
            lambda: next((r for r in place.runs("network") if r["state"] == "unconfirmed"), None),
        )
        place.wait_comment(number, "waits for confirmation")
        place.say(number, "/slipway apply", who="mallory")
        place.wait_reply(number, "mallory does not have it")
        reader = place.slipway("token", "create", "reading", "--role", "reader").stdout.strip()
        writer = place.slipway("token", "create", "writing", "--role", "writer").stdout.strip()
        confirm = "/api/v1/runs/%s/confirm" % run["id"]
        assert place.http("POST", confirm, "{}")[0] == 401
        assert place.http("POST", confirm, "{}", {"Authorization": "Bearer nonsense"})[0] == 401
        assert place.http("POST", confirm, "{}", {"Authorization": "Bearer " + reader})[0] == 403
        assert place.runs("network")[0]["state"] == "unconfirmed"
        status, text = place.http("POST", confirm, "{}", {"Authorization": "Bearer " + writer})
        assert status == 200, text
        place.wait_comment(number, "Slipway applied network")
        place.say(number, "/slipway apply", who="grace")
        place.wait_reply(number, "does not wait for a confirmation")
        comment = [c for c in place.pull(number)["comments"] if c["author"]["login"] == "grace"][-1]
        settled(place)
        replies = len(place.pull(number)["comments"])
        assert send(place, "comment", number=number, comment=comment["id"], sender="grace") == 202
        settled(place)
        assert len(place.pull(number)["comments"]) == replies, "a comment was acted on twice"


def w3_an_approval_binds_to_what_was_seen(build):
    """W3: an approval counts for the plan it saw: a new commit voids it, another plan's name is refused"""
    # Only that it is the author's own may keep an approval of the author from counting.
    tree = with_one_other()
    myself = pwd.getpwuid(os.geteuid()).pw_name
    tree["space.yaml"] = (
        tree["space.yaml"]
        .replace("people:\n", "people:\n  me: {local: %s}\n" % myself)
        .replace("writer: [", "writer: [me, ")
    )
    with Place(build, tree) as place:
        start_network(place)
        number = proposed(place)
        check = place.wait_check(number, "action_required")
        assert "1 of those who may write" in check["title"] + check["summary"] + check["text"], (
            check
        )
        place.say(number, "/slipway approve network@0000")
        place.wait_reply(number, "not the one that was named")
        digest = place.runs("network")[0]["plan_digest"]
        place.say(number, "/slipway approve network@" + digest[:6])
        place.wait_check(number, "success")
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", "c"))}
        )
        place.wait_check(number, "action_required")
        author = place.pull(number)["author"]["login"]
        assert author == myself
        place.slipway("pull", "review", str(number), "--approve", "--as", author)
        settled(place)
        assert place.check(number)["conclusion"] == "action_required", "the author approved"
        place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        place.wait_check(number, "success")


def w3_a_refusal_holds_for_its_commit(build):
    """W3: a refusal holds for its commit, however often that is planned, until whoever refused takes it back"""
    with Place(build, with_one_other()) as place:
        start_network(place)
        number = proposed(place)
        place.wait_check(number, "action_required")
        place.say(number, "/slipway explain network", who="linus")
        place.wait_reply(number, "needs 1 of those who may write")
        place.say(number, "/slipway reject network -- not on a Friday")
        place.wait_comment(number, "rejected by grace")
        first = place.runs("network")[0]["id"]
        place.say(number, "/slipway plan network", who="linus")
        wait_until(
            "a second plan",
            lambda: (
                place.runs("network")[0]["id"] != first
                and place.runs("network")[0]["state"] == "finished"
            ),
        )
        settled(place)
        assert place.check(number)["conclusion"] == "action_required", (
            "planning again lifted a refusal"
        )
        place.wait_comment(number, "rejected by grace")
        second = place.runs("network")[0]
        told = place.slipway("explain", "--data", str(place.data), second["id"]).stdout
        assert "grace rejected plan" in told and ": not on a Friday" in told, told
        place.say(number, "/slipway approve network@" + second["plan_digest"][:6])
        place.wait_check(number, "success")


def w5_only_a_merged_pull_request_lends(build):
    """W5: a push without a merged pull request, and one that is not a fast-forward, wait for a confirmation"""
    with Place(build, organisation()) as place:
        first = place.push_main(
            {"stacks/network/main.tf": place.stack("network", resource("net", "a"))}
        )
        place.start()
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "b"))})
        run = wait_until(
            "the pushed run to wait",
            lambda: next((r for r in place.runs("network") if r["state"] == "unconfirmed"), None),
        )
        assert "without a merged pull request" in run["reason"], run
        place.slipway("confirm", run["id"])
        wait_until("the apply", lambda: place.resources("network") == ["net"])
        place.git("reset", "-q", "--hard", first)
        place.commit({"stacks/network/main.tf": place.stack("network", resource("other", "c"))})
        place.git("push", "-q", "-f", "origin", "HEAD:main")
        run = wait_until(
            "the forced run to wait",
            lambda: next((r for r in place.runs("network") if r["state"] == "unconfirmed"), None),
        )
        assert "not a fast-forward" in run["reason"], run
        assert place.resources("network") == ["net"]


def c1_authority_comes_from_the_tracked_branch(build):
    """C1: a head cannot change its own rules; a stack that only a head describes is new; another base concerns none"""
    settings = (
        "version: 1\nstacks:\n"
        "  network: {directory: stacks/network, apply: {when: on_merge, start: confirmed}}\n"
    )
    with Place(build) as place:
        place.push_main(
            {
                ".slipway.yaml": settings.replace("}}", "}, tool: %s}" % TOOL),
                "stacks/network/main.tf": place.stack("network", resource("net", "a")),
            }
        )
        place.git("push", "-q", "origin", "HEAD:release")
        place.start()
        place.branch("topic")
        changed = (place.clone / ".slipway.yaml").read_text().replace("confirmed", "automatic")
        changed += "  extra: {directory: stacks/extra, tool: %s}\n" % TOOL
        place.propose(
            "topic",
            {
                ".slipway.yaml": changed,
                "stacks/network/main.tf": place.stack("network", resource("net", "b")),
                "stacks/extra/main.tf": place.stack("extra", resource("more")),
            },
        )
        place.wait_check(1, "success")
        place.wait_comment(
            1,
            "New with this pull request, and planned without secrets",
            "network wait for a confirmation",
        )
        place.branch("elsewhere", "release")
        place.commit({"stacks/network/main.tf": place.stack("network", resource("net", "z"))})
        place.git("push", "-q", "origin", "HEAD:refs/for/release/elsewhere")
        check = place.wait_check(2, "success")
        assert "no stack" in check["title"].lower(), check


def r4_inputs_and_changes_must_both_be_the_approved_ones(build):
    """R4: a changed command, expression behind an unknown or file that is read void an approval; a README does not"""
    unknown = (
        'resource "terraform_data" "first" {\n  input = "x"\n}\n'
        'resource "terraform_data" "second" {\n  input = "${terraform_data.first.id}%s"\n}\n'
    )
    command = (
        'resource "terraform_data" "net" {\n  input = "x"\n  provisioner "local-exec" {\n'
        '    command = "echo %s"\n  }\n}\n'
    )
    cases = {
        "command": ({"run.tf": command % "a"}, {"run.tf": command % "b"}),
        "unknown": ({"run.tf": unknown % "a"}, {"run.tf": unknown % "b"}),
        "file": (
            {
                "run.tf": 'resource "terraform_data" "net" {\n  input = "x"\n  triggers_replace = '
                'sha256(file("data.txt"))\n}\n',
                "data.txt": "a",
            },
            {"data.txt": "b"},
        ),
        "sensitive": (
            {"run.tf": 'resource "terraform_data" "net" {\n  input = sensitive("a")\n}\n'},
            {"run.tf": 'resource "terraform_data" "net" {\n  input = sensitive("b")\n}\n'},
        ),
    }
    with Place(build, with_one_other()) as place:
        start_network(place)
        for name, (before, after) in cases.items():
            inside = lambda files: {"stacks/network/" + path: text for path, text in files.items()}  # noqa: E731
            place.branch(name)
            place.propose(
                name,
                dict(
                    inside(before),
                    **{"stacks/network/main.tf": place.stack("network", "# %s\n" % name)},
                ),
            )
            number = place.numbers()[-1]
            place.wait_check(number, "action_required")
            place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
            place.wait_check(number, "success")
            # Somebody changes the same input on the topic between approval and merge, past the forge's eyes.
            tip = place.commit(inside(after), "sneaked in")
            place.git("fetch", "-q", "origin")
            place.git("checkout", "-q", "-B", "landing", "origin/main")
            place.git("merge", "-q", "--no-ff", "-m", "Merge", tip)
            place.git("push", "-q", "origin", "HEAD:main")
            run = wait_until(
                "%s: the run to wait" % name,
                lambda: next(
                    (
                        r
                        for r in place.runs("network")
                        if r["state"] == "unconfirmed" and not r["awaits_consideration"]
                    ),
                    None,
                ),
            )
            assert run["reason"], run
            place.slipway("discard", run["id"])
            wait_until(
                "the lane to be free", lambda: place.runs("network")[0]["state"] == "discarded"
            )


def s2_the_socket_and_the_tokens(build):
    """S2: the socket is its owner's; over TCP every call wants a token, from loopback, too; a revoked one ends"""
    with Place(build, organisation()) as place:
        start_network(place)
        mode = stat.S_IMODE(os.stat(place.data / "slipway.sock").st_mode)
        assert mode == 0o600, oct(mode)
        assert stat.S_IMODE(os.stat(place.data).st_mode) == 0o700
        assert place.http("GET", "/api/v1/runs")[0] == 401
        assert place.http("GET", "/api/v1/runs", headers={"X-Forwarded-For": "127.0.0.1"})[0] == 401
        assert place.http("GET", "/api/v1/runs", unix=True)[0] == 200
        token = place.slipway("token", "create", "ci").stdout.strip()
        headers = {"Authorization": "Bearer " + token}
        assert place.http("GET", "/api/v1/runs", headers=headers)[0] == 200
        assert (
            place.http("POST", "/api/v1/tokens", '{"name": "more", "role": "admin"}', headers)[0]
            == 403
        )
        listed = json.loads(place.slipway("token", "list", "--json").stdout)["tokens"]
        assert token not in json.dumps(listed)
        place.slipway("token", "create", "other")
        place.slipway("token", "create", "other")
        refused = place.slipway("token", "revoke", "other", check=False)
        assert refused.returncode == 1 and "several tokens" in refused.stderr, refused
        place.slipway("token", "revoke", listed[0]["name"])
        assert place.http("GET", "/api/v1/runs", headers=headers)[0] == 401
        assert place.http("GET", "/healthz")[0] == 200
        # Where the links of a comment lead: how to read it, and nothing of it.
        proposed(place)
        place.wait_check(1, "success")
        run = place.runs("network")[0]
        link = re.search(r"https?://[^/]+(/runs/[^)]+)", place.own_comments(1)[-1]["body"]).group(1)
        status, page = place.http("GET", link)
        assert status == 200 and "slipway logs " + run["id"] in page, page
        assert "network" not in page and place.http("GET", "/runs/no-such-run")[0] == 200, page
        assert place.http("GET", "/runs/%3Cscript%3E")[0] == 404


def s6_approvals_count_where_the_space_says_so(build):
    """S6: an approval on the built-in forge counts only where the space says `trust: folder`"""
    with Place(build, with_one_other(trusting=False)) as place:
        start_network(place)
        number = proposed(place)
        place.wait_check(number, "action_required")
        place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        settled(place)
        assert place.check(number)["conclusion"] == "action_required"
        place.write(place.organisation, {"space.yaml": with_one_other()["space.yaml"]})
        wait_until("the tree to be read again", lambda: "was read again" in place.log())
        place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        place.wait_check(number, "success")


def s6_the_folder_is_trusted_and_nothing_else(build):
    """S6: pushes to refs/pull/* are refused, each repository has its own secret, nothing in a repository is run"""
    with Place(build, organisation()) as place:
        start_network(place)
        number = proposed(place)
        place.wait_check(number, "success")
        pushed = place.run(
            "git", "push", "origin", "HEAD:refs/pull/7/head", cwd=place.clone, check=False
        )
        assert pushed.returncode != 0 and "written by the forge alone" in pushed.stderr, (
            pushed.stderr
        )
        mode = stat.S_IMODE(os.stat(place.bare / "slipway.secret").st_mode)
        assert mode == 0o600, oct(mode)
        other = place.work / "git" / "acme" / "other.git"
        place.run("git", "init", "-q", "--bare", str(other))
        place.stop()
        place.start()
        stranger = (other / "slipway.secret").read_text().strip()
        assert stranger != (place.bare / "slipway.secret").read_text().strip()
        assert send(place, "push", secret=stranger, branch="main") == 401
        place.branch("hooks")
        place.propose(
            "hooks",
            {
                ".git-hooks/post-checkout": "#!/bin/sh\ntouch %s/ran\n" % place.work,
                ".gitattributes": "* filter=evil\n",
                "stacks/network/main.tf": place.stack("network", resource("net", "q")),
            },
        )
        place.wait_check(place.numbers()[-1], "success")
        assert not (place.work / "ran").exists()


main(
    [
        w1_an_event_is_a_hint,
        w2_one_matrix_of_rights,
        w3_an_approval_binds_to_what_was_seen,
        w3_a_refusal_holds_for_its_commit,
        w5_only_a_merged_pull_request_lends,
        c1_authority_comes_from_the_tracked_branch,
        r4_inputs_and_changes_must_both_be_the_approved_ones,
        s2_the_socket_and_the_tokens,
        s6_approvals_count_where_the_space_says_so,
        s6_the_folder_is_trusted_and_nothing_else,
    ]
)
