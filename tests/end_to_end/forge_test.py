#!/usr/bin/env python3
"""What every forge gives the reader of a pull request: the same scenarios over each of them, with the real service,
Redis, git and Terraform or OpenTofu. A scenario says what people do and see; the driver knows how on its forge.

    forge_test.py BUILD gitea|gitlab|github|builtin [scenario…]
"""

import pathlib
import re
import sys
import tempfile
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from forge_drivers import DRIVERS  # noqa: E402
from forge_place import ForgePlace, wait_until  # noqa: E402
from place import resource, settled  # noqa: E402

STACKS = (
    "opened",
    "forced",
    "retargeted",
    "draft",
    "closed",
    "talk",
    "held",
    "held-late",
    "style",
    "fork",
    "limited",
    "lagging",
    "twice",
    "killed",
    "silent",
    "renamed",
)


def set_up(p, forge):
    """`forge setup` makes the one webhook, again in place of the old one; `forge check` finds it in order"""
    said = p.set_up()
    assert "changed  the webhook sends to " + p.webhooks.url in said, said
    assert "ok       a test event arrived at the service" in said, said
    found = [h for h in forge.webhook_urls() if h.startswith(p.webhooks.url)]
    assert len(found) == 1, found
    checked = p.set_up("check")
    assert "ok       the webhook sends to " + p.webhooks.url in checked, checked
    assert "advice   merging into main does not wait for the check slipway" in checked, checked
    file = str(p.work / "slipway.yaml")
    parts = p.run(p.binary, "serve", "--check", "--config", file).stdout
    assert re.search(r"ok       forge \S+: \S+ takes the credentials, as \S+", parts), parts


def opened(p, forge):
    """a pull request gets a status for each stack, a summary and one comment, which a new commit edits"""
    number = p.propose("opened", resource("first"))
    p.check(number)
    p.check(number, "slipway/opened", title="1 to add")
    p.comment(number, "terraform_data.first", forge.head(number)[:7])
    forge.commit(
        "topic-opened",
        {"stacks/opened/main.tf": p.stack("opened", resource("first") + resource("second"))},
        "More",
    )
    p.check(number, "slipway/opened", title="2 to add")
    p.comment(number, "terraform_data.second", forge.head(number)[:7], "ready to merge")
    forge.merge(number)
    p.applied("opened", "first", "second")
    p.comment(number, "applied")


def forced(p, forge):
    """a branch that was rewritten is planned again, and its old plan applies to nothing"""
    number = p.propose("forced", resource("before"))
    p.check(number, "slipway/forced", title="1 to add")
    forge.commit(
        "topic-forced",
        {
            "stacks/forced/main.tf": p.stack(
                "forced", resource("after") + resource("x") + resource("y")
            )
        },
        "Again",
        force=True,
    )
    p.check(number, "slipway/forced", title="3 to add")
    p.comment(number, "terraform_data.after", forge.head(number)[:7], "ready to merge")
    forge.merge(number)
    p.applied("forced", "after", "x", "y")
    assert "before" not in p.resources("forced")


def retargeted(p, forge):
    """a pull request that gets another base branch is judged for that one"""
    forge.commit("release", {"notes.txt": "A release"}, "A release")
    number = p.propose("retargeted", resource("one"), base="release")
    p.check(number)
    assert "slipway/retargeted" not in forge.checks(number), forge.checks(number)
    forge.retarget(number, "main")
    p.check(number, "slipway/retargeted", title="1 to add")


def draft(p, forge):
    """a draft is planned, says so, and is ready when its author says that"""
    number = p.propose("draft", resource("one"), draft=True)
    p.comment(number, "still a draft")
    forge.set_draft(number, False)
    p.check(number, "slipway/draft", title="1 to add")
    wait_until(
        "the comment to be about no draft",
        lambda: "still a draft" not in p.ours(number)[0]["body"],
    )


def closed_and_reopened(p, forge):
    """a closed pull request asks for nothing any more; reopened, it is planned again"""
    number = p.propose("closed", resource("one"))
    p.check(number, "slipway/closed")
    forge.close(number)
    settled(p)
    forge.reopen(number)
    forge.commit(
        "topic-closed",
        {"stacks/closed/main.tf": p.stack("closed", resource("one") + resource("two"))},
        "More",
    )
    p.check(number, "slipway/closed", title="2 to add")


