#!/usr/bin/env python3
"""The main job on GitLab, end to end, against tests/support/gitlab_double.py: merge request -> a status per stack, the
summary and one note; new push -> the same note edited; approval; merge -> apply; and the oddities of GitLab that other
tools stumbled over.

gitlab_test.py BUILD [name…]
"""

import contextlib
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "support"))
from gitlab_double import GitlabDouble  # noqa: E402
from place import MARKER, TOOL, Place, main, resource, settled, wait_until  # noqa: E402

ONE_OTHER = """package slipway

import rego.v1

approve if {
	some review in input.reviews.current.approvals
	not review.is_author
}

missing contains "1 of those who may write" if not approve
"""
SPACE = """name: Acme
people:
  grace: {gitlab.test: grace}
  linus: {gitlab.test: linus}
roles:
  writer: [grace, linus]
  reader: [everyone]
defaults:
  repository: gitlab.test/%s
  tool: %s
"""
# A failed plan's error is shown as it is, in a fence.
HOSTILE = """variable "fine" {
  default = false
}

resource "terraform_data" "main" {
  input = "x"
  lifecycle {
    precondition {
      condition     = var.fine
      error_message = <<-EOT
        No.
        ```
        /approve
        /merge
      EOT
    }
  }
}
"""
STACK = "slipway/network"
WAITING, PASSED, FAILED = ("pending", "running"), "success", "failed"


def tree(double, more=None):
    out = {
        "space.yaml": SPACE % (double.repository, TOOL),
        "stacks/network.yaml": "directory: stacks/network\napply: {when: on_merge, start: automatic}\n",
    }
    return dict(out, **(more or {}))


class GitlabPlace(Place):
    """A service whose one forge is the double."""

    def __init__(self, build, double, organisation):
        super().__init__(build, organisation)
        self.double = double
        (self.work / "token").write_text(double.token)
        (self.work / "hook").write_text(
            double.signing_token if double.signed else double.webhook_token
        )
        keys = "webhook_signing_tokens" if double.signed else "webhook_tokens"
        (self.work / "slipway.yaml").write_text(
            """\
listen: 127.0.0.1:0
data: %s
organisation: %s
forges:
  gitlab.test:
    kind: gitlab
    api_url: %s
    git_url: "%s"
    token: {file: token}
    %s: [{file: hook}]
sandbox: {kind: bubblewrap, writable: [%s]}
"""
            % (self.data, self.organisation, double.api_url, double.git_url, keys, self.state)
        )

    def begin(self):
        self.double.commit("main", self.network(), "Initial")
        self.start()
        self.double.webhooks_to(self.url + "/webhooks/gitlab.test")
        return self

    def network(self, *resources):
        text = "".join(resource(name, value) for name, value in resources)
        return {"stacks/network/main.tf": self.stack("network", text)}

    def propose_network(self, *resources, branch="topic", **options):
        return self.double.commit(branch, self.network(*resources), **options)

    def checked(self, number, state, name="slipway", title=""):
        def there():
            check = self.double.checks(number).get(name)
            if check and check["state"] == state and title in check["title"]:
                return check
            return None

        try:
            return wait_until("%s of !%d to be %s %s" % (name, number, state, title), there)
        except AssertionError:
            print(self.double.checks(number), self.double.comments(number), flush=True)
            raise

    def own_notes(self, number):
        return [
            n for n in self.double.comments(number) if n["ours"] and n["body"].startswith(MARKER)
        ]

    def noted(self, number, *texts):
        def there():
            for one in self.own_notes(number):
                if all(text in one["body"] for text in texts):
                    return one
            return None

        try:
            return wait_until("the note of !%d to say %s" % (number, ", ".join(texts)), there)
        except AssertionError:
            print(self.double.comments(number), flush=True)
            raise

    def replied(self, number, text):
        def there():
            for one in self.double.comments(number):
                if one["ours"] and not one["body"].startswith(MARKER) and text in one["body"]:
                    return one
            return None

        return wait_until("a reply on !%d with %s" % (number, text), there)

    def quiet(self):
        """Every webhook is delivered and everything that follows from it is done."""
        wait_until("webhooks to be delivered", lambda: self.double.unsent == 0)
        settled(self)

    def in_order(self):
        """What holds at the end of every story."""
        self.quiet()
        assert self.double.quick_actions == [], self.double.quick_actions
        refused = [s for s in self.double.sent if s["status"] != 202]
        assert not refused, refused
        log = self.log_path.read_text(errors="replace")
        for secret in (self.double.token, self.double.signing_token, self.double.webhook_token):
            assert secret not in log, "the log holds a secret"


