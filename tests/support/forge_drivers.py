"""The forges of the contract (tests/end_to_end/forge_test.py), each with the same methods: what people do on a pull
request, and what they see there. Where a forge has no such thing, `cannot` says of a scenario why it is left out.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gitea_server import GiteaServer  # noqa: E402
from github_double import SLUG, GithubDouble  # noqa: E402
from gitlab_double import GitlabDouble  # noqa: E402

SECRET = "the webhook's secret"


def rest_configuration(forge, relay, kind, signing):
    """The lines of a forge's configuration; its calls and its git go through the relay."""
    return (
        forge.name
        + ":\n"
        + "".join(
            "    %s\n" % line
            for line in (
                "kind: " + kind,
                "api_url: " + forge.api_url.replace(forge.url, relay),
                'git_url: "%s"' % forge.git_url.replace(forge.url, relay),
                "token: {env: FORGE_TOKEN}",
                signing + ": [{env: FORGE_SECRET}]",
            )
        ).rstrip()
    )


class Gitea(GiteaServer):
    name = "forge.test"
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
    name = "forge.test"
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


class Github(GithubDouble):
    name = "forge.test"
    styles = ("merge", "squash")
    cannot = {
        "set_up": "an App's webhook is entered on GitHub's page",
        "draft": "the emulator has no drafts",
        "fork": "the emulator has no forks",
        "lagging": "git does not pass through the relay here",
        "renamed": "the emulator renames nothing",
        "retargeted": "the emulator keeps the base branch",
        "held": "the emulator dismisses no reviews",
    }
    repository = "acme/infra"

    def __enter__(self):
        self.facts = self.start()
        self.url = self.facts["api_url"]
        return self

    def __exit__(self, *_):
        self.stop()

    def configuration(self, relay):
        return (
            'forge.test:\n    kind: github\n    api_url: %s\n    git_url: "%s"\n'
            "    app: {id: %s, private_key: {env: FORGE_KEY}}\n"
            "    webhook_secrets: [{env: FORGE_SECRET}]"
            % (relay, self.facts["git_url"], self.facts["app_id"])
        )

    @property
    def secrets(self):
        return {
            "FORGE_KEY": self.facts["app_private_key"],
            "FORGE_SECRET": self.facts["webhook_secret"],
        }

    def commit(self, branch, files, message="A change", by="linus", force=False, fork=None):
        if force:
            self.git("checkout", "-q", "-B", branch, "main")
        super().commit(branch, files, message)
        return self.push(branch)

    def open_pull(self, branch, title, base="main", draft=False, by="linus", fork_of=None):
        return super().open_pull(branch, title, by + "-token", base)

    def head(self, number):
        return self.pulls[number]["head"]

    def close(self, number):
        self.pulls[number]["state"] = "closed"
        self.api("PATCH", "/repos/%s/pulls/%d" % (self.repository, number), {"state": "closed"})

    def reopen(self, number):
        self.pulls[number]["state"] = "open"
        self.api("PATCH", "/repos/%s/pulls/%d" % (self.repository, number), {"state": "open"})

    def comment(self, number, body, by="grace"):
        return super().comment(number, body, by + "-token")["id"]

    def edit_comment(self, number, id, body):
        return super().edit_comment(id, body)

    def comments(self, number):
        return [
            {"id": c["id"], "body": c["body"], "ours": c["user"]["login"] == SLUG + "[bot]"}
            for c in super().comments(number)
        ]

    def reactions(self, number, id):
        return [r for r in super().reactions() if str(id) in str(r)]

    def checks(self, number):
        """The newest of each name; what needs somebody counts as a failure, as it does in a status."""
        words = {"action_required": "failure", "neutral": "success", "cancelled": "error"}
        found = {}
        for check in sorted(super().checks(self.head(number)), key=lambda c: c["id"]):
            done = check["status"] == "completed"
            state = words.get(check["conclusion"], check["conclusion"]) if done else "pending"
            found[check["name"]] = {"state": state, "title": check["output"]["title"] or ""}
        return found


class Builtin:
    """Bare repositories in a folder, and `slipway pull` as their page."""

    kind, name, repository = "builtin", "local", "acme/infra"
    styles = ("merge",)
    secrets = {}
    url = None
    cannot = {
        "set_up": "the service installs its hooks itself",
        "retargeted": "a pull request keeps its base branch",
        "draft": "there are no drafts",
        "fork": "there are no forks",
        "limited": "there are no calls to limit",
        "lagging": "git is read from the folder",
        "closed_and_reopened": "a topic that is pushed again opens another pull request",
        "twice": "webhooks do not pass through the relay",
        "talk": "whoever may write the folder may speak as anybody",
        "held": "reviews are not dismissed",
        "renamed": "a folder with another name is another repository",
    }

    def __init__(self, build, work):
        self.place = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def configuration(self, relay):
        return None  # Place's own

    def webhooks_to(self, url):
        pass

    def commit(self, branch, files, message="A change", by="linus", force=False, fork=None):
        place = self.place
        known = place.git("branch", "--list", branch)
        if not known and branch != "main":
            place.git("checkout", "-q", "-b", branch, "main")
        elif known:
            place.git("checkout", "-q", branch)
        if force:
            place.git("reset", "-q", "--hard", "main")
        sha = place.commit(files, message)
        if branch == "main":
            place.git("push", "-q", "origin", "HEAD:main")
        elif any(pull["topic"] == branch for pull in self.open()):
            place.git("push", "-q", "-f", "origin", "HEAD:refs/for/main/" + branch)
        return sha

    def open(self):
        pulls = [self.place.pull(number) for number in self.place.numbers()]
        return [pull for pull in pulls if pull["state"] == "open"]

    def open_pull(self, branch, title, base="main", draft=False, by="linus", fork_of=None):
        self.place.git("checkout", "-q", branch)
        self.place.git("push", "-q", "origin", "HEAD:refs/for/%s/%s" % (base, branch))
        return self.place.numbers()[-1]

    def head(self, number):
        return self.place.pull(number)["head"]

    def merge(self, number, style="merge"):
        self.place.slipway("pull", "merge", str(number), "--as", "grace")
        self.place.git("checkout", "-q", "main")
        self.place.git("pull", "-q", "origin", "main")

    def comments(self, number):
        return self.place.pull(number)["comments"]

    def checks(self, number):
        words = {"action_required": "failure", "neutral": "success", "cancelled": "error"}
        pull = self.place.pull(number)
        return {
            check["name"]: {
                "state": words.get(check["conclusion"], check["conclusion"])
                if check["status"] == "completed"
                else "pending",
                "title": check["title"],
            }
            for check in pull["checks"]
            if check["commit"] == pull["head"]
        }


DRIVERS = {"gitea": Gitea, "gitlab": Gitlab, "github": Github, "builtin": Builtin}