def talk(p, forge):
    """a comment commands once, is acknowledged, and commands nothing once it was edited; strangers are told no"""
    number = p.propose("talk", resource("one"))
    p.check(number, "slipway/talk", title="1 to add")
    before = len(p.runs("talk"))
    remark = forge.comment(number, "Thank you!")
    forge.edit_comment(number, remark, "/slipway plan")
    said = forge.comment(number, "/slipway plan")
    wait_until("another plan", lambda: len(p.runs("talk")) == before + 1)
    wait_until("the eyes", lambda: forge.reactions(number, said))
    p.check(number, "slipway/talk")
    forge.comment(number, "/slipway help")
    p.reply(number, "/slipway")
    forge.comment(number, "/slipway cancel", by="mallory")
    p.reply(number, "mallory")
    settled(p)
    assert len(p.runs("talk")) == before + 1, p.runs("talk")
    assert not forge.reactions(number, remark)


def held(p, forge):
    """what needs an approval is red until a review gives it, and red again once that is taken back"""
    number = p.propose("held", resource("one"))
    p.check(number, "slipway", "failure")
    review = forge.review(number, "approve", by="grace")
    p.check(number, "slipway", "success")
    # A new commit voids what was said of the one before it.
    forge.commit(
        "topic-held",
        {"stacks/held/main.tf": p.stack("held", resource("one") + resource("two"))},
        "More",
    )
    p.comment(number, "terraform_data.two")
    p.check(number, "slipway", "failure")
    review = forge.review(number, "approve", by="grace")
    p.check(number, "slipway", "success")
    forge.withdraw(number, review, by="grace")
    forge.merge(number)
    run = wait_until(
        "the run of the merge to wait",
        lambda: next(
            (r for r in p.runs("held") if r["kind"] == "tracked" and r["state"] == "unconfirmed"),
            None,
        ),
    )
    assert not p.resources("held"), run
    # By its name, for it was shown a moment ago only.
    named = wait_until(
        "the comment to name the plan",
        lambda: re.search(
            r"`/slipway approve (held@%s\w*)`" % run["plan_digest"][:4], p.ours(number)[0]["body"]
        ),
    ).group(1)
    forge.comment(number, "/slipway approve " + named, by="grace")
    wait_until(
        "the approval to count", lambda: "waits for 1 approval" not in p.ours(number)[0]["body"]
    )
    settled(p)
    if not p.resources("held"):
        forge.comment(number, "/slipway apply " + named, by="grace")
    p.applied("held", "one", "two")


def styles(p, forge):
    """F18: each way to merge that the forge has leads to the apply of what was planned"""
    body = ""
    for style in forge.styles:
        name = "by_" + style.replace("-", "_")
        body += resource(name)
        number = p.propose("style", body, branch="topic-" + style)
        p.check(number, "slipway/style", title="1 to add")
        p.comment(number, "ready to merge")
        forge.merge(number, style)
        p.applied("style", name)
        p.comment(number, "applied")


def fork(p, forge):
    """T15: nothing of a fork is run until somebody who may allows that very commit; the next one waits again"""
    forge.commit(
        "topic-fork",
        {"stacks/fork/main.tf": p.stack("fork", resource("one"))},
        "From outside",
        by="mallory",
        fork="mallory",
    )
    number = forge.open_pull("topic-fork", "From outside", fork_of="mallory")
    head = forge.head(number)
    p.comment(number, "comes from a fork", "/slipway allow commit " + head[:7])
    settled(p)

    def planned():
        return [r for r in p.runs("fork") if r["kind"] == "proposed"]

    assert not planned(), planned()
    forge.comment(number, "/slipway allow commit " + head[:7], by="mallory")
    p.reply(number, "mallory does not have it")
    forge.comment(number, "/slipway allow commit 0123456789", by="grace")
    p.reply(number, "look at that one first")
    assert not planned(), planned()
    forge.comment(number, "/slipway allow commit " + head[:7], by="grace")
    p.check(number, "slipway/fork", title="1 to add")
    forge.commit(
        "topic-fork",
        {"stacks/fork/main.tf": p.stack("fork", resource("one") + resource("two"))},
        "More from outside",
        by="mallory",
        fork="mallory",
    )
    newer = wait_until(
        "the newer commit", lambda: (lambda h: h if h != head else None)(forge.head(number))
    )
    p.comment(number, "/slipway allow commit " + newer[:7])
    settled(p)
    assert {r["head"] for r in planned()} == {head}, planned()


def limited(p, forge):
    """a forge that limits, fails or loses its answers delays what is written, and doubles nothing"""
    writes = lambda method, path: method in ("POST", "PATCH", "PUT")  # noqa: E731
    creates = lambda method, path: method == "POST" and ("/comments" in path or "/notes" in path)  # noqa: E731
    p.api.answer_with(429, 2, {"Retry-After": "1"}, wanted=writes)
    p.api.answer_with(500, 2, wanted=writes)
    p.api.answer_with(None, 1, wanted=creates, then_pass=True)

    def reads(method, path):
        return method == "GET" and ("/pulls/" in path or "/merge_requests/" in path)

    p.api.answer_with(502, 1, wanted=reads)
    number = p.propose("limited", resource("one"))
    p.check(number, "slipway/limited", title="1 to add")
    p.comment(number, "terraform_data.one")
    wait_until("every fault to be met", lambda: p.api.left() == 0)
    settled(p)
    assert len(p.ours(number)) == 1, forge.comments(number)


