#!/usr/bin/env python3
"""Runs of the branch that ended badly and are asked for again: real Terraform, on the built-in forge."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, wait_until  # noqa: E402


def broken_by(place, name):
    """A resource whose apply fails until somebody makes the file."""
    return (
        'resource "terraform_data" "%s" {\n  provisioner "local-exec" {\n    command = "test -e %s/%s"\n  }\n}\n'
        % (name, place.state, name)
    )


def tree_of_two():
    tree = organisation()
    tree["stacks/web.yaml"] = (
        "directory: stacks/web\napply: {when: on_merge, start: automatic}\n"
        "depends_on: {network: {}}\n"
    )
    return tree


def newest(place, stack):
    return next(r for r in place.runs(stack) if r["kind"] == "tracked")


def merged(place, topic, files):
    place.branch(topic)
    place.propose(topic, files)
    number = place.numbers()[-1]
    place.wait_check(number, "success")
    place.slipway("pull", "merge", str(number), "--as", "grace")
    return number


def a_failed_apply_and_what_depends_on_it(build):
    """an apply that failed is fixed outside and retried by a comment; what was skipped for it follows in order"""
    with Place(build, tree_of_two()) as place:
        place.push_main(
            {
                "stacks/network/main.tf": place.stack("network", ""),
                "stacks/web/main.tf": place.stack("web", ""),
            }
        )
        place.start()
        number = merged(
            place,
            "first",
            {
                "stacks/network/main.tf": place.stack("network", broken_by(place, "net")),
                "stacks/web/main.tf": place.stack("web", resource("page")),
            },
        )
        place.wait_comment(number, "apply of network failed", "/slipway retry network")
        wait_until("web to be skipped", lambda: newest(place, "web")["state"] == "skipped")
        skipped, failed = newest(place, "web"), newest(place, "network")
        place.say(number, "/slipway retry web")
        place.wait_reply(number, "whose run is failed")
        (place.state / "net").write_text("")
        place.say(number, "/slipway retry --failed")
        place.wait_reply(number, "what was skipped for it follows: `web`")
        again = wait_until(
            "network again",
            lambda: (lambda r: r if r["id"] != failed["id"] else None)(newest(place, "network")),
        )
        assert again["retry_of"] == failed["id"] and again["pull"] == number, again
        # What the failed apply left is another plan than the approved one: it waits, and a person lets it go on.
        if (
            wait_until(
                "network to wait or to be applied",
                lambda: (
                    newest(place, "network")["state"] in ("unconfirmed", "finished")
                    and newest(place, "network")["state"]
                ),
            )
            == "unconfirmed"
        ):
            place.say(number, "/slipway apply network")
        wait_until("web to be applied", lambda: newest(place, "web")["state"] == "finished")
        web = newest(place, "web")
        assert web["retry_of"] == skipped["id"] and web["waits_for"] == [
            newest(place, "network")["id"]
        ], web
        assert place.resources("network") == ["net"] and place.resources("web") == ["page"]
        place.wait_comment(number, "Slipway applied 2 stacks")
        refused = place.slipway("retry", failed["id"], check=False)
        assert refused.returncode == 1 and "asked for again already" in refused.stderr, refused


def what_was_discarded_comes_from_the_tip(build):
    """`/slipway apply` on what was discarded plans from the branch's tip; one at a time; the queue says behind whom"""
    tree = organisation()
    tree["stacks/network.yaml"] = (
        "directory: stacks/network\napply: {when: on_merge, start: confirmed}\n"
    )
    with Place(build, tree) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        first = merged(
            place, "one", {"stacks/network/main.tf": place.stack("network", resource("one"))}
        )
        wait_until("the first to wait", lambda: newest(place, "network")["state"] == "unconfirmed")
        discarded = newest(place, "network")["id"]
        place.say(first, "/slipway cancel")
        wait_until("it to be discarded", lambda: newest(place, "network")["state"] == "discarded")
        second = merged(place, "two", {"stacks/network/two.tf": resource("two")})
        wait_until("the second to wait", lambda: newest(place, "network")["state"] == "unconfirmed")
        place.say(first, "/slipway apply")
        place.wait_reply(first, "has another run under way")
        third = merged(place, "three", {"stacks/network/three.tf": resource("three")})
        place.wait_comment(third, "behind", "which waits for a confirmation")
        place.say(second, "/slipway cancel")
        wait_until("the third to wait", lambda: newest(place, "network")["state"] == "unconfirmed")
        place.say(third, "/slipway cancel")
        wait_until("all to be discarded", lambda: newest(place, "network")["state"] == "discarded")
        place.say(first, "/slipway apply network")
        again = wait_until(
            "the first again",
            lambda: (
                lambda r: r if r["retry_of"] == discarded and r["state"] == "unconfirmed" else None
            )(newest(place, "network")),
        )
        place.git("fetch", "-q", "origin")
        assert again["head"] == place.git("rev-parse", "origin/main"), again
        assert again["counts"]["create"] == 3, again["counts"]
        place.say(first, "/slipway apply network")
        place.wait_comment(first, "Slipway applied network")
        assert place.resources("network") == ["one", "three", "two"]


