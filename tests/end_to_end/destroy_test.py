#!/usr/bin/env python3
"""Destroys that a person asks for: who may, in which order, and that nothing goes before its plan is confirmed. The
service, Redis and Terraform or OpenTofu are real."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource, settled, wait_until  # noqa: E402

NO_DESTROY = """package slipway

import rego.v1

approve if input.run.type != "DESTROY"

reject if input.run.type == "DESTROY"
"""


class Destroys(Place):
    """`net` with two resources, and `web`, which depends on it, with one."""

    def __init__(self, build, policies=None):
        tree = organisation()
        del tree["stacks/network.yaml"]
        start = "apply: {when: on_merge, start: automatic}\n"
        tree["stacks/net.yaml"] = "directory: stacks/net\n" + start
        tree["stacks/web.yaml"] = "directory: stacks/web\ndepends_on: [net]\n" + start
        tree.update(policies or {})
        super().__init__(build, tree)

    def begin(self):
        self.push_main({"stacks/%s/main.tf" % n: self.stack(n, "") for n in ("net", "web")})
        self.start()
        self.branch("topic")
        self.propose(
            "topic",
            {
                "stacks/net/main.tf": self.stack("net", resource("a") + resource("b")),
                "stacks/web/main.tf": self.stack("web", resource("c")),
            },
        )
        self.wait_check(1, "success")
        self.slipway("pull", "merge", "1", "--as", "ada")
        wait_until("the applies", lambda: self.resources("web") == ["c"])
        settled(self)
        return self

    def destroy(self, *arguments):
        done = self.slipway("destroy", *arguments, check=False)
        return done.returncode, done.stdout + done.stderr

    def run_in(self, stack, *states):
        def there():
            run = self.runs(stack)[0]
            return run if run["kind"] == "destroy" and run["state"] in states else None

        return wait_until("a destroy of %s to be %s" % (stack, " or ".join(states)), there)


def a_stack_goes_when_its_plan_is_confirmed(build):
    """a destroy names its dependents first, is planned, waits for a confirmation, and destroys exactly that"""
    with Destroys(build) as place:
        place.begin()
        code, said = place.destroy("net", "--confirm", "web")
        assert code == 1 and "`slipway destroy net --confirm net`" in said, (code, said)
        code, said = place.destroy("net", "--confirm", "net")
        assert code == 1 and "Destroy in this order: `web`; then `net`" in said, (code, said)
        assert place.destroy("*", "--confirm", "*")[0] == 2
        assert not [r for r in place.runs() if r["kind"] == "destroy"]

        code, said = place.destroy("web", "--confirm", "web", "--note", "moved away")
        assert code == 0 and "slipway confirm" in said, (code, said)
        run = place.run_in("web", "unconfirmed")
        assert run["summary"] == "-1" and run["counts"]["delete"] == 1, run
        assert "destroys all that the stack manages: 1 resource" in run["reason"], run
        place.git("fetch", "-q", "origin")
        assert run["head"] == place.git("rev-parse", "origin/main"), run
        code, said = place.destroy("web", "--confirm", "web")
        assert code == 1 and run["id"] in said, (code, said)
        assert place.resources("web") == ["c"], "destroyed without a confirmation"
        place.slipway("confirm", run["id"])
        done = place.run_in("web", "finished", "failed")
        assert done["state"] == "finished" and done["id"] == run["id"], done
        assert place.resources("web") == []

        place.destroy("net", "--confirm", "net")
        run = place.run_in("net", "unconfirmed")
        assert run["summary"] == "-2", run
        place.slipway("discard", run["id"])
        assert place.run_in("net", "discarded") and place.resources("net") == ["a", "b"]
        # Asked for again it is another run, not a retry of an ordinary one.
        code = place.slipway("retry", run["id"], check=False).returncode
        assert code == 1
        place.destroy("net", "--confirm", "net")
        place.slipway("confirm", place.run_in("net", "unconfirmed")["id"])
        place.run_in("net", "finished")
        assert place.resources("net") == []


def a_writer_may_not(build):
    """W2: a destroy needs the role admin; approval policies see it as one, and their no holds it"""
    with Destroys(build, {"policies/approval/one.rego": NO_DESTROY}) as place:
        place.begin()
        token = place.slipway("token", "create", "ci", "--role", "writer").stdout.split()[-1]
        status, text = place.http(
            "POST",
            "/api/v1/destroy",
            json.dumps({"stack": "web", "confirm": "web"}),
            {"Authorization": "Bearer " + token},
        )
        assert status == 403, (status, text)
        place.destroy("web", "--confirm", "web")
        run = place.run_in("web", "unconfirmed")
        refused = place.slipway("confirm", run["id"], check=False)
        assert refused.returncode == 1 and "rejects" in refused.stdout + refused.stderr, refused
        assert place.resources("web") == ["c"]


main([a_stack_goes_when_its_plan_is_confirmed, a_writer_may_not])
