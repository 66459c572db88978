#!/usr/bin/env python3
"""Repositories that have an atlantis.yaml: planned by the pull request, applied by `atlantis apply`, real OpenTofu."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, resource, state_resources, wait_until  # noqa: E402

WORDS = "command_words: [/slipway, atlantis]\n"
TOFU = "terraform_distribution: opentofu"


def backend(place, name):
    """A state for each workspace: state/NAME.tfstate, and state/NAME/WORKSPACE/terraform.tfstate."""
    (place.state / name).mkdir(exist_ok=True)
    return (
        'terraform {\n  backend "local" {\n    path = "%s/%s.tfstate"\n    workspace_dir = "%s/%s"\n  }\n}\n\n'
        % (place.state, name, place.state, name)
    )


def states(place, name, workspace="default"):
    if workspace == "default":
        return state_resources(place.state / (name + ".tfstate"))
    return state_resources(place.state / name / workspace / "terraform.tfstate")


def inputs(place, path):
    """What the resources of a state hold."""
    state = json.loads((place.state / path).read_text())
    return sorted(
        instance["attributes"]["input"]["value"]["value"]
        for one in state["resources"]
        for instance in one["instances"]
    )


def projects(*lines):
    return "version: 3\nprojects:\n" + "".join("- {%s, %s}\n" % (line, TOFU) for line in lines)


def begin(place, files, change, topic="topic"):
    place.push_main(files)
    place.start()
    place.branch(topic)
    place.propose(topic, change)


def checks(place, number=1):
    pull = place.pull(number)
    return sorted(c["name"] for c in pull["checks"] if c["commit"] == pull["head"])


def wait_state(place, name, expected, workspace="default"):
    wait_until(
        "the state of %s in %s" % (name, workspace),
        lambda: states(place, name, workspace) == expected,
    )


def simple(build):
    """no projects listed: directories are found; `atlantis plan`, `atlantis apply` and help as people know them"""
    with Place(build, config=WORDS) as place:
        begin(
            place,
            {
                "atlantis.yaml": "version: 3\n",
                "net/main.tofu": place.stack("net", ""),
                "other/main.tofu": place.stack("other", ""),
                "modules/m/main.tf": "# no stack\n",
            },
            {"net/main.tofu": place.stack("net", resource("a"))},
        )
        place.wait_check(1, "success")
        assert checks(place) == ["slipway", "slipway/local/acme/infra/net"], checks(place)
        place.say(1, "atlantis plan")
        place.wait_reply(1, "again")
        place.wait_check(1, "success")
        place.say(1, "atlantis version")
        place.wait_reply(1, "there is no command for it")
        place.say(1, "atlantis import a b")
        place.wait_reply(1, "`import` block")
        place.say(1, "atlantis apply -- -var x=y")
        place.wait_reply(1, "not passed to OpenTofu")
        wait_state(place, "net", ["a"])
        place.wait_comment(1, "Slipway applied local/acme/infra/net")
        place.wait_check(1, "success")
        place.slipway("pull", "merge", "1", "--as", "grace")


def two_workspaces(build):
    """one directory in two workspaces: two stacks, two states, applied one by one and together"""
    with Place(build, config=WORDS) as place:
        begin(
            place,
            {
                "atlantis.yaml": projects("dir: .", "dir: ., workspace: staging"),
                "main.tf": backend(place, "own"),
            },
            {"main.tf": backend(place, "own") + resource("a", "${terraform.workspace}")},
        )
        place.wait_check(1, "success")
        assert checks(place) == [
            "slipway",
            "slipway/local/acme/infra/root",
            "slipway/local/acme/infra/root-staging",
        ], checks(place)
        place.say(1, "atlantis apply -w staging")
        wait_state(place, "own", ["a"], "staging")
        assert inputs(place, "own/staging/terraform.tfstate") == ["staging"]
        assert states(place, "own") == [], states(place, "own")
        place.wait_check(1, "success")
        place.say(1, "atlantis apply")
        wait_state(place, "own", ["a"])
        assert inputs(place, "own.tfstate") == ["default"]


def a_module_of_both(build):
    """a change of a module plans both that name it by when_modified, and a change of one plans that one"""
    with Place(build, config=WORDS) as place:
        use = 'module "m" {\n  source = "../modules/m"\n}\n'
        when = "autoplan: {when_modified: ['**/*.tf*', '../modules/**/*.tf']}"
        files = {
            "atlantis.yaml": projects("dir: staging, " + when, "dir: production, " + when),
            "modules/m/main.tf": resource("a", "1"),
            "staging/main.tf": place.stack("staging", use),
            "production/main.tf": place.stack("production", use),
        }
        begin(place, files, {"modules/m/main.tf": resource("a", "2")})
        place.wait_check(1, "success")
        assert len(checks(place)) == 3, checks(place)
        place.say(1, "atlantis apply -d staging")
        wait_until("staging", lambda: (place.state / "staging.tfstate").exists())
        place.wait_check(1, "success")
        assert not (place.state / "production.tfstate").exists()
        place.say(1, "atlantis apply")
        wait_until("production", lambda: (place.state / "production.tfstate").exists())
        place.branch("one")
        place.propose("one", {"staging/more.tf": resource("b"), "staging/README.md": "hello\n"})
        place.wait_check(2, "success")
        assert checks(place, 2) == ["slipway", "slipway/local/acme/infra/staging"], checks(place, 2)
        place.branch("none")
        place.propose("none", {"staging/README.md": "hello\n"})
        place.wait_check(3, "success", title="o stack")


TFVARS = """version: 3
projects:
- {dir: ., name: default, workflow: default, %(tool)s%(more)s}
- {dir: ., name: staging, workflow: staging, %(tool)s%(more)s}
workflows:
  default:
    plan:
      steps:
      - init: {extra_args: [-backend-config=default.backend.tfvars]}
      - plan: {extra_args: [-var-file=default.tfvars]}
  staging:
    plan:
      steps:
      - init: {extra_args: [-backend-config=staging.backend.tfvars]}
      - plan: {extra_args: [-var-file, staging.tfvars]}