def lagging(p, forge):
    """F6: git that lags behind the webhook is asked again"""
    p.api.answer_with(404, 2, wanted=lambda method, path: "info/refs" in path)
    number = p.propose("lagging", resource("one"))
    p.check(number, "slipway/lagging", title="1 to add")
    assert p.api.left() == 0


def twice(p, forge):
    """F2, F4: a webhook that comes twice makes nothing new"""
    number = p.propose("twice", resource("one"))
    p.check(number, "slipway/twice", title="1 to add")
    settled(p)
    runs = len(p.runs("twice"))
    for call in p.webhooks.passed[-6:]:
        status, _, _ = p.webhooks.again(call)
        assert status == 202, call
    settled(p)
    assert len(p.runs("twice")) == runs, p.runs("twice")


def killed(p, forge):
    """kill -9 of the service and of the forge loses nothing and does nothing twice"""
    made = p.state / "made"
    body = (
        'resource "terraform_data" "one" {\n  provisioner "local-exec" {\n'
        '    command = "echo made >> %s"\n  }\n}\n' % made
    )
    number = p.propose("killed", body)
    p.kill()
    p.start()
    p.check(number, "slipway/killed", title="1 to add")
    p.comment(number, "ready to merge")
    if hasattr(forge, "kill"):
        forge.kill()
        forge.start()
    before = len(p.runs("killed"))
    forge.merge(number)
    wait_until("the merge to be seen", lambda: len(p.runs("killed")) > before)
    p.kill()
    p.start()

    def ended():
        """An apply that was broken off waits for somebody, who looks and says so."""
        run = p.runs("killed")[0]
        if run["state"] == "unknown":
            done = "--applied" if made.exists() else "--failed"
            p.slipway("resolve", run["id"], done, check=False)
        if run["state"] == "unconfirmed":
            p.slipway("discard" if made.exists() else "confirm", run["id"], check=False)
        return made.exists() and run["state"] in ("finished", "discarded", "failed", "stopped")

    wait_until("the run to end", ended, 120)
    assert made.read_text() == "made\n", made.read_text()


def silent(p, forge):
    """what no webhook told is found when the service starts"""
    p.stop()
    number = p.propose("silent", resource("one"))
    p.start()
    p.check(number, "slipway/silent", title="1 to add")
    p.comment(number, "ready to merge")
    p.stop()
    forge.merge(number)
    p.start()
    p.applied("silent", "one")


def renamed(p, forge):
    """F23: a repository that is renamed between plan and merge is still the one that the stacks name"""
    number = p.propose("renamed", resource("one"))
    p.check(number, "slipway/renamed", title="1 to add")
    p.comment(number, "ready to merge")
    forge.rename("infrastructure")
    forge.merge(number)
    p.applied("renamed", "one")
    p.comment(number, "applied")


SCENARIOS = (
    set_up,
    opened,
    forced,
    retargeted,
    draft,
    closed_and_reopened,
    talk,
    held,
    styles,
    fork,
    limited,
    lagging,
    twice,
    killed,
    silent,
    renamed,
)


def main():
    build, kind, wanted = sys.argv[1], sys.argv[2], sys.argv[3:]
    failed = []
    with tempfile.TemporaryDirectory(prefix="slipway-forge-") as work:
        with (
            DRIVERS[kind](pathlib.Path(build).resolve(), work) as forge,
            ForgePlace(build, forge, STACKS) as place,
        ):
            place.begin(STACKS)
            for scenario in SCENARIOS:
                if wanted and scenario.__name__ not in wanted:
                    continue
                if scenario.__name__ in forge.cannot:
                    print(
                        "left out %s: %s: %s"
                        % (kind, scenario.__doc__, forge.cannot[scenario.__name__])
                    )
                    continue
                began = time.monotonic()
                try:
                    scenario(place, forge)
                    refused = [c for c in place.webhooks.passed if c["status"] not in (202, 502)]
                    assert not refused, refused
                except Exception:  # every scenario is shown
                    traceback.print_exc()
                    print("failed  %s: %s" % (kind, scenario.__doc__), flush=True)
                    print(place.show())
                    failed.append(scenario.__name__)
                    continue
                took = time.monotonic() - began
                print("passed  %s: %s (%.1f s)" % (kind, scenario.__doc__, took), flush=True)
            assert not failed, failed


main()
