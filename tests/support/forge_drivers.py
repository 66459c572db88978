"""The forges of the contract (tests/end_to_end/forge_test.py), each with the same methods: what people do on a pull
request, and what they see there. Where a forge has no such thing, `cannot` says of a scenario why it is left out.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gitea_server import GiteaServer  # noqa: E402
from gitlab_double import GitlabDouble  # noqa: E402

SECRET = "the webhook's secret"


def rest_configuration(forge, relay, kind, signing):
    """The lines of a forge's configuration; its calls and its git go through the relay."""
    return "".join(
        "    %s\n" % line
        for line in (
            "kind: " + kind,
            "api_url: " + forge.api_url.replace(forge.url, relay),
            'git_url: "%s"' % forge.git_url.replace(forge.url, relay),
            "token: {env: FORGE_TOKEN}",
            signing + ": [{env: FORGE_SECRET}]",
        )
    ).rstrip()


class Gitea(GiteaServer):
    styles = ("merge", "squash", "rebase", "fast-forward-only")
    cannot = {}

    def __init__(self, build, work):
        super().__init__(work, build.parent / "tools")

    def configuration(self, relay):
        return rest_configuration(self, relay, "gitea", "webhook_secrets")

    @property
    def secrets(self):
        return {"FORGE_TOKEN": self.token, "FORGE_SECRET": SECRET}

    def webhook_urls(self):
        return [hook["config"]["url"] for hook in self.hooks()]

    def withdraw(self, number, review, by):
        """Nobody takes back their own approval here: it is dismissed, of which no webhook tells."""
        self.dismiss(number, review)


class Gitlab(GitlabDouble):
    styles = ("merge", "squash", "fast_forward")
    cannot = {}

    def __init__(self, build, work):
        super().__init__(work)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def configuration(self, relay):
        self.known_as = relay
        return rest_configuration(self, relay, "gitlab", "webhook_signing_tokens")

    @property
    def secrets(self):
        return {"FORGE_TOKEN": self.token, "FORGE_SECRET": self.signing_token}

    def commit(self, branch, files, message="A change", by="linus", force=False, fork=None):
        return super().commit(branch, files, message, bool(fork), by, force)

    def open_pull(self, branch, title, base="main", draft=False, by="linus", fork_of=None):
        return super().open_pull(branch, title, base, draft, bool(fork_of), fork_of or by)

    def head(self, number):
        return self.pull(number)["sha"]

    def review(self, number, verdict, by="grace"):
        # Who approved and comes back after a push takes the old approval back first.
        if by in self.pull(number)["approvals"]:
            self.unapprove(number, by)
        self.approve(number, by)

    def withdraw(self, number, review, by):
        self.unapprove(number, by)

    def webhook_urls(self):
        return [hook["url"] for hook in self.hooks]

    def rename(self, name):
        super().rename(self.repository.rpartition("/")[0] + "/" + name)

    def checks(self, number):
        words = {"failed": "failure", "canceled": "error", "running": "pending"}
        found = super().checks(number)
        for check in found.values():
            check["state"] = words.get(check["state"], check["state"])
        return found


DRIVERS = {"gitea": Gitea, "gitlab": Gitlab}