def a_push_without_a_pull_request(build):
    """a run that came by a push is retried from the command line, and waits for a person as it did before"""
    tree = organisation()
    with Place(build, tree) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        place.branch("seen")  # so that the branch is known
        place.propose("seen", {"stacks/network/main.tf": place.stack("network", resource("zero"))})
        place.wait_check(1, "success")
        place.slipway("pull", "merge", "1", "--as", "grace")
        place.wait_comment(1, "Slipway applied network")
        place.branch("direct")
        place.commit(
            {
                "stacks/network/main.tf": place.stack(
                    "network", resource("zero") + broken_by(place, "net")
                )
            }
        )
        place.git("push", "-q", "origin", "HEAD:main")

        def waits():
            return newest(place, "network")["state"] == "unconfirmed"

        wait_until("the pushed run to wait", waits)
        pushed = newest(place, "network")
        assert (
            pushed["pull"] is None and "without a merged pull request" in pushed["must_confirm"]
        ), pushed
        place.slipway("confirm", pushed["id"])
        wait_until("its apply to fail", lambda: newest(place, "network")["state"] == "failed")
        (place.state / "net").write_text("")
        assert "from the tip of main" in place.slipway("retry", pushed["id"]).stdout
        wait_until(
            "the retried run to wait",
            lambda: newest(place, "network")["id"] != pushed["id"] and waits(),
        )
        again = newest(place, "network")
        assert (
            again["must_confirm"] == pushed["must_confirm"] and again["retry_of"] == pushed["id"]
        ), again
        place.slipway("confirm", again["id"])
        wait_until("the retried apply", lambda: newest(place, "network")["state"] == "finished")
        assert place.resources("network") == ["net", "zero"]


def on_an_open_pull_request(build):
    """`retry` on an open pull request plans again, --failed only what failed; a note is not passed on to the tool"""
    tree = organisation()
    tree["stacks/web.yaml"] = "directory: stacks/web\n"
    with Place(build, tree) as place:
        place.push_main(
            {
                "stacks/network/main.tf": place.stack("network", ""),
                "stacks/web/main.tf": place.stack("web", ""),
            }
        )
        place.start()
        place.branch("topic")
        place.propose(
            "topic",
            {
                "stacks/network/main.tf": place.stack(
                    "network",
                    resource("net")
                    + 'locals {\n  x = file("%s/given")\n}\noutput "x" {\n  value = local.x\n}\n'
                    % place.state,
                ),
                "stacks/web/main.tf": place.stack("web", resource("page")),
            },
        )
        place.wait_check(1, "failure")
        (place.state / "given").write_text("x")
        web = place.runs("web")[0]["id"]
        place.say(1, "/slipway retry --failed -- -target=x")
        place.wait_reply(1, "it was not passed to")
        place.wait_check(1, "success")
        assert len(place.runs("network")) == 2 and place.runs("web")[0]["id"] == web
        place.say(1, "/slipway retry --failed")
        place.wait_reply(1, "Nothing here failed")


main(
    [
        a_failed_apply_and_what_depends_on_it,
        what_was_discarded_comes_from_the_tip,
        a_push_without_a_pull_request,
        on_an_open_pull_request,
    ]
)
