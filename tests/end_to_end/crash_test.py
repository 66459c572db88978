#!/usr/bin/env python3
"""What survives when processes die: an event once acknowledged is acted on, a plan starts again, Redis comes back."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, wait_until  # noqa: E402


def killed_right_after_the_acknowledgement(build):
    """the service killed right after its 202: the run still happens after the restart"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.branch("topic")
        place.commit({"stacks/network/main.tf": place.stack("network", resource("net", "b"))})
        place.git(
            "push", "-q", "origin", "HEAD:refs/for/main/topic"
        )  # returns once the hook has its 202
        place.kill()
        place.start()
        place.wait_check(1, "success")
        assert len(place.runs("network")) == 1


def opened_while_it_was_away(build):
    """a pull request opened while the service was away is said to be untold, and found when the service starts"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.kill()
        asked = place.slipway("runs", check=False)
        assert (
            asked.returncode == 3 and "no service runs on %s: start it" % place.data in asked.stderr
        ), asked
        place.branch("topic")
        place.commit({"stacks/network/main.tf": place.stack("network", resource("net", "b"))})
        told = place.run(
            "git", "push", "origin", "HEAD:refs/for/main/topic", cwd=place.clone
        ).stderr
        assert "the service was not told" in told and "comment `/slipway plan`" in told, told
        place.start()
        # May come before the service has found it, or after.
        place.say(1, "/slipway plan", who="mallory")
        place.wait_reply(1, "mallory does not have it")
        place.wait_check(1, "success")
        place.say(1, "/slipway plan")
        wait_until("the plan that was asked for", lambda: len(place.runs("network")) == 2)
        place.wait_check(1, "success")


def redis_killed(build):
    """Redis killed: it is started again, everything acknowledged is there, and webhooks are taken again"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.branch("topic")
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", "b"))}
        )
        place.wait_check(1, "success")
        os.kill(place.redis_pid(), signal.SIGKILL)
        wait_until("the service to be ready again", lambda: place.http("GET", "/readyz")[0] == 200)
        assert [r["state"] for r in place.runs("network")] == ["finished"]
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", "c"))}
        )
        head = place.git("rev-parse", "HEAD")
        place.wait_comment(1, head[:7])
        place.wait_check(1, "success")


def killed_while_it_plans(build):
    """the service killed while it plans: nothing is left running, and the plan starts again after the restart"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        place.branch("topic")
        place.propose(
            "topic", {"stacks/network/main.tf": place.stack("network", resource("net", "b"))}
        )
        wait_until(
            "the plan to begin",
            lambda: place.runs("network")[0]["state"] in ("planning", "finished"),
        )
        place.kill()
        place.start()
        place.wait_check(1, "success")
        assert len(place.own_comments(1)) == 1


def ended_politely(build):
    """SIGTERM ends the service with exit code 0 and leaves no process behind"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        place.start()
        redis = place.redis_pid()
        place.stop()
        assert not pathlib.Path("/proc/%d" % redis).exists(), "redis-server was left running"


main(
    [
        killed_right_after_the_acknowledgement,
        opened_while_it_was_away,
        redis_killed,
        killed_while_it_plans,
        ended_politely,
    ]
)
