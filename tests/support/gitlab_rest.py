"""The REST API of gitlab_double.py: what a request finds in the double's state, and what it changes there.

Each call is a function under the method and the shape of its path; {x} is one segment, decoded. It returns (status,
value) or (status, value, headers), or raises Refused. Where the documentation is silent, GitLab's source is meant,
and the comment says so.
"""

import datetime
import json
import re
import time
import urllib.parse

NOTE_CHARACTERS = 1_000_000
QUICK_ACTIONS = (
    "approve assign award board_move cc clear_health_status close confidential copy_metadata done draft due duplicate "
    "estimate label lock merge milestone move ready reaction reassign reassign_reviewer rebase relabel "
    "remove_milestone "
    "reopen request_review reviewer shrug spend submit_review subscribe tableflip target_branch title todo unapprove "
    "unassign unlabel unlock unsubscribe wip"
).split()
ROUTES = []


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


def route(method, shape):
    pattern = re.compile("/api/v4" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", shape) + "$")

    def register(function):
        ROUTES.append((method, pattern, function))
        return function

    return register


def now_iso():
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (now.microsecond // 1000)


class Request:
    def __init__(self, handler, body):
        self.method = handler.command
        self.path, _, query = handler.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = handler.headers
        self.body = {}
        if body:
            if "json" in handler.headers.get("Content-Type", ""):
                self.body = json.loads(body)
            else:
                self.body = dict(urllib.parse.parse_qsl(body.decode()))

    def value(self, name):
        return self.body.get(name, self.query.get(name))

    def token(self):
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        return value if kind == "Bearer" else self.headers.get("PRIVATE-TOKEN", "")


def answer(double, request):
    """(status, value, headers) of an authenticated request."""
    for method, pattern, function in ROUTES:
        found = pattern.match(request.path)
        if found and method == request.method:
            names = {k: urllib.parse.unquote(v) for k, v in found.groupdict().items()}
            try:
                done = function(double, request, **names)
            except Refused as refused:
                return refused.status, refused.message, {}
            return done if len(done) == 3 else (*done, {})
    return 404, {"error": "404 Not Found"}, {}


def paged(double, request, items):
    """docs.gitlab.com, "REST API", "Offset-based pagination": both the headers and Link."""
    page = int(request.query.get("page") or 1)
    size = min(int(request.query.get("per_page") or 20), 100)
    if page * size > 50_000:
        raise Refused(405, {"error": "Offset pagination has a maximum allowed offset of 50000"})
    pages = max(1, -(-len(items) // size))
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(page + 1) if page < pages else "",
        "X-Prev-Page": str(page - 1) if page > 1 else "",
        "X-Total": str(len(items)),
        "X-Total-Pages": str(pages),
    }

    def link(number, relation):
        query = urllib.parse.urlencode(dict(request.query, page=number, per_page=size))
        return '<%s%s?%s>; rel="%s"' % (double.address, request.path, query, relation)

    links = [link(1, "first"), link(pages, "last")]
    if page < pages:
        links.insert(0, link(page + 1, "next"))
    headers["Link"] = ", ".join(links)
    return 200, items[(page - 1) * size : page * size], headers


class Moved(Exception):
    def __init__(self, project):
        self.project = project


def project_of(double, name):
    for project in double.projects.values():
        if str(project["id"]) == name or project["path"].lower() == name.lower():
            return project
        if name.lower() in project["old_paths"]:
            raise Moved(project)
    raise Refused(404, {"message": "404 Project Not Found"})


def visible(double, request, name):
    project = project_of(double, name)
    if double.level(project, request.user) == 0:
        raise Refused(404, {"message": "404 Project Not Found"})
    return project


def needs(double, request, project, level):
    if double.level(project, request.user) < level:
        raise Refused(403, {"message": "403 Forbidden"})


def merge_request_of(double, project, iid):
    for one in double.merge_requests:
        if one["target_project_id"] == project["id"] and str(one["iid"]) == iid:
            return one
    raise Refused(404, {"message": "404 Merge Request Not Found"})


# --- who


@route("GET", "/version")
def version(double, request):
    return 200, {"version": "19.2.0", "revision": "0000000000"}


@route("GET", "/metadata")
def metadata(double, request):
    return 200, {"version": "19.2.0", "revision": "0000000000", "enterprise": False}


@route("GET", "/user")
def user(double, request):
    return 200, dict(double.user_basic(request.user), bot=False)


@route("GET", "/users")
def users(double, request):
    wanted = request.query.get("username", "").lower()
    return paged(double, request, [double.user_basic(u) for u in double.users if u == wanted])


@route("GET", "/personal_access_tokens/self")
def own_token(double, request):
    return 200, {
        "id": 1,
        "name": "slipway",
        "revoked": False,
        "active": True,
        "scopes": ["api"],
        "user_id": double.users[request.user],
        "created_at": double.started,
        "expires_at": double.token_ends,
    }


def member(double, project, user_id):
    for name, number in double.users.items():
        level = double.level(project, name)
        if str(number) == user_id and level:
            return 200, dict(
                double.user_basic(name),
                access_level=level,
                created_at=double.started,
                expires_at=None,
                membership_state="active",
            )
    raise Refused(404, {"message": "404 Not found"})


@route("GET", "/projects/{id}/members/all/{user_id}")
@route("GET", "/projects/{id}/members/{user_id}")
def project_member(double, request, id, user_id):
    return member(double, visible(double, request, id), user_id)


@route("GET", "/groups/{id}/members/{user_id}")
def group_member(double, request, id, user_id):
    for name in double.groups.get(id, []):
        if str(double.users[name]) == user_id:
            return 200, dict(double.user_basic(name), access_level=30, membership_state="active")
    raise Refused(404, {"message": "404 Not found"})


# --- projects


@route("GET", "/projects/{id}")
def project(double, request, id):
    one = visible(double, request, id)
    access = {"access_level": double.level(one, request.user), "notification_level": 3}
    return 200, dict(
        double.project_entity(one),
        permissions={"project_access": access, "group_access": None},
        only_allow_merge_if_pipeline_succeeds=False,
    )


@route("GET", "/projects/{id}/hooks")
def hooks(double, request, id):
    needs(double, request, visible(double, request, id), 40)
    return paged(double, request, [double.hook_entity(h) for h in double.hooks])


@route("POST", "/projects/{id}/hooks")
def add_hook(double, request, id):
    needs(double, request, visible(double, request, id), 40)
    made = double.add_hook(
        request.value("url"), request.value("signing_token"), request.value("token")
    )
    return 201, double.hook_entity(made)


@route("PUT", "/projects/{id}/hooks/{hook}")
def edit_hook(double, request, id, hook):
    needs(double, request, visible(double, request, id), 40)
    for one in double.hooks:
        if one["id"] == int(hook):
            one["url"] = request.value("url")
            one["signing_token"] = request.value("signing_token")
            one["token"] = request.value("token")
            return 200, double.hook_entity(one)
    raise Refused(404, {"message": "404 Not found"})


# "Project webhooks API": "Trigger a test project webhook", with the newest data that there is.
@route("POST", "/projects/{id}/hooks/{hook}/test/push_events")
def try_hook(double, request, id, hook):
    project = visible(double, request, id)
    needs(double, request, project, 40)
    for one in double.hooks:
        if one["id"] == int(hook):
            tip = double.tip(project, "main")
            if not tip:
                raise Refused(422, {"message": "Ensure the project has at least one commit."})
            payload = double.push_payload(project, "main", tip, tip, request.user)
            double.send_to(one, "Push Hook", payload)
            return 201, {"message": "201 Created"}
    raise Refused(404, {"message": "404 Not found"})


@route("GET", "/projects/{id}/repository/branches/{branch}")
def branch(double, request, id, branch):
    one = visible(double, request, id)
    sha = double.tip(one, branch)
    if not sha:
        raise Refused(404, {"message": "404 Branch Not Found"})
    return 200, {"name": branch, "commit": double.commit_entity(one, sha), "default": True}


def commit_of(double, project, sha):
    full = double.find_commit(project, sha)
    if not full:
        raise Refused(404, {"message": "404 Commit Not Found"})
    return full


@route("GET", "/projects/{id}/repository/commits/{sha}")
def commit(double, request, id, sha):
    one = visible(double, request, id)
    full = commit_of(double, one, sha)
    mine = [p for p in double.pipelines if p["sha"] == full and p["project_id"] == one["id"]]
    return 200, dict(
        double.commit_entity(one, full),
        last_pipeline=double.pipeline_entity(mine[-1]) if mine else None,
    )


@route("GET", "/projects/{id}/repository/commits/{sha}/statuses")
def statuses(double, request, id, sha):
    one = visible(double, request, id)
    full = commit_of(double, one, sha)
    return paged(double, request, [s for s in reversed(double.statuses) if s["sha"] == full])


@route("GET", "/projects/{id}/repository/commits/{sha}/merge_requests")
def merge_requests_of_commit(double, request, id, sha):
    """In the source: by the commits of the diffs, by squash_commit_sha and by merge_commit_sha."""
    one = visible(double, request, id)
    full = commit_of(double, one, sha)
    found = [
        m
        for m in double.merge_requests
        if m["target_project_id"] == one["id"]
        and (
            full in (m["merge_commit_sha"], m["squash_commit_sha"])
            or any(full in v["commits"] for v in m["versions"])
        )
    ]
    return paged(double, request, [double.merge_request_entity(m) for m in found])


# --- merge requests


@route("GET", "/projects/{id}/merge_requests")
def merge_requests(double, request, id):
    one = visible(double, request, id)
    wanted = {k: request.query[k] for k in ("source_branch", "target_branch") if k in request.query}
    state = request.query.get("state", "all")
    found = [
        m
        for m in reversed(double.merge_requests)
        if m["target_project_id"] == one["id"]
        and state in ("all", m["state"])
        and all(m[k] == v for k, v in wanted.items())
    ]
    return paged(double, request, [double.merge_request_entity(m) for m in found])


@route("GET", "/projects/{id}/merge_requests/{iid}")
def merge_request(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    return 200, double.merge_request_entity(one, whole=True)


@route("GET", "/projects/{id}/merge_requests/{iid}/versions")
def versions(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    hidden = ("commits",)
    return paged(
        double,
        request,
        [{k: v for k, v in x.items() if k not in hidden} for x in reversed(one["versions"])],
    )


@route("GET", "/projects/{id}/merge_requests/{iid}/pipelines")
def pipelines(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    return paged(
        double, request, [double.pipeline_entity(p) for p in reversed(double.pipelines_of(one))]
    )


@route("GET", "/projects/{id}/merge_requests/{iid}/approvals")
def approvals(double, request, id, iid):
    """The free edition: single people, no rules, no counts; `approved` means that anybody did."""
    one = merge_request_of(double, visible(double, request, id), iid)
    by = [
        {"user": double.user_basic(name), "approved_at": at}
        for name, at in one["approvals"].items()
    ]
    return 200, {
        "approved": bool(by),
        "approved_by": by,
        "user_has_approved": request.user in one["approvals"],
        "user_can_approve": request.user != one["author"] and request.user not in one["approvals"],
    }


@route("POST", "/projects/{id}/merge_requests/{iid}/approve")
def approve(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    sha = request.value("sha")
    if sha and sha != one["sha"]:
        raise Refused(409, {"message": "SHA does not match HEAD of source branch: " + one["sha"]})
    if request.user in one["approvals"] or request.user == one["author"]:
        raise Refused(401, {"message": "401 Unauthorized"})
    double.approve(one["iid"], request.user)
    return 201, approvals(double, request, id, iid)[1]


@route("POST", "/projects/{id}/merge_requests/{iid}/unapprove")
def unapprove(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    if request.user not in one["approvals"]:
        raise Refused(404, {"message": "404 Not found"})
    double.unapprove(one["iid"], request.user)
    return 201, approvals(double, request, id, iid)[1]


@route("PUT", "/projects/{id}/merge_requests/{iid}/merge")
def merge(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    needs(double, request, project_of(double, id), 40)
    if one["state"] != "opened" or one["draft"]:
        raise Refused(405, {"message": "405 Method Not Allowed"})
    sha = request.value("sha")
    if sha and sha != one["sha"]:
        raise Refused(409, {"message": "SHA does not match HEAD of source branch: " + one["sha"]})
    squash = str(request.value("squash")).lower() == "true"
    double.merge(one["iid"], "squash" if squash else "merge", by=request.user)
    return 200, double.merge_request_entity(one, whole=True)


# --- notes


def note_of(merge_request, note_id):
    for one in merge_request["notes"]:
        if str(one["id"]) == note_id:
            return one
    raise Refused(404, {"message": "404 Note Not Found"})


def body_in(request):
    body = request.value("body")
    if not isinstance(body, str) or not body.strip():
        raise Refused(400, {"error": "body is missing"})
    if len(body) > NOTE_CHARACTERS:
        text = "is too long (maximum is %d characters)" % NOTE_CHARACTERS
        raise Refused(400, {"message": {"note": [text]}})
    return body


def obeyed(double, request, merge_request, body):
    """Takes out the lines that GitLab executes, and keeps them for the test to look at. In the source: a command
    begins a line, fences of three backticks end at the next such line, single-line spans of code do not count."""
    left, fenced, commands = [], False, {}
    for line in body.split("\n"):
        if re.match(r"^```", line):
            fenced = not (fenced and re.match(r"^```\s*$", line))
        found = None if fenced else re.match(r"^/([a-z_]+)(?:\s|$)", line)
        if found and found.group(1) in QUICK_ACTIONS:
            double.quick_actions.append(
                {"by": request.user, "number": merge_request["iid"], "line": line}
            )
            commands[found.group(1)] = True
        else:
            left.append(line)
    return "\n".join(left), commands


@route("GET", "/projects/{id}/merge_requests/{iid}/notes")
def notes(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    found = list(one["notes"])
    if request.query.get("activity_filter") == "only_comments":
        found = [n for n in found if not n["system"]]
    by = request.query.get("order_by", "created_at")
    found.sort(key=lambda n: (n[by], n["id"]), reverse=request.query.get("sort", "desc") == "desc")
    return paged(double, request, [double.note_entity(one, n) for n in found])


@route("GET", "/projects/{id}/merge_requests/{iid}/notes/{note_id}")
def note(double, request, id, iid, note_id):
    one = merge_request_of(double, visible(double, request, id), iid)
    return 200, double.note_entity(one, note_of(one, note_id))


@route("POST", "/projects/{id}/merge_requests/{iid}/notes")
def add_note(double, request, id, iid):
    one = merge_request_of(double, visible(double, request, id), iid)
    body, commands = obeyed(double, request, one, body_in(request))
    minute = [t for t in double.note_times if time.monotonic() - t < 60]
    if len(minute) >= double.notes_a_minute:
        text = "This endpoint has been requested too many times. Try again later."
        return 429, {"message": {"error": text}}, {"Retry-After": "60"}
    double.note_times = minute + [time.monotonic()]
    if not body.strip():
        return 202, {"commands_changes": commands, "summary": ["Done."]}
    internal = bool(request.value("internal"))
    made = double.note(one, body, request.user, internal=internal)
    return 201, dict(double.note_entity(one, made), commands_changes=commands)


def own_note(double, request, id, iid, note_id):
    one = merge_request_of(double, visible(double, request, id), iid)
    found = note_of(one, note_id)
    if found["author"] != request.user and double.level(project_of(double, id), request.user) < 40:
        raise Refused(403, {"message": "403 Forbidden"})
    return one, found


@route("PUT", "/projects/{id}/merge_requests/{iid}/notes/{note_id}")
def edit_note(double, request, id, iid, note_id):
    one, found = own_note(double, request, id, iid, note_id)
    body, _ = obeyed(double, request, one, body_in(request))
    double.edit_note(one, found, body, request.user)
    return 200, double.note_entity(one, found)


@route("DELETE", "/projects/{id}/merge_requests/{iid}/notes/{note_id}")
def delete_note(double, request, id, iid, note_id):
    one, found = own_note(double, request, id, iid, note_id)
    one["notes"].remove(found)
    return 204, None


@route("GET", "/projects/{id}/merge_requests/{iid}/notes/{note_id}/award_emoji")
def emoji(double, request, id, iid, note_id):
    one = merge_request_of(double, visible(double, request, id), iid)
    return paged(double, request, [double.emoji_entity(e) for e in note_of(one, note_id)["emoji"]])


@route("POST", "/projects/{id}/merge_requests/{iid}/notes/{note_id}/award_emoji")
def add_emoji(double, request, id, iid, note_id):
    one = merge_request_of(double, visible(double, request, id), iid)
    found = note_of(one, note_id)
    name = request.value("name")
    if any(e["name"] == name and e["by"] == request.user for e in found["emoji"]):
        text = "404 Award Emoji Name has already been taken Not Found"
        raise Refused(404, {"message": text})
    made = {"id": double.next_id(), "name": name, "by": request.user}
    found["emoji"].append(made)
    found["updated_at"] = now_iso()  # in the source: an emoji touches what it stands on
    return 201, double.emoji_entity(made)


# --- statuses

TRANSITIONS = {  # in the source: the state machine of CommitStatus; what is not here is refused
    "pending": ("enqueue", []),
    "running": ("run", ["pending"]),
    "success": ("success", ["pending", "running"]),
    "failed": ("drop", ["pending", "running"]),
    "canceled": ("cancel", ["pending", "running"]),
    "skipped": ("skip", ["pending"]),
}


@route("POST", "/projects/{id}/statuses/{sha}")
def set_status(double, request, id, sha):
    one = visible(double, request, id)
    needs(double, request, one, 30)
    if not re.fullmatch(r"[0-9a-f]{40}", sha) or not double.find_commit(one, sha):
        raise Refused(404, {"message": "404 Commit Not Found"})
    state = request.value("state")
    if state not in TRANSITIONS:
        raise Refused(400, {"error": "state does not have a valid value"})
    if double.conflicts > 0:
        double.conflicts -= 1
        raise Refused(409, {"message": "409 Conflict: another update is in progress"})
    for name in ("description", "target_url", "name", "ref"):
        if len(request.value(name) or "") > 255:
            raise Refused(400, {"message": {name: ["is too long (maximum is 255 characters)"]}})
    pipeline = pipeline_for(double, request, one, sha)
    if pipeline["ref"] in double.protected and double.level(one, request.user) < 40:
        raise Refused(403, {"message": "403 Forbidden"})
    name = request.value("name") or request.value("context") or "default"
    made = next(
        (
            s
            for s in double.statuses
            if s["pipeline_id"] == pipeline["id"]
            and s["name"] == name
            and s["by"] == request.user
            and s["status"] in ("pending", "running")
        ),
        None,
    )
    if made:
        event, sources = TRANSITIONS[state]
        if made["status"] not in sources:
            text = 'Cannot transition status via :%s from :%s (Reason(s): Status cannot transition via "%s")'
            raise Refused(400, {"message": text % (event, made["status"], event)})
    else:
        made = {
            "id": double.next_id(),
            "sha": sha,
            "name": name,
            "by": request.user,
            "pipeline_id": pipeline["id"],
            "ref": pipeline["ref"],
            "created_at": now_iso(),
            "allow_failure": False,
            "author": double.user_basic(request.user),
        }
        double.statuses.append(made)
    made.update(
        status=state,
        description=request.value("description"),
        target_url=request.value("target_url"),
    )
    double.statuses_written += 1
    return 201, {k: v for k, v in made.items() if k != "by"}


def pipeline_for(double, request, project, sha):
    """The newest one of this commit, of `ref` and `pipeline_id` where they are given; else a new one."""
    ref, wanted = request.value("ref"), request.value("pipeline_id")
    found = [
        p
        for p in double.pipelines
        if p["project_id"] == project["id"]
        and p["sha"] == sha
        and (not ref or p["ref"] == ref)
        and (not wanted or str(p["id"]) == str(wanted))
    ]
    if found:
        return found[-1]
    if wanted:
        raise Refused(404, {"message": "404 Pipeline for pipeline_id, sha and ref Not Found"})
    ref = ref or double.branch_with(project, sha)
    if not ref:
        raise Refused(404, {"message": "404 References for commit Not Found"})
    return double.add_pipeline(project, sha, ref, "external")
