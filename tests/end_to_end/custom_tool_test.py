#!/usr/bin/env python3
"""A tool of the organisation's own: a small script that writes files, in the real sandbox, on the built-in forge."""

import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, wait_until  # noqa: E402

# site.json says which files there should be in STATE; a plan is the list of those to write.
SITE_TOOL = r"""#!/usr/bin/env python3
import hashlib, json, os, pathlib, sys

state, step, plan = pathlib.Path("@STATE@"), sys.argv[1], pathlib.Path(sys.argv[2])

def there(name):
    file = state / name
    return file.read_text() if file.exists() else None

if step in ("plan", "remove"):
    site = json.loads(pathlib.Path("site.json").read_text())
    if "fails" in site:
        sys.exit("site.json: " + site["fails"])
    wanted = {} if step == "remove" else site["files"]
    print("comparing", len(wanted), "files; the token is", os.environ.get("SITE_TOKEN"))
    try:
        (state / "written-by-a-plan").write_text("x")
    except OSError:
        pass
    plan.write_text(json.dumps({
        "shows": site.get("shows"),
        "nonce": os.urandom(8).hex(),
        "files": [[name, there(name), text] for name, text in wanted.items() if there(name) != text],
    }))
elif step == "show":
    planned = json.loads(plan.read_text())
    if planned["shows"]:
        sys.exit(print(planned["shows"]))
    seen = sorted(str(p) for p in pathlib.Path("/workspace/source").rglob("*"))
    seen += [str(state)] if state.exists() else []
    print(json.dumps({"version": 1, "changes": [
        {"address": "file " + name, "action": "create" if before is None else "update",
         "type": "file", "attributes": [
            {"path": "text", "before": before, "after": after},
            {"path": "seen", "after": seen},
            {"path": "db.password", "after": "hunter2-" + name}]}
        for name, before, after in planned["files"]]}))
elif step == "apply":
    for name, before, after in json.loads(plan.read_text())["files"]:
        (state / name).write_text(after)
    (state / "applied").write_text(hashlib.sha256(plan.read_bytes()).hexdigest())
    print("wrote the files; the token is", os.environ.get("SITE_TOKEN"))
"""


class SitePlace(Place):
    def __init__(self, build, tree, name="site", program=None):
        super().__init__(build, tree)
        tool = self.work / "site-tool"
        tool.write_text(SITE_TOOL.replace("@STATE@", str(self.state)))
        tool.chmod(0o755)
        program = program or str(tool)
        steps = [
            "%s: [%s, %s, '{plan}']" % (step, program, word)
            for step, word in (
                ("plan", "plan"),
                ("show", "show"),
                ("apply", "apply"),
                ("destroy", "remove"),
            )
        ]
        with open(self.work / "slipway.yaml", "a") as config:
            config.write("worker:\n  custom: {%s: {%s}}\n" % (name, ", ".join(steps)))

    def text(self, name):
        file = self.state / name
        return file.read_text() if file.exists() else None


def tree(tool="custom/site"):
    out = organisation()
    del out["stacks/network.yaml"]
    out["stacks/site.yaml"] = (
        "directory: site\ntool: %s\nalso_triggered_by: ['shared/**']\n"
        "variables: {SITE_TOKEN: token-of-the-site-51}\n"
        "apply: {when: on_merge, start: automatic}\n" % tool
    )
    return out


def site(**files):
    return {"site/site.json": json.dumps({"files": files})}


def opened(place, number):
    wait_until("pull request %d" % number, lambda: number in place.numbers())
    return number


def newest(place, kind):
    return next(r for r in place.runs("site") if r["kind"] == kind)


def from_the_pull_request_to_the_apply(build):
    """a tool of the worker's configuration plans, is shown as a prediction, and applies exactly its plan file"""
    with SitePlace(build, tree()) as place:
        place.push_main(site())
        place.start()
        place.branch("topic")
        place.propose("topic", site(index="hello"))
        number = opened(place, 1)
        check = place.wait_check(number, "success", "slipway/site")
        assert check["title"] == "1 to add, predicted only", check
        comment = place.wait_comment(number, "+1, predicted only", "+ file index  created")
        # Rule R3: show saw the plan file, and neither the source nor what runs share.
        assert '"hello"' in comment and "seen" in comment and "/" not in seen_in(comment), comment
        assert "hunter2" not in comment, comment
        assert place.text("written-by-a-plan") is None  # rule R2
        assert place.text("index") is None

        place.slipway("pull", "merge", str(number), "--as", "grace")
        place.wait_comment(number, "Slipway applied site")
        run = newest(place, "tracked")
        assert place.text("index") == "hello"
        assert place.text("applied") == run["plan_digest"], run
        assert run["plan_digest"] != newest(place, "proposed")["plan_digest"]
        log = place.slipway("logs", run["id"]).stdout
        assert "wrote the files; the token is ***" in log and "token-of-the-site" not in log, log


