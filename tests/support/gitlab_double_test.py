#!/usr/bin/env python3
"""GitLab's double against clients that nobody here wrote: python-gitlab and `standardwebhooks` from PyPI here,
@gitbeaker/rest and `standardwebhooks` from npm in gitlab_double_test.mjs. What they cannot ask for is asked raw.

BUILD/pypi/bin/python gitlab_double_test.py BUILD
"""

import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import gitlab
import standardwebhooks

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from gitlab_double import GitlabDouble  # noqa: E402

FILES = {"stacks/network/main.tf": "# a network\n"}


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except gitlab.exceptions.GitlabError as error:
        assert error.response_code == status, error
        return str(error)
    raise AssertionError("not refused with %d" % status)


def raw(double, method, path, body=None, token=None, follow=True):
    class Stays(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    opener = urllib.request.build_opener(*([] if follow else [Stays]))
    request = urllib.request.Request(
        double.api_url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"PRIVATE-TOKEN": token or double.token, "Content-Type": "application/json"},
        method=method,
    )
    try:
        with opener.open(request, timeout=10) as reply:
            return reply.status, json.loads(reply.read() or b"null"), reply.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null"), error.headers


def people_and_projects(double, api):
    api.auth()
    assert api.user.username == "slipway"
    project = api.projects.get("acme/platform/infra")
    assert project.id == 4711 and project.default_branch == "main"
    assert api.users.list(username="linus")[0].id == 102
    assert project.members_all.get(102).access_level == 30
    refused(404, project.members_all.get, 103)
    assert api.groups.get("acme/dba", lazy=True).members.get(101).username == "grace"
    assert api.personal_access_tokens.get("self").expires_at == "2099-01-01"
    wrong = gitlab.Gitlab(double.url, private_token="wrong")
    refused(401, wrong.auth)
    return project


def notes(double, project, number):
    merge = project.mergerequests.get(number)
    note = merge.notes.create({"body": "from python-gitlab"})
    assert note.created_at == note.updated_at
    note.awardemojis.create({"name": "eyes"})
    touched = merge.notes.get(note.id)
    assert touched.updated_at >= touched.created_at and touched.body == "from python-gitlab"
    refused(404, note.awardemojis.create, {"name": "eyes"})
    note.body = "edited"
    note.save()
    assert merge.notes.get(note.id).body == "edited"
    refused(400, merge.notes.create, {"body": "x" * 1_000_001})
    for text in ("fine\n/close", "```\n/close\n```\n/merge"):
        merge.notes.create({"body": text})
    assert [a["line"] for a in double.quick_actions] == ["/close", "/merge"], double.quick_actions
    merge.notes.create({"body": "````\n```\n/approve\n````"})
    assert len(double.quick_actions) == 3, "GitLab's own search for commands leaves a longer fence"
    double.quick_actions.clear()
    assert len(merge.notes.list(per_page=2, get_all=True)) == 4, "pages are followed"
    assert all(
        not n.system for n in merge.notes.list(activity_filter="only_comments", get_all=True)
    )


def statuses(double, project, number):
    merge = project.mergerequests.get(number)
    commit = project.commits.get(merge.sha)
    commit.statuses.create({"state": "pending", "name": "a", "ref": "topic"})
    made = double.pipelines[-1]
    assert made["source"] == "external" and made["ref"] == "topic", "a status makes a pipeline"
    assert project.mergerequests.get(number).head_pipeline["id"] == made["id"]
    commit.statuses.create({"state": "running", "name": "a"})
    text = refused(400, commit.statuses.create, {"state": "running", "name": "a"})
    assert "Cannot transition status via :run from :running" in text, text
    refused(400, commit.statuses.create, {"state": "pending", "name": "a"})
    commit.statuses.create({"state": "success", "name": "a"})
    commit.statuses.create({"state": "pending", "name": "a"})  # after its end: another job
    other = double.run_pipeline(number)
    assert project.mergerequests.get(number).head_pipeline["id"] == other
    refused(404, commit.statuses.create, {"state": "success", "ref": "topic", "pipeline_id": other})
    commit.statuses.create({"state": "success", "name": "a", "pipeline_id": other})
    assert double.checks(number)["a"]["pipeline"] == other
    refused(400, commit.statuses.create, {"state": "success", "description": "x" * 256})
    refused(400, commit.statuses.create, {"state": "green"})
    double.conflicts = 1
    refused(409, commit.statuses.create, {"state": "success", "name": "b"})
    double.protected.add("topic")
    linus = gitlab.Gitlab(double.url, private_token="glpat-linus").projects.get(4711)
    refused(403, linus.commits.get(merge.sha).statuses.create, {"state": "success", "ref": "topic"})
    double.protected.remove("topic")