@contextlib.contextmanager
def playing(build, signed=True, policies=None):
    """The place and its double, both begun."""
    with tempfile.TemporaryDirectory(prefix="slipway-gitlab-") as folder:
        double = GitlabDouble(pathlib.Path(folder) / "double", signed).start()
        try:
            with GitlabPlace(build, double, tree(double, policies)) as place:
                yield place.begin(), double
                place.in_order()
        finally:
            double.stop()


def the_whole_way(build):
    """merge request, plan, new push, approval, merge, apply: statuses, and one note that is edited"""
    with playing(build, policies={"policies/approval/one_other.rego": ONE_OTHER}) as (
        place,
        double,
    ):
        head = place.propose_network(("main", "a"))
        number = double.open_pull("topic", "A network")
        place.checked(number, FAILED, title="1 of those")
        first = place.noted(number, "terraform_data.main", head[:7])
        planned = place.checked(number, FAILED, STACK)
        assert planned["pipeline"] == double.checks(number)["slipway"]["pipeline"]
        assert len(double.pipelines) == 1, "one pipeline, of the branch: %s" % double.pipelines

        head = place.propose_network(("main", "a"), ("edge", "b"))
        second = place.noted(number, "terraform_data.edge", head[:7])
        assert second["id"] == first["id"], "another note was written"
        place.checked(number, FAILED, title="1 of those")
        place.quiet()
        runs, notes = len(place.runs()), double.comments(number)
        double.redeliver()  # the second update hook, which has no oldrev
        place.quiet()
        assert len(place.runs()) == runs == 2, place.runs()
        assert double.comments(number) == notes

        double.approve(number, by="grace")
        place.checked(number, PASSED)
        place.checked(number, PASSED, STACK)
        merged = double.merge(number, "squash")
        wait_until("the state", lambda: place.resources("network") == ["edge", "main"])
        applied = place.noted(number, "applied")
        assert applied["id"] == first["id"] and len(place.own_notes(number)) == 1
        place.quiet()
        tracked = [run for run in place.runs() if run["kind"] == "tracked"]
        assert [run["state"] for run in tracked] == ["finished"], (merged, tracked)


def w3_an_approval_is_of_what_was_there(build):
    """W3: an approval from before the push counts for nothing, though GitLab keeps it"""
    with playing(build, policies={"policies/approval/one_other.rego": ONE_OTHER}) as (
        place,
        double,
    ):
        place.propose_network(("main", "a"))
        number = double.open_pull("topic")
        place.checked(number, FAILED, title="1 of those")
        double.approve(number, by="grace")
        place.checked(number, PASSED)
        place.propose_network(("main", "b"))
        place.checked(number, FAILED, title="1 of those")
        place.quiet()
        assert "grace" in double.pull(number)["approvals"], "GitLab kept it"
        double.unapprove(number, by="grace")
        double.approve(number, by="grace")
        place.checked(number, PASSED)
        double.reset_approvals(number)
        place.checked(number, FAILED, title="1 of those")


def w2_commands_in_notes(build):
    """W2: a command is obeyed once, from somebody who may, as it was written; the eyes do not make it an edited one"""
    with playing(build) as (place, double):
        place.propose_network(("main", "a"))
        number = double.open_pull("topic")
        place.checked(number, PASSED)
        command = double.comment(number, "/slipway plan network", by="grace")
        wait_until("a second run", lambda: len(place.runs("network")) == 2)
        wait_until("the eyes", lambda: double.reactions(number, command) == ["eyes"])
        place.quiet()
        again = [s for s in double.sent if s["payload"].get("object_kind") == "note"]
        again = next(s for s in again if s["payload"]["object_attributes"]["id"] == command)
        double.sent.append(again)
        double.redeliver()
        late = double.comment(number, "thank you", by="grace")
        double.edit_comment(number, late, "/slipway plan network", by="grace")
        double.comment(number, "/slipway plan network", by="mallory")
        double.comment(number, "/slipway plan network", by="grace", internal=True)
        double.comment(number, "/slipway help", by="linus")
        place.replied(number, "/slipway")
        place.quiet()
        assert len(place.runs("network")) == 2, place.runs("network")
        assert double.reactions(number, late) == []


