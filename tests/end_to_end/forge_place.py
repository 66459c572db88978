"""The service beside a forge that is not its own: the same for each, so that every scenario says what a person does
and sees, and nothing of the forge, which is one of tests/support/forge_drivers.py.

Webhooks and calls pass through relays, which record, repeat and break them.
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from place import MARKER, TOOL, Place, wait_until  # noqa: E402
from relay import Relay  # noqa: E402

ONE_OTHER = """package slipway

import rego.v1

approve if {
	some review in input.reviews.current.approvals
	not review.is_author
}

reject if count(input.reviews.current.rejections) > 0

missing contains "1 of those who may write" if not approve
"""


def tree(forge, stacks):
    """Stacks that apply by themselves once merged; one whose name begins with `held` wants somebody's approval."""
    out = {
        "space.yaml": "name: Acme\npeople:\n  grace: {%s: grace}\n  linus: {%s: linus}\n"
        "roles:\n  writer: [grace, linus]\n  reader: [everyone]\ntrust: folder\n"
        "defaults:\n  repository: %s/%s\n  tool: %s\n"
        % (forge.name, forge.name, forge.name, forge.repository, TOOL),
    }
    for stack in stacks:
        if not stack.startswith("held"):
            out["stacks/%s.yaml" % stack] = (
                "directory: stacks/%s\napply: {when: on_merge, start: automatic}\n" % stack
            )
        else:
            out["held/stacks/%s.yaml" % stack] = (
                "directory: stacks/%s\napply: {when: on_merge, start: automatic}\n" % stack
            )
    if any(stack.startswith("held") for stack in stacks):
        out["held/space.yaml"] = "name: Held\n"
        out["held/policies/approval/one_other.rego"] = ONE_OTHER
    return out


class ForgePlace(Place):
    def __init__(self, build, forge, stacks, config=""):
        self.forge = forge
        self.api = Relay(lambda: forge.url)
        self.webhooks = Relay(lambda: self.url)
        super().__init__(
            build,
            tree(forge, stacks),
            config,
            forges=forge.configuration(self.api.url),
            environment=dict(forge.secrets),
        )
        forge.place = self  # for the one whose commands are the service's own

    def begin(self, stacks):
        self.forge.commit(
            "main", {"stacks/%s/main.tf" % name: self.stack(name, "") for name in stacks}, "Stacks"
        )
        self.start()
        if "set_up" in self.forge.cannot:
            self.forge.webhooks_to(self.webhooks.url + "/webhooks/" + self.forge.name)
        else:
            self.set_up()
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            for call in self.api.passed[-40:]:
                print("%(method)s %(path)s -> %(status)d" % call)
            for call in self.webhooks.passed[-20:]:
                print("webhook %d %.200s" % (call["status"], call["body"]))
        try:
            super().__exit__(kind, value, trace)
        finally:
            self.api.__exit__()
            self.webhooks.__exit__()

    def set_up(self, verb="setup"):
        """What an administrator does before the first pull request; prints what it did or found."""
        return self.slipway(
            "forge",
            verb,
            self.forge.name,
            self.forge.repository,
            "--config",
            str(self.work / "slipway.yaml"),
            "--url",
            self.webhooks.url,
        ).stdout

    # --- what is proposed, and what is seen of it
    def propose(self, stack, body, branch=None, **options):
        branch = branch or "topic-" + stack
        self.forge.commit(branch, {"stacks/%s/main.tf" % stack: self.stack(stack, body)}, "Change")
        return self.forge.open_pull(branch, "Change " + stack, **options)

    def check(self, number, name="slipway", state="success", title=""):
        def there():
            found = self.forge.checks(number).get(name)
            return found if found and found["state"] == state and title in found["title"] else None

        return wait_until("%s of #%d to be %s" % (name, number, state), there, 120)

    def ours(self, number):
        return [
            c for c in self.forge.comments(number) if c["ours"] and c["body"].startswith(MARKER)
        ]

    def comment(self, number, *texts):
        """The one comment, once it holds these texts."""

        def there():
            found = self.ours(number)
            assert len(found) < 2, found
            return found[0] if found and all(t in found[0]["body"] for t in texts) else None

        return wait_until("the comment of #%d to say %s" % (number, ", ".join(texts)), there, 120)

    def reply(self, number, text):
        return wait_until(
            "a reply on #%d with %s" % (number, text),
            lambda: next(
                (
                    c["body"]
                    for c in self.forge.comments(number)
                    if c["ours"] and not c["body"].startswith(MARKER) and text in c["body"]
                ),
                None,
            ),
        )

    def applied(self, stack, *resources):
        wait_until(
            "%s to hold %s" % (stack, ", ".join(resources)),
            lambda: set(resources) <= set(self.resources(stack)),
            120,
        )

    def show(self):
        return json.dumps([(r["stack"], r["kind"], r["state"]) for r in self.runs()])