def approvals(double, project, number):
    grace = gitlab.Gitlab(double.url, private_token="glpat-grace").projects.get(4711)
    merge = grace.mergerequests.get(number)
    refused(409, merge.approve, sha="0" * 40)
    merge.approve(sha=merge.sha)
    found = project.mergerequests.get(number).approvals.get()
    assert found.approved and found.approved_by[0]["user"]["username"] == "grace"
    assert found.approved_by[0]["approved_at"]
    assert not hasattr(found, "approvals_required"), "the free edition counts nothing"
    double.commit("topic", {"stacks/network/main.tf": "# again\n"})
    assert project.mergerequests.get(number).approvals.get().approved_by, "it survives a push"
    grace.mergerequests.get(number).unapprove()
    versions = project.mergerequests.get(number).diffs.list()
    assert len(versions) == 2 and versions[0].head_commit_sha == double.pull(number)["sha"]


def moves(double, project):
    double.rename("acme/platform/infrastructure")
    old = "/projects/acme%2Fplatform%2Finfra"
    status, _, headers = raw(double, "GET", old, follow=False)
    assert status == 301 and headers["Location"].endswith("/projects/4711"), (status, headers)
    assert raw(double, "POST", old + "/merge_requests/1/notes", {"body": "x"})[0] == 405
    assert project.manager.gitlab.projects.get(4711).path == "infrastructure"


def faults(double, project):
    double.limited()
    status, _, headers = raw(double, "GET", "/user")
    assert status == 429 and headers["Retry-After"] == "1" and headers["RateLimit-Remaining"] == "0"
    double.broken()
    assert raw(double, "GET", "/user")[0] == 500


def signatures(double, folder):
    """The double's webhooks by both libraries, and theirs by the same rule."""
    hook = {"uuid": "u", "token": None, "signing_token": double.signing_token}
    body = json.dumps({"object_kind": "push"})
    headers = double.headers_of(hook, "Push Hook", body.encode(), "8a1c")
    webhook = standardwebhooks.Webhook(double.signing_token)
    webhook.verify(body, headers)
    at = datetime.datetime.fromtimestamp(int(headers["webhook-timestamp"]), datetime.timezone.utc)
    assert webhook.sign("8a1c", at, body) == headers["webhook-signature"]
    try:
        webhook.verify(body + " ", headers)
        raise AssertionError("a changed body was taken")
    except standardwebhooks.WebhookVerificationError:
        pass
    file = folder / "hook.json"
    file.write_text(
        json.dumps({"body": body, "headers": headers, "signing_token": double.signing_token})
    )
    return file


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="slipway-gitlab-") as work:
        folder = pathlib.Path(work)
        double = GitlabDouble(folder / "double").start()
        try:
            double.commit("main", {"README.md": "infra\n"}, "Initial")
            head = double.commit("topic", FILES)
            number = double.open_pull("topic", "A network")
            api = gitlab.Gitlab(double.url, private_token=double.token)
            project = people_and_projects(double, api)
            assert project.mergerequests.list(state="opened", get_all=True)[0].sha == head
            notes(double, project, number)
            statuses(double, project, number)
            node = [str(build / "npm/node"), str(pathlib.Path(__file__).with_suffix(".mjs"))]
            about = [str(build), double.url, double.repository, str(number), head]
            subprocess.run(
                [*node, *about, str(signatures(double, folder))], check=True, timeout=120
            )
            approvals(double, project, number)
            merged = double.merge(number, "squash")
            found = project.commits.get(merged).merge_requests()
            assert [m["iid"] for m in found] == [number], "found by squash_commit_sha"
            moves(double, project)
            faults(double, project)
            print("python-gitlab and standardwebhooks agree with the double")
        finally:
            double.stop()


if __name__ == "__main__":
    main()