def hostile_text_is_not_obeyed(build):
    """text of a merge request that looks like GitLab's commands is shown, and never executed as us"""
    with playing(build) as (place, double):
        text = place.network()["stacks/network/main.tf"] + HOSTILE
        double.commit("topic", {"stacks/network/main.tf": text})
        number = double.open_pull("topic", "/merge\n/close")
        place.checked(number, FAILED, STACK)
        place.noted(number, "/approve")


def a_pipeline_that_comes_later(build):
    """F22: a pipeline that somebody runs after all was said shows our statuses, too, before it could let merge"""
    with playing(build) as (place, double):
        place.propose_network(("main", "a"))
        number = double.open_pull("topic")
        place.checked(number, PASSED, STACK)
        place.checked(number, PASSED)
        place.quiet()
        later = double.run_pipeline(number)
        wait_until(
            "the new pipeline to have them",
            lambda: (
                {s["name"] for s in double.statuses if s["pipeline_id"] == later}
                == {"slipway", STACK}
            ),
        )
        place.quiet()
        assert all(s["status"] == PASSED for s in double.statuses if s["pipeline_id"] == later)
        assert len(place.runs("network")) == 1, place.runs("network")


def what_goes_wrong_on_the_way(build):
    """429, 500, 409 and a pipeline of its own lose nothing: in the end statuses and note are there"""
    with playing(build, signed=False) as (place, double):
        head = place.propose_network(("main", "a"))
        double.limited(2)
        double.broken(2)
        number = double.open_pull("topic")
        place.checked(number, PASSED, STACK)
        double.conflicts = 1
        head = place.propose_network(("main", "b"))
        own = double.run_pipeline(number)
        double.limited()
        place.noted(number, head[:7], '"b"')
        place.checked(number, PASSED, STACK)
        check = place.checked(number, PASSED)
        assert check["pipeline"] == own, (check, double.pipelines)
        assert len(place.own_notes(number)) == 1
        open_ends = [s for s in double.statuses if s["sha"] == head and s["status"] in WAITING]
        assert not open_ends, open_ends
        double.delete_comment(number, place.own_notes(number)[0]["id"])
        head = place.propose_network(("main", "c"))
        place.noted(number, head[:7])
        place.checked(number, PASSED)


def a_project_that_moves(build):
    """a project that is renamed between two hooks is still answered, and goes on under its new name"""
    with playing(build) as (place, double):
        place.propose_network(("main", "a"))
        place.quiet()
        with (
            double.lock
        ):  # the hook says the old name; whatever is asked after it finds the new one
            number = double.open_pull("topic")
            double.rename("acme/platform/infrastructure")
        place.checked(number, PASSED, STACK)
        first = place.noted(number, "terraform_data.main")
        place.quiet()
        space = SPACE % ("acme/platform/infrastructure", TOOL)
        place.write(place.organisation, {"space.yaml": space})
        wait_until(
            "the tree to be read again", lambda: "was read again" in place.log_path.read_text()
        )
        head = place.propose_network(("main", "b"))
        place.checked(number, PASSED, STACK)
        assert place.noted(number, head[:7])["id"] == first["id"]


def w4_a_fork(build):
    """W4: a merge request from a fork is not planned, and its status is neither green nor open"""
    with playing(build) as (place, double):
        place.propose_network(("main", "a"), fork=True)
        number = double.open_pull("topic", fork=True)
        place.checked(number, FAILED)
        place.quiet()
        assert place.runs("network") == [] or all(
            run["state"] != "finished" for run in place.runs("network")
        )
        assert all(c["state"] == FAILED for c in double.checks(number).values())


if __name__ == "__main__":
    main(
        [
            the_whole_way,
            w3_an_approval_is_of_what_was_there,
            w2_commands_in_notes,
            hostile_text_is_not_obeyed,
            a_pipeline_that_comes_later,
            what_goes_wrong_on_the_way,
            a_project_that_moves,
            w4_a_fork,
        ]
    )