"""


def tfvars(place, more=""):
    files = {
        "atlantis.yaml": TFVARS % {"tool": TOFU, "more": more},
        "main.tf": 'terraform {\n  backend "local" {}\n}\nvariable "value" {}\n',
    }
    for name in ("default", "staging"):
        files[name + ".tfvars"] = 'value = "of-%s"\n' % name
        files[name + ".backend.tfvars"] = 'path = "%s/%s.tfstate"\n' % (place.state, name)
    return files


def variable_files(build):
    """two named projects of one directory, with their own backend and variables by extra_args"""
    with Place(build, config=WORDS) as place:
        begin(place, tfvars(place), {"more.tf": resource("a", "${var.value}")})
        place.wait_check(1, "success")
        assert len(checks(place)) == 3, checks(place)
        place.say(1, "atlantis apply -p staging")
        wait_state(place, "staging", ["a"])
        assert inputs(place, "staging.tfstate") == ["of-staging"]
        assert states(place, "default") == []
        place.wait_check(1, "success")
        place.say(1, "atlantis apply -p default")
        wait_state(place, "default", ["a"])
        assert inputs(place, "default.tfstate") == ["of-default"]


def no_autoplan(build):
    """autoplan off: nothing is planned before somebody asks for it by name, and what was not is not applied"""
    with Place(build, config=WORDS) as place:
        files = tfvars(place, ", autoplan: {enabled: false}")
        files["atlantis.yaml"] = files["atlantis.yaml"].replace(
            "workflows:", "- {dir: marker, %s}\nworkflows:" % TOFU
        )
        files["marker/main.tf"] = place.stack("marker", "")
        begin(place, files, {"more.tf": resource("a", "${var.value}")})
        place.wait_check(1, "success", title="obody has asked")
        assert not place.runs(), place.runs()
        place.say(1, "atlantis plan -p staging")
        place.wait_comment(1, "Planned only when somebody asks", "/slipway plan STACK", "+1")
        place.wait_check(1, "success")
        assert len(place.runs()) == 1, place.runs()
        place.say(1, "atlantis apply")
        wait_state(place, "staging", ["a"])
        assert states(place, "default") == []
        place.slipway("pull", "merge", "1", "--anyway", "--as", "grace")
        before = len(place.runs("local/acme/infra/staging"))
        place.git("fetch", "-q", "origin")
        place.git("checkout", "-q", "-B", "main", "origin/main")
        place.push_main(
            {"more.tf": resource("b"), "marker/main.tf": place.stack("marker", resource("m"))}
        )
        wait_until("the marker's run", lambda: place.runs("local/acme/infra/marker"))
        assert len(place.runs("local/acme/infra/staging")) == before, place.runs()
        assert not place.runs("local/acme/infra/default"), place.runs()


def order(build):
    """execution_order_group: a later group is applied after all of the lower ones, and not where one of them fails"""
    with Place(build, config=WORDS) as place:
        slow = (
            'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n'
            '    command = "%s"\n  }\n}\n'
        )
        names = ("third", "first", "second")
        groups = {"first": 0, "second": 1, "third": 2}
        log = place.state / "order"
        files = {
            "atlantis.yaml": projects(
                *("dir: %s, execution_order_group: %d" % (n, groups[n]) for n in names)
            )
        }
        files.update({n + "/main.tf": place.stack(n, "") for n in names})
        begin(
            place,
            files,
            {n + "/main.tf": place.stack(n, slow % ("echo %s >> %s" % (n, log))) for n in names},
        )
        place.wait_check(1, "success")
        place.say(1, "atlantis apply")
        for name in names:
            wait_state(place, name, ["a"])
        assert log.read_text().split() == ["first", "second", "third"], log.read_text()
        place.branch("fails")
        place.propose(
            "fails",
            {
                n + "/more.tf": (slow % ("exit 1" if n == "first" else "true")).replace(
                    '"a"', '"b"'
                )
                for n in names
            },
        )
        place.wait_check(2, "success")
        place.say(2, "atlantis apply")
        place.wait_check(2, "failure")
        wait_until(
            "the others to be skipped",
            lambda: (
                sorted(
                    r["state"] for r in place.runs() if r["pull"] == 2 and r["kind"] == "tracked"
                )
                == ["failed", "skipped", "skipped"]
            ),
        )
        assert states(place, "third") == ["a"]


def custom_workflow(build):
    """R4: a `run` step is never executed: its stack is planned by a plain init and plan, and never applied"""
    with Place(build, config=WORDS) as place:
        ran = place.state / "ran"
        workflow = (
            "workflows:\n  own:\n    plan:\n      steps:\n      - run: touch %s\n      - init\n      - plan\n"
            % ran
        )
        begin(
            place,
            {
                "atlantis.yaml": projects("dir: net, workflow: own", "dir: web") + workflow,
                "net/main.tf": place.stack("net", ""),
                "web/main.tf": place.stack("web", ""),
            },
            {"net/main.tf": place.stack("net", resource("a"))},
        )
        place.wait_check(1, "success")
        place.wait_comment(1, "only observed")
        place.say(1, "atlantis apply")
        place.wait_reply(1, "observe")
        assert states(place, "net") == [] and not ran.exists()
        said = place.slipway("check", str(place.clone)).stdout
        assert "stack net is planned by a plain init and plan, and never applied" in said, said
        assert "atlantis.yaml:9:9" in said and "it has a `run` step" in said, said


def approved(build):
    """C1: apply_requirements of the default branch hold: no apply before an approval, whatever the head says"""
    with Place(build, config=WORDS) as place:
        begin(
            place,
            {
                "atlantis.yaml": projects("dir: net, apply_requirements: [approved]"),
                "net/main.tf": place.stack("net", ""),
            },
            {
                "atlantis.yaml": projects("dir: net"),
                "net/main.tf": place.stack("net", resource("a")),
            },
        )
        place.wait_check(1, "action_required")
        place.say(1, "atlantis apply")
        place.wait_reply(1, "pproval")
        assert states(place, "net") == []
        place.slipway("pull", "review", "1", "--approve", "--as", "ada")
        place.wait_check(1, "success")
        place.say(1, "atlantis apply")
        wait_state(place, "net", ["a"])


def unlock(build):
    """`atlantis unlock` drops the plans: nothing is applied before somebody plans again"""
    with Place(build, config=WORDS) as place:
        begin(
            place,
            {"atlantis.yaml": projects("dir: net"), "net/main.tf": place.stack("net", "")},
            {"net/main.tf": place.stack("net", resource("a"))},
        )
        place.wait_check(1, "success")
        place.say(1, "atlantis unlock")
        place.wait_reply(1, "is dropped")
        place.wait_check(1, "action_required")
        place.wait_comment(1, "grace dropped its plan", "/slipway plan")
        place.say(1, "atlantis apply")
        place.wait_reply(1, "no plan to apply")
        assert states(place, "net") == []
        place.say(1, "atlantis plan")
        place.wait_check(1, "success")
        place.say(1, "atlantis apply")
        wait_state(place, "net", ["a"])


def on_a_machine(build):
    """`slipway check` lists what is understood, differs and is ignored; `slipway preview` plans it"""
    with Place(build, config=WORDS) as place:
        place.push_main(
            {
                "atlantis.yaml": "version: 3\nautomerge: true\nparallel_plan: true\n"
                + projects("dir: net", "dir: net, workspace: staging").removeprefix("version: 3\n"),
                "net/main.tf": backend(place, "net"),
            }
        )
        place.branch("topic")
        place.write(place.clone, {"net/main.tf": backend(place, "net") + resource("a")})
        said = place.slipway("check").stdout
        for text in (
            "Understood:\n  atlantis.yaml:5:3: stack net: directory net, opentofu\n",
            "Different from Atlantis:\n",
            "atlantis.yaml:2:12: `automerge`: Slipway merges nothing",
            "Ignored:\n  atlantis.yaml:3:16: `parallel_plan`",
            "2 stacks, 0 policies: no mistakes",
        ):
            assert text in said, (text, said)
        found = json.loads(place.slipway("check", "--json").stdout)
        assert len(found["atlantis"]["understood"]) == 2, found
        (place.state / "net").chmod(0o777)  # runs of a preview have users of their own, too
        previewed = place.slipway(
            "preview", "--base", "origin/main", "--writable", str(place.state)
        ).stdout
        assert "net-staging" in previewed and "+1" in previewed, previewed
        place.write(place.clone, {"atlantis.yaml": "version: 3\nprojects:\n- {dri: net}\n"})
        bad = place.slipway("check", check=False)
        assert bad.returncode == 1 and "atlantis.yaml:3:4:" in bad.stdout, bad.stdout
        assert "did you mean `dir`?" in bad.stdout, bad.stdout


if __name__ == "__main__":
    main(
        [
            simple,
            two_workspaces,
            a_module_of_both,
            variable_files,
            no_autoplan,
            order,
            custom_workflow,
            approved,
            unlock,
            on_a_machine,
        ]
    )
