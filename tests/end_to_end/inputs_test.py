#!/usr/bin/env python3
"""What a plan is made from beside the repository's own files: providers, modules and the worker's values."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import TOOL, Place, main, organisation, resource, wait_until  # noqa: E402

HOST = "registry.opentofu.org" if TOOL == "opentofu" else "registry.terraform.io"
MARKER = "THE-PROVIDER-RAN"
# Speaks no protocol: the tool shows in its error what such a program printed, so that one sees that it was started.
PROGRAM = "#!/bin/sh\necho %s\nexit 1\n" % MARKER
ONE_OTHER = """package slipway

import rego.v1

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
}

approve if count(approved_by) >= 1

missing contains "1 of those who may write" if not approve
"""


def put_provider(folder, name, version="1.0.0", program=PROGRAM):
    """An unpacked package below a mirror, or what the tools take for one."""
    file = (
        pathlib.Path(folder)
        / HOST
        / "acme"
        / name
        / version
        / "linux_amd64"
        / ("terraform-provider-" + name)
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(program)
    file.chmod(0o755)


def with_mirror(place, *names):
    mirror = place.work / "mirror"
    for name in names:
        put_provider(mirror, name)
    with open(place.work / "slipway.yaml", "a") as config:
        config.write("provider_mirrors: [%s]\n" % mirror)


def requires(*names):
    return "terraform {\n  required_providers {\n%s  }\n}\n" % "".join(
        '    %s = { source = "acme/%s" }\n' % (name, name) for name in names
    )


def logs(place):
    """Of all runs, as the API shows them."""
    out = ""
    for run in place.runs():
        status, text = place.http("GET", "/api/v1/runs/%s/log" % run["id"], unix=True)
        out += text if status == 200 else ""
        out += str(run)
    return out


def tree():
    out = organisation()
    out["policies/approval/one_other.rego"] = ONE_OTHER
    out["space.yaml"] += "trust: folder\n"
    return out


def network(place, body=""):
    return {"stacks/network/main.tf": place.stack("network", resource("net", "a") + body)}


def r3_a_committed_provider_is_never_started(build):
    """R3: a provider that a pull request brings along is never started, not at init, plan or show"""
    with Place(build, organisation()) as place:
        place.push_main(network(place))
        place.start()
        place.branch("topic")
        put_provider(place.clone / "stacks/network/terraform.d/plugins", "evil")
        put_provider(place.clone / "stacks/network/.terraform/providers", "evil")
        # What the tool itself would read, were it allowed to.
        (place.clone / "stacks/network/.terraformrc").write_text(
            'provider_installation {\n  dev_overrides {\n    "acme/evil" = "/workspace/source/stacks/network"\n  }\n}\n'
        )
        place.git("add", "-f", "-A")
        place.propose("topic", network(place, requires("evil")))
        number = place.numbers()[-1]
        check = wait_until(
            "the check to be decided",
            lambda: (lambda c: c if c and c["status"] == "completed" else None)(
                place.check(number)
            ),
        )
        assert check["conclusion"] in ("failure", "action_required"), check
        said = logs(place) + str(place.pull(number))
        assert MARKER not in said, said
        assert "acme/evil" in said, said


def r3_an_unknown_source_waits_for_an_administrator(build):
    """R3: a source that the tracked branch does not use waits for an administrator, on that pull request alone"""
    with Place(build, organisation()) as place:
        with_mirror(place, "dns")
        place.push_main(network(place))
        place.start()
        place.branch("topic")
        place.propose("topic", network(place, requires("dns")))
        number = place.numbers()[-1]
        place.wait_check(number, "action_required")
        place.wait_comment(number, HOST + "/acme/dns", "/slipway allow provider")
        assert MARKER not in logs(place)
        place.say(number, "/slipway allow provider acme/dns", who="grace")  # a writer
        place.wait_reply(number, "role admin")
        place.say(number, "/slipway allow provider acme/dns", who="ada")
        place.wait_reply(number, "Allowed on this pull request")
        # Now it is started; speaking no protocol, it fails.
        place.wait_check(number, "failure")
        assert MARKER in str(place.pull(number)) + logs(place)

        place.branch("other")
        place.propose("other", network(place, requires("dns") + "# other\n"))
        place.wait_check(max(place.numbers()), "action_required")


def r3_two_merges_do_not_make_a_source_known(build):
    """R3: a source that was merged past its check is as unknown to the next change as it was to the first"""
    with Place(build, organisation()) as place:
        with_mirror(place, "dns")
        place.push_main(network(place))
        place.start()
        for topic in ("first", "second"):
            place.branch(topic)
            place.propose(topic, network(place, requires("dns") + "# %s\n" % topic))
            number = place.numbers()[-1]
            place.wait_check(number, "action_required")
            place.slipway("pull", "merge", str(number), "--anyway")
            wait_until(
                "the run of the branch to be stopped",
                lambda: [
                    r
                    for r in place.runs("network")
                    if r["kind"] == "tracked"
                    and r["pull"] == number
                    and r["state"] == "failed"
                    and r["unknown_providers"]
                ],
            )
        assert MARKER not in logs(place)


def r3_a_pushed_source_is_allowed_for_its_stack(build):
    """R3: what came without a pull request is allowed by an administrator for the stack, and then planned again"""
    with Place(build, organisation()) as place:
        with_mirror(place, "dns")
        place.push_main(network(place))
        place.start()
        place.push_main(network(place, requires("dns")))
        run = wait_until(
            "the run to be stopped",
            lambda: next((r for r in place.runs("network") if r["unknown_providers"]), None),
        )
        assert "slipway allow %s %s/acme/dns" % (run["id"], HOST) in place.slipway("runs").stdout
        token = place.slipway("token", "create", "writing", "--role", "writer").stdout.strip()
        path, body = "/api/v1/runs/%s/allow" % run["id"], '{"providers": ["acme/dns"]}'
        status, text = place.http("POST", path, body, {"Authorization": "Bearer " + token})
        assert status == 409 and "admin" in text, text
        said = place.slipway("allow", run["id"], "acme/dns").stdout
        assert "Allowed for the stack `network`" in said and "again" in said, said
        wait_until("the provider to be started", lambda: MARKER in logs(place))


def r3_a_known_source_passes_in_another_version(build):
    """R3: a new version of a source that the tracked branch uses needs nobody's word"""
    with Place(build, organisation()) as place:
        with_mirror(place, "dns")
        place.push_main(network(place, requires("dns")))
        put_provider(place.work / "mirror", "dns", "2.0.0")
        place.start()
        place.branch("topic")
        place.propose("topic", network(place, requires("dns") + "# touched\n"))
        number = place.numbers()[-1]
        place.wait_check(number, "failure")
        assert MARKER in str(place.pull(number)) + logs(place)


