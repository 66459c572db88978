#!/usr/bin/env python3
"""GitLab for the tests. Nobody else makes one, so this was written here, from the vendor's documentation
(docs.gitlab.com: "Webhooks", "Webhook events", "System hooks", "Commits API", "Merge requests API", "Merge request
approvals API", "Notes API", "Emoji reactions API", "Project members API", "Users API", "Personal access tokens API",
"REST API", "Rate limits", "GitLab quick actions") and, where that is silent, after GitLab's source. It is checked by
two clients that nobody here wrote, python-gitlab and @gitbeaker/rest (gitlab_double_test.py); git is served by git.

It keeps to what GitLab does that one would not expect: states of a status that cannot follow one another, pipelines
that a status makes or misses, two update hooks for one push, an emoji that moves `updated_at`, a moved project whose
old path can be read but not written, approvals that name no commit, and lines of a note that are executed.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import git_http  # noqa: E402
import gitlab_rest  # noqa: E402
from gitlab_rest import now_iso  # noqa: E402

ZERO = "0" * 40
PROJECT, FORK = 4711, 4712
LEVELS = {"grace": 40, "linus": 30, "slipway": 40}  # mallory is no member


class GitlabDouble:
    def __init__(self, work, signed=True):
        self.work = pathlib.Path(work).resolve()
        self.lock = threading.RLock()
        self.users = {"slipway": 100, "grace": 101, "linus": 102, "mallory": 103}
        self.groups = {"acme/dba": ["grace"]}
        self.tokens = {"glpat-" + name: name for name in self.users}
        self.token = "glpat-slipway"
        self.token_ends = "2099-01-01"
        self.signing_token = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.webhook_token = "the webhook's token"
        self.signed = signed
        self.started = now_iso()
        self.projects = {
            PROJECT: {"id": PROJECT, "path": "acme/platform/infra", "old_paths": set()},
            FORK: {"id": FORK, "path": "mallory/infra", "old_paths": set()},
        }
        self.protected = {"main"}
        self.merge_requests, self.pipelines, self.statuses, self.hooks = [], [], [], []
        self.statuses_written, self.quick_actions, self.note_times = 0, [], []
        self.notes_a_minute = 300  # of an own instance; 60 on gitlab.com
        self.reset_approvals_on_push, self.reset_after_seconds = False, 10
        self.conflicts = 0
        self.calls, self.sent, self.hooks_waiting = [], [], queue.Queue()
        self.faults = []  # statuses that the next calls get instead of an answer
        self.ids = 1000
        self.released = threading.Event()
        self.unsent = 0
        self.known_as = (
            None  # the address that it believes to have, where something stands before it
        )

    # --- start and stop

    def start(self):
        for project in self.projects.values():
            bare = self.bare(project)
            self.run("git", "init", "-q", "--bare", "-b", "main", str(bare))
            for key in ("uploadpack.allowReachableSHA1InWant", "uploadpack.allowTipSHA1InWant"):
                self.run("git", "-C", str(bare), "config", key, "true")
        self.tree = self.work / "tree"
        self.run("git", "init", "-q", "-b", "main", str(self.tree))
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                double.answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        threading.Thread(target=self.send_hooks, daemon=True).start()
        return self

    def stop(self):
        self.released.set()
        self.hooks_waiting.put(None)
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self):
        return self.known_as or self.url

    @property
    def api_url(self):
        return self.url + "/api/v4"

    @property
    def git_url(self):
        return self.url + "/{path}.git"

    @property
    def repository(self):
        return self.projects[PROJECT]["path"]

    def next_id(self):
        self.ids += 1
        return self.ids

    # --- git

    def run(self, *argv):
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.work),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "linus",
                "GIT_AUTHOR_EMAIL": "linus@example.com",
                "GIT_COMMITTER_NAME": "linus",
                "GIT_COMMITTER_EMAIL": "linus@example.com",
            },
        )
        if done.returncode != 0:
            raise RuntimeError("%s: %s%s" % (" ".join(argv), done.stdout, done.stderr))
        return done.stdout.strip()

    def git(self, *arguments):
        return self.run("git", "-C", str(self.tree), *arguments)

    def bare(self, project):
        return self.work / "git" / ("%d.git" % project["id"])

    def in_bare(self, project, *arguments):
        return self.run("git", "-C", str(self.bare(project)), *arguments)

    def tip(self, project, branch):
        return self.in_bare(
            project, "for-each-ref", "--format=%(objectname)", "refs/heads/" + branch
        )

    def find_commit(self, project, name):
        try:
            return self.in_bare(project, "rev-parse", "--verify", "-q", name + "^{commit}")
        except RuntimeError:
            return None

    def branch_with(self, project, sha):
        names = self.in_bare(
            project, "for-each-ref", "--format=%(refname:short)", "--contains", sha, "refs/heads"
        )
        return names.split("\n")[0]

    def commit(self, branch, files, message="a change", fork=False, by="linus", force=False):
        """Commits onto the branch (from main where it is new) and pushes. None as text: the file goes."""
        project = self.projects[FORK if fork else PROJECT]
        tip = self.tip(project, branch) or self.tip(self.projects[PROJECT], "main")
        if tip:
            self.git("fetch", "-q", str(self.bare(self.projects[PROJECT])), "+refs/*:refs/known/*")
            self.git("fetch", "-q", str(self.bare(project)), "+refs/*:refs/known/*")
            self.git("checkout", "-q", "-B", "work", tip)
        for path, text in files.items():
            target = self.tree / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                target.unlink()
            else:
                target.write_text(text)
        self.git("add", "-A")
        if force:
            self.git("commit", "-q", "--amend", "-m", message)
        else:
            self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.push(project, branch, by)

    def force_push(self, branch, files, message="another change", fork=False, by="linus"):
        """The branch's last commit made another one."""
        return self.commit(branch, files, message, fork, by, force=True)

    def push(self, project, branch, by):
        before = self.tip(project, branch) or ZERO
        self.git("push", "-q", "-f", str(self.bare(project)), "HEAD:refs/heads/" + branch)
        return self.pushed(project, branch, before, by)

    def pushed(self, project, branch, before, by):
        after = self.tip(project, branch)
        with self.lock:
            if project["id"] == PROJECT:
                self.hook(
                    project, "Push Hook", self.push_payload(project, branch, before, after, by)
                )
            for one in self.merge_requests:
                mine = one["source_project_id"] == project["id"] and one["source_branch"] == branch
                if mine and one["state"] == "opened" and one["sha"] != after:
                    self.new_head(one, by)
        return after

    def new_head(self, one, by):
        old = one["sha"]
        self.add_version(one)
        self.system_note(one, "added 1 commit")
        self.merge_request_hook(one, "update", by, attributes={"oldrev": old})
        # What GitLab sends a moment later, when it has looked at conflicts and pipelines.
        self.merge_request_hook(
            one, "update", by, changes={"merge_status": {"previous": "checking", "current": "ok"}}
        )
        if self.reset_approvals_on_push and one["approvals"]:
            timer = threading.Timer(
                self.reset_after_seconds, self.reset_approvals, (one["iid"], by)
            )
            timer.daemon = True
            timer.start()

    def reset_approvals(self, number, by="linus"):
        with self.lock:
            one = self.pull(number)
            one["approvals"].clear()
            self.merge_request_hook(
                one,
                "unapproved",
                by,
                attributes={"system": True, "system_action": "approvals_reset_on_push"},
            )

    # --- merge requests

    def pull(self, number):
        return next(m for m in self.merge_requests if m["iid"] == number)

    def add_version(self, one):
        target = self.projects[one["target_project_id"]]
        source = self.projects[one["source_project_id"]]
        ref = "refs/merge-requests/%d/head" % one["iid"]
        self.in_bare(
            target,
            "fetch",
            "-q",
            str(self.bare(source)),
            "+refs/heads/%s:%s" % (one["source_branch"], ref),
        )
        one["sha"] = self.in_bare(target, "rev-parse", ref)
        start = self.tip(target, one["target_branch"])
        base = self.in_bare(target, "merge-base", start, one["sha"])
        commits = self.in_bare(target, "rev-list", base + ".." + one["sha"]).split("\n")
        one["versions"].append(
            {
                "id": self.next_id(),
                "head_commit_sha": one["sha"],
                "base_commit_sha": base,
                "start_commit_sha": start,
                "created_at": now_iso(),
                "merge_request_id": one["id"],
                "state": "collected",
                "real_size": "1",
                "patch_id_sha": None,
                "commits": commits,
            }
        )

    def open_pull(self, branch, title="A change", base="main", draft=False, fork=False, by="linus"):
        with self.lock:
            number = len(self.merge_requests) + 1
            one = {
                "id": self.next_id(),
                "iid": number,
                "title": ("Draft: " if draft else "") + title,
                "state": "opened",
                "draft": draft,
                "author": "mallory" if fork else by,
                "source_branch": branch,
                "target_branch": base,
                "source_project_id": FORK if fork else PROJECT,
                "target_project_id": PROJECT,
                "labels": [],
                "created_at": now_iso(),
                "sha": None,
                "merge_commit_sha": None,
                "squash_commit_sha": None,
                "versions": [],
                "approvals": {},
                "notes": [],
            }
            self.merge_requests.append(one)
            self.add_version(one)
            self.merge_request_hook(one, "open", one["author"])
            return number

    def close(self, number, by="linus"):
        with self.lock:
            self.pull(number)["state"] = "closed"
            self.merge_request_hook(self.pull(number), "close", by)

    def reopen(self, number, by="linus"):
        with self.lock:
            self.pull(number)["state"] = "opened"
            self.merge_request_hook(self.pull(number), "reopen", by)

    def retarget(self, number, base, by="linus"):
        with self.lock:
            one = self.pull(number)
            old, one["target_branch"] = one["target_branch"], base
            self.add_version(one)
            change = {"target_branch": {"previous": old, "current": base}}
            self.merge_request_hook(one, "update", by, changes=change)

    def set_draft(self, number, draft, by="linus"):
        with self.lock:
            one = self.pull(number)
            old, one["draft"] = one["draft"], draft
            one["title"] = ("Draft: " if draft else "") + one["title"].removeprefix("Draft: ")
            change = {"draft": {"previous": old, "current": draft}}
            self.merge_request_hook(one, "update", by, changes=change)

    def label(self, number, *labels, by="linus"):
        with self.lock:
            one = self.pull(number)
            old, one["labels"] = one["labels"], list(labels)
            titles = [[{"title": x} for x in some] for some in (old, one["labels"])]
            change = {"labels": {"previous": titles[0], "current": titles[1]}}
            self.merge_request_hook(one, "update", by, changes=change)

    def approve(self, number, by="grace"):
        with self.lock:
            self.pull(number)["approvals"][by] = now_iso()
            self.merge_request_hook(self.pull(number), "approved", by)

    def unapprove(self, number, by="grace"):
        with self.lock:
            del self.pull(number)["approvals"][by]
            self.merge_request_hook(self.pull(number), "unapproved", by)

    def merge(self, number, style="merge", by="grace"):
        """styles: merge, squash (and then fast-forward), fast_forward. The target's new tip."""
        with self.lock:
            one = self.pull(number)
            project = self.projects[one["target_project_id"]]
            before = self.tip(project, one["target_branch"])
            self.git("fetch", "-q", str(self.bare(project)), "+refs/*:refs/known/*")
            self.git("checkout", "-q", "-B", "work", before)
            if style == "merge":
                self.git("merge", "-q", "--no-ff", "-m", "Merge branch into main", one["sha"])
                one["merge_commit_sha"] = self.git("rev-parse", "HEAD")
            elif style == "squash":
                self.git("merge", "-q", "--squash", one["sha"])
                self.git("commit", "-q", "-m", one["title"])
                one["squash_commit_sha"] = self.git("rev-parse", "HEAD")
            else:
                self.git("merge", "-q", "--ff-only", one["sha"])
            one["state"] = "merged"
            one["merged_at"] = now_iso()
            self.git(
                "push", "-q", str(self.bare(project)), "HEAD:refs/heads/" + one["target_branch"]
            )
            self.system_note(one, "merged")
            self.merge_request_hook(one, "merge", by)
            return self.pushed(project, one["target_branch"], before, by)

    def rename(self, new_path):
        """As when a project is renamed or moved: the old path forwards what is read, and refuses the rest."""
        with self.lock:
            project = self.projects[PROJECT]
            old, project["path"] = project["path"], new_path
            project["old_paths"].add(old.lower())
            payload = {
                "event_name": "project_rename",
                "project_id": PROJECT,
                "path_with_namespace": new_path,
                "old_path_with_namespace": old,
            }
            self.hook(project, "System Hook", payload)

    # --- pipelines

    def add_pipeline(self, project, sha, ref, source):
        made = {
            "id": self.next_id(),
            "project_id": project["id"],
            "sha": sha,
            "ref": ref,
            "source": source,
            "status": "running",
            "created_at": now_iso(),
            "updated_at": now_iso(),
        }
        self.pipelines.append(made)
        return made

    def pipelines_of(self, one):
        """Those of its branch in the source project, and its own."""
        own = "refs/merge-requests/%d/head" % one["iid"]
        return [
            p
            for p in self.pipelines
            if p["ref"] == own
            or (p["ref"] == one["source_branch"] and p["project_id"] == one["source_project_id"])
        ]

    def run_pipeline(self, number):
        """A pipeline of the merge request's own, as `workflow: rules` make it; its id."""
        with self.lock:
            one = self.pull(number)
            project = self.projects[one["target_project_id"]]
            ref = "refs/merge-requests/%d/head" % number
            made = self.add_pipeline(project, one["sha"], ref, "merge_request_event")
            self.hook(
                project,
                "Pipeline Hook",
                {
                    "object_kind": "pipeline",
                    "object_attributes": {
                        k: made[k] for k in ("id", "ref", "sha", "status", "source")
                    },
                    "project": self.project_in_hook(project),
                },
            )
            return made["id"]

    # --- notes

    def note(self, one, body, by, system=False, internal=False):
        at = now_iso()
        made = {
            "id": self.next_id(),
            "body": body,
            "author": by,
            "system": system,
            "internal": internal,
            "created_at": at,
            "updated_at": at,
            "emoji": [],
        }
        one["notes"].append(made)
        if not system:
            self.note_hook(one, made, "create", by)
        return made

    def system_note(self, one, body):
        self.note(one, body, one["author"], system=True)

    def edit_note(self, one, note, body, by):
        note["body"] = body
        note["updated_at"] = now_iso()
        self.note_hook(one, note, "update", by)

    def comment(self, number, body, by="grace", internal=False):
        with self.lock:
            return self.note(self.pull(number), body, by, internal=internal)["id"]

    def edit_comment(self, number, note_id, body, by="grace"):
        with self.lock:
            one = self.pull(number)
            note = next(n for n in one["notes"] if n["id"] == note_id)
            self.edit_note(one, note, body, by)

    def delete_comment(self, number, note_id):
        with self.lock:
            one = self.pull(number)
            one["notes"] = [n for n in one["notes"] if n["id"] != note_id]

    # --- what a test looks at

    def checks(self, number, sha=None):
        """The newest status of each name at the head: {name: {state, title, pipeline, url}}."""
        with self.lock:
            sha = sha or self.pull(number)["sha"]
            return {
                s["name"]: {
                    "state": s["status"],
                    "title": s["description"],
                    "pipeline": s["pipeline_id"],
                    "url": s["target_url"],
                }
                for s in self.statuses
                if s["sha"] == sha
            }

    def comments(self, number):
        with self.lock:
            return [
                {
                    "id": n["id"],
                    "body": n["body"],
                    "author": n["author"],
                    "ours": n["author"] == "slipway",
                }
                for n in self.pull(number)["notes"]
                if not n["system"]
            ]

    def reactions(self, number, note_id):
        with self.lock:
            note = next(n for n in self.pull(number)["notes"] if n["id"] == note_id)
            return [e["name"] for e in note["emoji"]]

    def limited(self, n=1):
        self.faults += [429] * n

    def broken(self, n=1):
        self.faults += [500] * n

    def hang(self, n=1):
        """The next calls get no answer before stop()."""
        self.faults += [0] * n

    # --- answers of the API

    def user_basic(self, name):
        return {
            "id": self.users[name],
            "username": name,
            "name": name.title(),
            "state": "active",
            "locked": False,
            "avatar_url": None,
            "web_url": "%s/%s" % (self.url, name),
        }

    def level(self, project, name):
        if project["id"] == FORK:
            return 50 if name == "mallory" else 20
        return LEVELS.get(name, 0)

    def project_entity(self, project):
        group, _, name = project["path"].rpartition("/")
        return {
            "id": project["id"],
            "name": name,
            "path": name,
            "path_with_namespace": project["path"],
            "default_branch": "main",
            "visibility": "private",
            "web_url": self.url + "/" + project["path"],
            "http_url_to_repo": self.url + "/" + project["path"] + ".git",
            "namespace": {"id": 1, "full_path": group, "kind": "group"},
        }

    def pipeline_entity(self, pipeline):
        return dict(pipeline, iid=pipeline["id"], web_url=self.url + "/pipelines")

    def commit_entity(self, project, sha):
        title = self.in_bare(project, "log", "-1", "--format=%s", sha)
        return {
            "id": sha,
            "short_id": sha[:8],
            "title": title,
            "message": title,
            "project_id": project["id"],
        }

    def merge_request_entity(self, one, whole=False):
        project = self.projects[one["target_project_id"]]
        newest = one["versions"][-1]
        pipelines = [p for p in self.pipelines_of(one) if p["sha"] == one["sha"]]
        out = {
            "id": one["id"],
            "iid": one["iid"],
            "project_id": project["id"],
            "title": one["title"],
            "description": None,
            "state": one["state"],
            "draft": one["draft"],
            "work_in_progress": one["draft"],
            "created_at": one["created_at"],
            "updated_at": now_iso(),
            "merged_at": one.get("merged_at"),
            "author": self.user_basic(one["author"]),
            "source_branch": one["source_branch"],
            "target_branch": one["target_branch"],
            "source_project_id": one["source_project_id"],
            "target_project_id": one["target_project_id"],
            "labels": one["labels"],
            "sha": one["sha"],
            "merge_commit_sha": one["merge_commit_sha"],
            "squash_commit_sha": one["squash_commit_sha"],
            "user_notes_count": len([n for n in one["notes"] if not n["system"]]),
            "detailed_merge_status": "draft_status" if one["draft"] else "mergeable",
            "references": {"full": "%s!%d" % (project["path"], one["iid"])},
            "web_url": "%s/%s/-/merge_requests/%d" % (self.url, project["path"], one["iid"]),
        }
        if whole:
            out["diff_refs"] = {
                "base_sha": newest["base_commit_sha"],
                "head_sha": newest["head_commit_sha"],
                "start_sha": newest["start_commit_sha"],
            }
            out["head_pipeline"] = self.pipeline_entity(pipelines[-1]) if pipelines else None
        return out

    def note_entity(self, one, note):
        return {
            "id": note["id"],
            "type": None,
            "body": note["body"],
            "author": self.user_basic(note["author"]),
            "created_at": note["created_at"],
            "updated_at": note["updated_at"],
            "system": note["system"],
            "noteable_id": one["id"],
            "noteable_type": "MergeRequest",
            "noteable_iid": one["iid"],
            "project_id": one["target_project_id"],
            "resolvable": False,
            "confidential": note["internal"],
            "internal": note["internal"],
        }

    def emoji_entity(self, emoji):
        return {"id": emoji["id"], "name": emoji["name"], "user": self.user_basic(emoji["by"])}

    def hook_entity(self, hook):
        return {
            "id": hook["id"],
            "url": hook["url"],
            "project_id": PROJECT,
            "token_present": bool(hook["token"]),
            "signing_token_present": bool(hook["signing_token"]),
            "push_events": True,
            "merge_requests_events": True,
            "note_events": True,
            "pipeline_events": True,
            "alert_status": "executable",
            "disabled_until": None,
        }

    # --- requests

    def answer(self, handler):
        path, _, query = handler.path.partition("?")
        if not path.startswith("/api/"):
            return self.answer_git(handler, path, query)
        body = git_http.body_of(handler)
        with self.lock:
            fault = self.faults.pop(0) if self.faults else None
        if fault == 0:
            self.released.wait()
            handler.close_connection = True
            return None
        with self.lock:
            status, value, headers = self.answer_api(handler, body, fault)
            self.calls.append({"method": handler.command, "path": handler.path, "status": status})
        content = b"" if value is None else json.dumps(value).encode()
        handler.send_response(status)
        headers = {
            "Content-Type": "application/json",
            "RateLimit-Limit": "2000",
            "RateLimit-Observed": str(len(self.calls)),
            "RateLimit-Remaining": "0" if status == 429 else "1900",
            "RateLimit-Reset": str(int(time.time()) + 60),
            **headers,
        }
        for name, text in headers.items():
            handler.send_header(name, text)
        if status != 204:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if status != 204:
            handler.wfile.write(content)

    def answer_api(self, handler, body, fault):
        if fault == 429:
            return 429, {"message": "Retry later"}, {"Retry-After": "1"}
        if fault:
            return fault, {"message": "%d Internal Server Error" % fault}, {}
        request = gitlab_rest.Request(handler, body)
        request.user = self.tokens.get(request.token())
        if not request.user:
            return 401, {"message": "401 Unauthorized"}, {}
        try:
            return gitlab_rest.answer(self, request)
        except gitlab_rest.Moved as moved:
            if request.method != "GET":
                return 405, {"message": "405 Method Not Allowed"}, {}
            parts = handler.path.split("/")
            parts[4] = str(moved.project["id"])
            target = self.address + "/".join(parts)
            return 301, {"message": "Moved Permanently"}, {"Location": target}

    def answer_git(self, handler, path, query):
        name, _, rest = path.lstrip("/").partition(".git/")
        for project in self.projects.values():
            if project["path"] == name or name.lower() in project["old_paths"]:
                inner = "/%d.git/%s" % (project["id"], rest)
                root = str(self.work / "git")
                return git_http.answer(handler, root, inner, query, self.may_read)
        return git_http.refuse(handler, 404)

    def may_read(self, repository, username, password):
        return username == "oauth2" and password == self.token and repository == str(PROJECT)

    # --- webhooks

    def add_hook(self, url, signing_token=None, token=None):
        made = {
            "id": self.next_id(),
            "uuid": str(uuid.uuid4()),
            "url": url,
            "signing_token": signing_token,
            "token": token,
        }
        self.hooks.append(made)
        return made

    def webhooks_to(self, url):
        """From now on, signed or with the token in clear."""
        self.hooks = []
        if self.signed:
            self.add_hook(url, signing_token=self.signing_token)
        else:
            self.add_hook(url, token=self.webhook_token)

    def project_in_hook(self, project):
        return {
            "id": project["id"],
            "name": project["path"].rpartition("/")[2],
            "path_with_namespace": project["path"],
            "default_branch": "main",
            "web_url": self.url + "/" + project["path"],
        }

    def user_in_hook(self, name):
        return {
            "id": self.users[name],
            "name": name.title(),
            "username": name,
            "email": "[REDACTED]",
        }

    def push_payload(self, project, branch, before, after, by):
        return {
            "object_kind": "push",
            "event_name": "push",
            "before": before,
            "after": after or ZERO,
            "ref": "refs/heads/" + branch,
            "ref_protected": branch in self.protected,
            "checkout_sha": after or None,
            "user_id": self.users[by],
            "user_username": by,
            "project_id": project["id"],
            "project": self.project_in_hook(project),
            "commits": [],
            "total_commits_count": 1,
        }

    def merge_request_hook(self, one, action, by, attributes=None, changes=None):
        project = self.projects[one["target_project_id"]]
        payload = {
            "object_kind": "merge_request",
            "event_type": "merge_request",
            "user": self.user_in_hook(by),
            "project": self.project_in_hook(project),
            "object_attributes": dict(
                {
                    k: one[k]
                    for k in (
                        "id",
                        "iid",
                        "title",
                        "state",
                        "draft",
                        "source_branch",
                        "target_branch",
                        "source_project_id",
                        "target_project_id",
                        "merge_commit_sha",
                    )
                },
                action=action,
                last_commit={"id": one["sha"]},
                updated_at=now_iso(),
                **(attributes or {}),
            ),
            "labels": [{"title": x} for x in one["labels"]],
            "changes": changes or {},
        }
        self.hook(project, "Merge Request Hook", payload)

    def note_hook(self, one, note, action, by):
        project = self.projects[one["target_project_id"]]
        payload = {
            "object_kind": "note",
            "event_type": "confidential_note" if note["internal"] else "note",
            "user": self.user_in_hook(by),
            "project_id": project["id"],
            "project": self.project_in_hook(project),
            "object_attributes": {
                "id": note["id"],
                "note": note["body"],
                "noteable_type": "MergeRequest",
                "noteable_id": one["id"],
                "author_id": self.users[note["author"]],
                "system": note["system"],
                "internal": note["internal"],
                "action": action,
                "created_at": note["created_at"],
                "updated_at": note["updated_at"],
            },
            "merge_request": {
                "id": one["id"],
                "iid": one["iid"],
                "state": one["state"],
                "source_branch": one["source_branch"],
                "target_branch": one["target_branch"],
                "source_project_id": one["source_project_id"],
                "target_project_id": one["target_project_id"],
                "last_commit": {"id": one["sha"]},
            },
        }
        self.hook(project, "Confidential Note Hook" if note["internal"] else "Note Hook", payload)

    def hook(self, project, event, payload):
        for one in self.hooks:
            self.send_to(one, event, payload)

    def send_to(self, hook, event, payload):
        body = json.dumps(payload, separators=(",", ":")).encode()
        with self.lock:
            self.unsent += 1
        self.hooks_waiting.put((hook, event, body, str(uuid.uuid4())))

    def headers_of(self, hook, event, body, delivery):
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/19.2.0",
            "X-Gitlab-Event": event,
            "X-Gitlab-Instance": self.address,
            "X-Gitlab-Webhook-UUID": hook["uuid"],
            "X-Gitlab-Event-UUID": str(uuid.uuid4()),
            "Idempotency-Key": delivery,
        }
        if hook["token"]:
            headers["X-Gitlab-Token"] = hook["token"]
        if hook["signing_token"]:
            at = str(int(time.time()))
            key = base64.b64decode(hook["signing_token"].removeprefix("whsec_"))
            text = delivery.encode() + b"." + at.encode() + b"." + body
            mac = hmac.new(key, text, hashlib.sha256).digest()
            headers["webhook-id"] = delivery
            headers["webhook-timestamp"] = at
            headers["webhook-signature"] = "v1," + base64.b64encode(mac).decode()
        return headers

    def send_hooks(self):
        while True:
            waiting = self.hooks_waiting.get()
            if waiting is None:
                return
            self.send(*waiting)
            with self.lock:
                self.unsent -= 1

    def send(self, hook, event, body, delivery):
        target = urllib.parse.urlsplit(hook["url"])
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
        try:
            headers = self.headers_of(hook, event, body, delivery)
            connection.request("POST", target.path, body=body, headers=headers)
            status = connection.getresponse().status
        except OSError:
            status = 0
        finally:
            connection.close()
        with self.lock:
            self.sent.append(
                {
                    "event": event,
                    "status": status,
                    "again": (hook, event, body, delivery),
                    "payload": json.loads(body),
                }
            )

    def redeliver(self):
        """The last one again: the same id and body, signed anew."""
        with self.lock:
            last = self.sent[-1]["again"]
            self.unsent += 1
        self.hooks_waiting.put(last)


def main():
    """gitlab_double.py WORK: prints one line of JSON, then does what each line of standard input asks, {"do": METHOD,
    ARGUMENT: ...}, printing one line for each. Ends with its input."""
    double = GitlabDouble(sys.argv[1]).start()
    try:
        names = ("api_url", "git_url", "token", "signing_token", "repository")
        print(json.dumps({name: getattr(double, name) for name in names}), flush=True)
        for line in sys.stdin:
            arguments = json.loads(line)
            done = getattr(double, arguments.pop("do"))(**arguments)
            print(json.dumps(done), flush=True)
    finally:
        double.stop()
        shutil.rmtree(double.work, ignore_errors=True)


if __name__ == "__main__":
    main()
