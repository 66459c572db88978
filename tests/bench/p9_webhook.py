#!/usr/bin/env python3
"""P9: from a webhook sent to the finished required check handed to the forge, against fetch + init + plan + show by
hand. Both in turn on one machine; medians; the built-in forge, real Redis, the sandbox on our side alone.

    p9_webhook.py BUILD [ROUNDS]        BUILD: a release build, e.g. build/release
"""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "end_to_end"))
from place import Place, organisation, resource  # noqa: E402

BARS = {1: 1.25, 1000: 1.05}
ROUNDS = {1: 15, 1000: 9}


def many(count, value):
    return "".join(resource("r%d" % i, value) for i in range(count))


def ours(place, topic, text):
    """Seconds from the hook's webhook to the written check that shows the plan. The hook writes the pull request's meta
    ref and sends; the check is a later commit of that ref. When a commit was written its object's file tells."""
    place.branch(topic)
    place.commit({"stacks/network/main.tf": text})
    check = "checks/slipway@%s.json" % place.git("rev-parse", "HEAD")
    ref = "refs/pull/%d/meta" % (len(place.numbers()) + 1)
    subprocess.run(
        ["git", "push", "-q", "origin", "HEAD:refs/for/main/" + topic],
        cwd=place.clone,
        env=place.environment(),
        stderr=subprocess.DEVNULL,
        check=True,
    )

    def git(*argv):
        return subprocess.run(
            ["git", "-C", str(place.bare), *argv], capture_output=True, text=True
        ).stdout

    def is_completed(commit):
        return json.loads(git("show", commit + ":" + check) or "{}").get("status") == "completed"

    def written_at(commit):
        return (place.bare / "objects" / commit[:2] / commit[2:]).stat().st_mtime

    seen, pause = None, threading.Event()
    for _ in range(3_000):
        pause.wait(0.05)  # rarely: the machine is for the two that are measured
        tip = (place.bare / ref).read_text().strip()
        if tip != seen and is_completed(tip):
            commits = git("rev-list", "--first-parent", "--reverse", ref).split()
            return written_at(next(filter(is_completed, commits))) - written_at(commits[0])
        seen = tip
    raise AssertionError("the check was never written")


def by_hand(place, text, number):
    """Seconds of fetch + init + plan + show, as a person would in a clone that is there."""
    clone = place.work / "by-hand"
    if not clone.exists():
        place.run("git", "clone", "-q", str(place.bare), str(clone))
    environment = dict(
        place.environment(),
        CHECKPOINT_DISABLE="1",
        TF_IN_AUTOMATION="1",
        TF_CLI_CONFIG_FILE="/dev/null",
        TF_DATA_DIR=str(place.work / ("hand-%d" % number)),
    )
    tool = shutil.which("tofu") or shutil.which("terraform")
    began = time.monotonic()

    def step(*argv, cwd=None):
        subprocess.run(
            argv,
            cwd=cwd or clone / "stacks/network",
            env=environment,
            check=True,
            capture_output=True,
        )

    step("git", "fetch", "-q", "origin", "refs/pull/%d/head" % number, cwd=clone)
    step("git", "checkout", "-q", "--detach", "FETCH_HEAD", cwd=clone)
    step(tool, "init", "-input=false", "-no-color")
    step(tool, "plan", "-input=false", "-no-color", "-lock=false", "-out", str(place.work / "plan"))
    step(tool, "show", "-json", str(place.work / "plan"))
    return time.monotonic() - began


def measure(build, count, rounds):
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", many(count, "a"))})
        place.start()
        pairs = []
        for i in range(rounds + 1):
            text = place.stack("network", many(count, "v%d" % i))
            whole = ours(place, "t%d" % i, text)
            hand = by_hand(place, text, place.numbers()[-1])
            if i:  # the first of both warms up
                pairs.append((whole, hand))
        a, b = (statistics.median(p[k] for p in pairs) for k in (0, 1))
        ratio = statistics.median(
            whole / hand for whole, hand in pairs
        )  # the machine's speed changes between pairs
        print(
            "%4d resources: ours %.0f ms, by hand %.0f ms, bar %.2f, ratio %.2f"
            % (count, a * 1000, b * 1000, BARS[count], ratio),
            flush=True,
        )


for resources in BARS:
    measure(sys.argv[1], resources, int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS[resources])