def with_module(place):
    """A module of another repository, by a branch."""
    module = place.work / "modules"
    place.run("git", "init", "-q", "-b", "main", str(module))
    put_command(place, module, "approved")
    source = 'module "vpc" {\n  source = "git::file://%s?ref=main"\n}\n' % module
    with open(place.work / "slipway.yaml") as config:
        text = config.read().replace(
            "sandbox: {kind: bubblewrap, ", "sandbox: {kind: bubblewrap, readable: [%s], " % module
        )
    (place.work / "slipway.yaml").write_text(text)
    return module, source


def put_command(place, module, word):
    """The change looks the same with every word: the command is not part of what is planned."""
    (module / "main.tf").write_text(
        'resource "terraform_data" "run" {\n  input = "same"\n  provisioner "local-exec" {\n'
        '    command = "echo %s >> %s/commands"\n  }\n}\n' % (word, place.state)
    )
    place.run("git", "add", "-A", cwd=module)
    place.run("git", "commit", "-qm", word, cwd=module)


def merged_and_waiting(place, number, *texts):
    place.slipway("pull", "merge", str(number))
    wait_until(
        "the run to wait",
        lambda: any(
            r["state"] == "unconfirmed" and not r["awaits_consideration"]
            for r in place.runs("network")
        ),
    )
    return place.wait_comment(number, *texts)