def seen_in(comment):
    """What the attribute `seen` says in the diff."""
    line = next(line for line in comment.splitlines() if "seen" in line)
    return line.split("seen", 1)[1]


def what_triggers_it_is_what_it_gets(build):
    """a change of what `also_triggered_by` names concerns the stack, and the tool finds it in its source"""
    with SitePlace(build, tree()) as place:
        place.push_main(site(index="a") | {"shared/words/x": "x\n", "other/y": "y\n"})
        place.start()
        place.branch("other")
        place.propose("other", {"other/y": "z\n"})
        number = opened(place, 1)
        place.wait_check(number, "success")
        assert place.runs("site") == [], place.runs("site")
        place.branch("shared")
        place.propose("shared", {"shared/words/x": "z\n"})
        number = opened(place, 2)
        place.wait_check(number, "success", "slipway/site")
        names = {i["name"] for i in newest(place, "proposed")["inputs"] if i["kind"] == "files"}
        assert names == {"site", "shared"}, names


def mistakes_are_told(build):
    """a tool's own error, and a document that is not as documented, are told on the pull request, with the member"""
    with SitePlace(build, tree()) as place:
        place.push_main(site())
        place.start()
        wrong = {"version": 1, "changes": [{"address": "a", "action": "destroy"}]}
        for expected, (topic, text, said) in enumerate(
            (
                ("fails", {"fails": "no such host"}, "site.json: no such host"),
                (
                    "action",
                    {"shows": json.dumps(wrong)},
                    '`changes[0].action` is "destroy"; it is one of create, read, update, delete',
                ),
                ("prose", {"shows": "PLAY RECAP ok=1"}, "is not a plan: it is not valid JSON"),
            ),
            1,
        ):
            place.branch(topic)
            place.propose(topic, {"site/site.json": json.dumps({"files": {}} | text)})
            number = opened(place, expected)
            place.wait_check(number, "failure", "slipway/site")
            error = newest(place, "proposed")["error"]
            assert said in error, error
            place.slipway("pull", "close", str(number), "--as", "grace")
            assert place.text("applied") is None


def a_tool_that_the_worker_does_not_define(build):
    """a stack that names a tool which the worker does not define is told which ones it does"""
    with SitePlace(build, tree("custom/sight"), name="site") as place:
        place.push_main(site())
        place.start()
        place.branch("topic")
        place.propose("topic", site(index="hello"))
        number = opened(place, 1)
        place.wait_check(number, "failure", "slipway/site")
        error = newest(place, "proposed")["error"]
        assert error == (
            "the stack wants custom/sight, but `worker.custom` of the worker's configuration defines site"
        ), error


def only_where_the_space_lists_it(build):
    """rule C5: a repository that describes itself uses such a tool only where its space lists it"""
    described = organisation()
    del described["stacks/network.yaml"]
    own = {".slipway.yaml": "version: 1\nstacks:\n  site: {directory: site, tool: custom/site}\n"}
    for listed in ("", ", tools: [custom/site]"):
        described["space.yaml"] += (
            "repositories: {local/acme/*: {may_set: [directory, tool]%s}}\n" % listed
        )
        with SitePlace(build, described) as place:
            place.push_main(site() | own)
            place.start()
            place.branch("topic")
            place.propose("topic", site(index="hello"))
            number = opened(place, 1)
            if listed:
                place.wait_comment(number, "+1, predicted only", "file index")
            else:
                place.wait_comment(
                    number, "may not be custom/site", "does not list it under", "tools"
                )
                assert place.runs() == [], place.runs()
        described["space.yaml"] = described["space.yaml"].split("repositories:")[0]


def a_program_is_written_in_full(build):
    """a service whose configuration names a program without its path does not start, and says where"""
    place = SitePlace(build, tree(), program="site-tool")
    try:
        done = place.run(
            place.binary, "serve", "--config", str(place.work / "slipway.yaml"), check=False
        )
        assert done.returncode == 2, done
        assert "`plan` begins with a program's full path, not with site-tool" in done.stderr, done
    finally:
        shutil.rmtree(place.work)


if __name__ == "__main__":
    main(
        [
            from_the_pull_request_to_the_apply,
            what_triggers_it_is_what_it_gets,
            mistakes_are_told,
            a_tool_that_the_worker_does_not_define,
            only_where_the_space_lists_it,
            a_program_is_written_in_full,
        ]
    )