def r4_a_module_that_changed_after_the_approval(build):
    """R4: a module by ?ref=main that changed after the approval is not applied, and the comment names it"""
    with Place(build, tree()) as place:
        module, source = with_module(place)
        place.push_main(network(place))
        place.start()
        place.branch("topic")
        place.propose("topic", network(place, source))
        number = place.numbers()[-1]
        place.wait_comment(number, "waiting for 1 approval")
        place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        place.wait_check(number, "success")
        put_command(place, module, "changed")
        merged_and_waiting(place, number, "module `vpc` now has other content")
        assert not (place.state / "commands").exists()
        assert place.resources("network") == []


def r4_a_module_that_changes_between_plan_and_apply(build):
    """R4: an apply begins only with the modules of its own plan"""
    tree_ = organisation()
    tree_["stacks/network.yaml"] = (
        "directory: stacks/network\napply: {when: on_merge, start: confirmed}\n"
    )
    with Place(build, tree_) as place:
        module, source = with_module(place)
        place.push_main(network(place))
        place.start()
        place.branch("topic")
        place.propose("topic", network(place, source))
        number = place.numbers()[-1]
        place.wait_check(number, "success")
        place.slipway("pull", "merge", str(number))
        place.wait_comment(number, "waits for confirmation")
        put_command(place, module, "changed")
        place.say(number, "/slipway apply")
        place.wait_comment(
            number, "module `vpc` now has other content since the plan; nothing was applied"
        )
        assert not (place.state / "commands").exists()
        assert place.resources("network") == []


VALUE = (
    'variable "secret" {}\nresource "terraform_data" "run" {\n  input = "same"\n  provisioner "local-exec" {\n'
    '    command = "echo $WORD >> %s/commands"\n  }\n}\n'
)


def value_stack(place):
    place.write(
        place.organisation,
        {
            "stacks/network.yaml": "directory: stacks/network\napply: {when: on_merge, start: automatic}\n"
            "variables:\n  WORD: {file: %s}\n" % (place.work / "word")
        },
    )
    with open(place.work / "slipway.yaml", "a") as config:
        config.write("worker: {environment: [%s]}\n" % (place.work / "word"))
    (place.work / "word").write_text("approved-word\n")
    return resource("net", "a") + VALUE.replace('variable "secret" {}\n', "") % place.state


def r4_a_value_of_the_worker_that_changed_after_the_approval(build):
    """R4: a worker's value that changed after the approval is not applied, and the comment names the variable"""
    with Place(build, tree()) as place:
        body = value_stack(place)
        place.push_main({"stacks/network/main.tf": place.stack("network", "")})
        place.start()
        place.branch("topic")
        place.propose("topic", {"stacks/network/main.tf": place.stack("network", body)})
        number = place.numbers()[-1]
        place.wait_comment(number, "waiting for 1 approval")
        place.slipway("pull", "review", str(number), "--approve", "--as", "grace")
        place.wait_check(number, "success")
        (place.work / "word").write_text("changed-word\n")
        merged_and_waiting(place, number, "variable `WORD` has another value")
        assert not (place.state / "commands").exists()
        assert place.resources("network") == []


if __name__ == "__main__":
    main(
        [
            r3_a_committed_provider_is_never_started,
            r3_an_unknown_source_waits_for_an_administrator,
            r3_two_merges_do_not_make_a_source_known,
            r3_a_pushed_source_is_allowed_for_its_stack,
            r3_a_known_source_passes_in_another_version,
            r4_a_module_that_changed_after_the_approval,
            r4_a_module_that_changes_between_plan_and_apply,
            r4_a_value_of_the_worker_that_changed_after_the_approval,
        ]
    )
