#!/usr/bin/env python3
"""Outputs that go from stack to stack: real OpenTofu, on the built-in forge."""

import json
import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, settled, wait_until  # noqa: E402


def tree_of(**stacks):
    """`name={upstream: {output: variable}}`; an upstream of None: only in order; `_start`, `_when`: of applies."""
    tree = organisation()
    del tree["stacks/network.yaml"]
    for name, needs in stacks.items():
        start, when = needs.pop("_start", "automatic"), needs.pop("_when", "on_merge")
        depends = {up: ({"outputs": outputs} if outputs else {}) for up, outputs in needs.items()}
        tree["stacks/%s.yaml" % name] = (
            "directory: stacks/%s\napply: {when: %s, start: %s}\ndepends_on: %s\n"
            % (name, when, start, json.dumps(depends))
        )
    return tree


def main_tf(place, name, reads=(), says="", extra=""):
    """A stack that keeps what it reads, and hands over `id` (made from all of it) and `size`."""
    variables = "".join('variable "%s" {}\n' % one for one in reads)
    inner = " ".join("${jsonencode(var.%s)}" % one for one in reads)
    body = variables + (
        'resource "terraform_data" "%s" {\n  input = "%s %s %s"\n}\n'
        'output "id" {\n  value = "%s/%s"\n}\noutput "size" {\n  value = [1, "%s"]\n}\n'
        % (name, name, says, inner, name, says, name)
    )
    return place.stack(name, body + extra)


def input_of(place, name):
    """What the stack's state says that it was given."""
    state = json.loads((place.state / (name + ".tfstate")).read_text())
    return next(r for r in state["resources"] if r["name"] == name)["instances"][0]["attributes"][
        "input"
    ]["value"]


def newest(place, stack):
    return next(r for r in place.runs(stack) if r["kind"] == "tracked")


def state_of(place, stack):
    runs = [r for r in place.runs(stack) if r["kind"] == "tracked"]
    return runs[0]["state"] if runs else ""


def wait_state(place, stack, state):
    return wait_until("%s to be %s" % (stack, state), lambda: state_of(place, stack) == state)


def files_of(place, **stacks):
    return {
        "stacks/%s/main.tf" % name: main_tf(place, name, **arguments)
        for name, arguments in stacks.items()
    }


def merged(place, topic, files):
    place.branch(topic)
    place.propose(topic, files)
    number = place.numbers()[-1]
    place.wait_check(number, "success")
    place.slipway("pull", "merge", str(number), "--as", "grace")
    return number


def wait_or_apply(place, number, stack):
    """Lets it go on where its plan is not the approved one, and waits until it has finished."""
    wait_until(
        "%s to wait or to be applied" % stack,
        lambda: state_of(place, stack) in ("unconfirmed", "finished"),
    )
    if state_of(place, stack) == "unconfirmed":
        place.say(number, "/slipway apply " + stack)
    wait_state(place, stack, "finished")


def a_diamond_of_four(build):
    """values arrive in the states of a diamond, upstreams first; what reads nothing new is skipped and says why"""
    tree = tree_of(
        net={},
        left={"net": {"id": "TF_VAR_net_id"}},
        right={"net": {"size": "TF_VAR_net_size"}},
        top={"left": {"id": "TF_VAR_left_id"}, "right": {"id": "TF_VAR_right_id"}},
    )
    with Place(build, tree) as place:
        place.push_main(
            {"stacks/%s/main.tf" % s: place.stack(s, "") for s in ("net", "left", "right", "top")}
        )
        place.start()
        number = merged(
            place,
            "first",
            files_of(
                place,
                net={"says": "one"},
                left={"reads": ["net_id"], "says": "one"},
                right={"reads": ["net_size"], "says": "one"},
                top={"reads": ["left_id", "right_id"], "says": "one"},
            ),
        )
        place.wait_comment(number, "Slipway applied 4 stacks")
        assert input_of(place, "left") == 'left one "net/one"', input_of(place, "left")
        assert input_of(place, "right") == 'right one "[1,\\"net\\"]"', input_of(place, "right")
        assert input_of(place, "top") == 'top one "left/one" "right/one"', input_of(place, "top")
        runs = {s: newest(place, s) for s in ("net", "left", "right", "top")}
        assert sorted(runs["top"]["waits_for"]) == sorted(
            [runs["left"]["id"], runs["right"]["id"]]
        ), runs["top"]

        # Only net changes. `right` reads its size, which stays; `left` its id, which does not; `top` reads what
        # `left` hands over, which stays.
        second = merged(place, "second", files_of(place, net={"says": "two"}))
        wait_or_apply(place, second, "left")
        wait_state(place, "right", "skipped")
        wait_state(place, "top", "skipped")
        assert input_of(place, "left") == 'left one "net/two"', input_of(place, "left")
        body = place.wait_comment(second, "right was skipped", "net.size", "top was skipped")
        assert "left.id, right.id" in body, body


def what_is_planned_is_what_is_approved(build):
    """R4: a plan on a pull request has the outputs that its upstream's plan leads to; they come true, so it applies"""
    tree = tree_of(net={}, app={"net": {"id": "TF_VAR_net_id"}})
    with Place(build, tree) as place:
        place.push_main({"stacks/%s/main.tf" % s: place.stack(s, "") for s in ("net", "app")})
        place.start()
        number = merged(
            place, "one", files_of(place, net={"says": "one"}, app={"reads": ["net_id"]})
        )
        wait_state(place, "app", "finished")
        assert input_of(place, "app") == 'app  "net/one"', input_of(place, "app")
        run = newest(place, "app")
        assert [change["state"] for change in run["history"]].count("unconfirmed") == 1, run
        proposed = {r["stack"]: r for r in place.runs() if r["kind"] == "proposed"}
        assert proposed["app"]["waits_for"] == [proposed["net"]["id"]], proposed["app"]
        planning = next(c for c in proposed["app"]["history"] if c["state"] == "preparing")
        assert planning["at_ms"] >= proposed["net"]["finished_at_ms"], proposed

        # Where the plan of net fails, that of app has the present value, and the check ends.
        place.branch("broken")
        files = files_of(place, app={"reads": ["net_id"], "says": "two"})
        files["stacks/net/main.tf"] = place.stack(
            "net", 'output "id" {\n  value = nothing.here\n}\n'
        )
        place.propose("broken", files)
        number = place.numbers()[-1]
        place.wait_check(number, "failure")
        place.wait_check(number, "success", "slipway/app")


def a_provisional_plan_is_not_approved(build):
    """W5: what is known after apply is a placeholder on the pull request, and its approval does not count after it"""
    tree = tree_of(net={}, app={"net": {"key": "TF_VAR_net_key"}})
    key = 'output "key" {\n  value = terraform_data.net.id\n}\n'
    with Place(build, tree) as place:
        place.push_main({"stacks/%s/main.tf" % s: place.stack(s, "") for s in ("net", "app")})
        place.start()
        place.branch("topic")
        place.propose("topic", files_of(place, net={"extra": key}, app={"reads": ["net_key"]}))
        place.wait_check(1, "success")
        body = place.wait_comment(1, "net.key", "is known after", "provisional")
        assert "waits for a confirmation" in body, body
        place.say(1, "/slipway approve app")
        place.wait_reply(1, "app")
        place.slipway("pull", "merge", "1", "--as", "grace")
        wait_state(place, "app", "unconfirmed")
        body = place.wait_comment(1, "net.key", "has become known")
        settled(place)
        assert state_of(place, "app") == "unconfirmed", newest(place, "app")
        place.say(1, "/slipway apply app")
        wait_state(place, "app", "finished")
        state = json.loads((place.state / "net.tfstate").read_text())
        assert input_of(place, "app") == 'app  "%s"' % state["outputs"]["key"]["value"], state


def what_cannot_be_handed_over(build):
    """a sensitive output and one that does not exist are refused by name, and nothing secret is told"""
    tree = tree_of(
        net={}, app={"net": {"hidden": "TF_VAR_net_hidden"}}, web={"net": {"none": "TF_VAR_none"}}
    )
    hidden = 'output "hidden" {\n  sensitive = true\n  value = "tiger-%s"\n}\n'
    with Place(build, tree) as place:
        place.push_main(
            {
                "stacks/net/main.tf": main_tf(place, "net", extra=hidden % "one"),
                "stacks/app/main.tf": main_tf(place, "app", ["net_hidden"]),
                "stacks/web/main.tf": main_tf(place, "web", ["none"]),
            }
        )
        place.start()
        place.branch("topic")
        files = files_of(
            place,
            net={"says": "two", "extra": hidden % "two"},
            app={"reads": ["net_hidden"], "says": "two"},
            web={"reads": ["none"], "says": "two"},
        )
        place.propose("topic", files)
        place.wait_check(1, "failure")
        body = place.wait_comment(1, "net.hidden", "is sensitive", "TF_VAR_net_hidden", "net.none")
        assert "is not among the outputs" in body and "tiger" not in body, body
        place.slipway("pull", "merge", "1", "--as", "grace", "--anyway")
        wait_until("net", lambda: state_of(place, "net") == "finished")
        for stack, said in (("app", "is sensitive"), ("web", "has no such output")):
            wait_state(place, stack, "failed")
            assert said in newest(place, stack)["error"], newest(place, stack)
            assert not (place.state / (stack + ".tfstate")).exists()
        logs = "".join(place.slipway("logs", run["id"]).stdout for run in place.runs())
        assert "tiger" not in json.dumps(place.runs()) + logs, logs
        assert "tiger" not in place.log() + place.own_comments(1)[0]["body"]


def said_at(place, number):
    """The heading and the notices of the comment once nothing goes on any more, without what differs each time."""
    settled(place)
    body = place.own_comments(number)[0]["body"]
    body = re.split(r"\n\||<details>|<sub>", body.split("-->\n", 1)[1])[0]
    body = re.sub(r"\b[0-9a-f]{4}[0-9a-f]*[0-9][0-9a-f]*\b", "PLAN", body)
    return re.sub(r"in \d+ s", "in N s", body).strip()


def what_is_said_at_each_step(build):
    """a -> b (confirmed) -> c: what the comment says at each step, as tests/fixtures/outputs/steps.txt has it"""
    tree = tree_of(
        a={},
        b={"_start": "confirmed", "a": {"id": "TF_VAR_a_id"}},
        c={"b": {"id": "TF_VAR_b_id"}},
    )
    fails = 'resource "terraform_data" "broken" {\n  provisioner "local-exec" {\n    command = "false"\n  }\n}\n'
    steps = []
    with Place(build, tree) as place:
        place.push_main({"stacks/%s/main.tf" % s: place.stack(s, "") for s in "abc"})
        place.start()

        def propose(topic, files):
            place.branch(topic)
            place.propose(topic, files)
            number = place.numbers()[-1]
            place.wait_check(number, "success")
            return number

        def step(number, title, *said):
            place.wait_comment(number, *said)
            steps.append("== %s\n\n%s\n" % (title, said_at(place, number)))

        def merge(number):
            place.slipway("pull", "merge", str(number), "--as", "grace")

        files = files_of(
            place,
            a={"says": "one"},
            b={"reads": ["a_id"], "says": "one"},
            c={"reads": ["b_id"], "says": "one"},
        )
        one = propose("one", files)
        step(one, "a pull request that makes a, b and c", "ready to merge")
        merge(one)
        wait_state(place, "b", "unconfirmed")
        step(one, "merged: a is applied, b waits for a person, c for b", "b waits", "a was applied")
        place.say(one, "/slipway apply b")
        wait_state(place, "c", "finished")
        step(one, "b is confirmed", "applied 3 stacks")
        assert input_of(place, "c") == 'c one "b/one"', input_of(place, "c")

        two = propose("two", files_of(place, a={"says": "two"}))
        step(two, "a pull request that changes a alone", "ready to merge")
        merge(two)
        wait_state(place, "b", "unconfirmed")
        step(
            two,
            "merged: b reads what a changed, and nobody has seen its plan",
            "b waits",
            "a was applied",
        )
        place.say(two, "/slipway apply b")
        wait_state(place, "c", "skipped")
        step(two, "b is confirmed, and changes nothing that c reads", "c was skipped")
        assert input_of(place, "b") == 'b one "a/two"', input_of(place, "b")

        three = propose("three", files_of(place, a={"says": "three", "extra": fails}))
        merge(three)
        wait_state(place, "c", "skipped")
        wait_until("a", lambda: newest(place, "a")["state"] == "failed")
        wait_until("c", lambda: "b skipped" in newest(place, "c")["reason"])
        step(three, "the apply of a fails", "apply of a failed", "b was skipped", "c was skipped")
    golden = pathlib.Path(__file__).parents[1] / "fixtures/outputs/steps.txt"
    text = "\n".join(steps)
    if os.environ.get("SLIPWAY_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text(), text


def before_the_merge_in_order(build):
    """applies before the merge go out in order, asked for together or one by one, and get each other's outputs"""
    tree = tree_of(
        net={"_when": "before_merge"},
        app={"_when": "before_merge", "net": {"id": "TF_VAR_net_id"}},
    )
    with Place(build, tree) as place:
        place.push_main({"stacks/%s/main.tf" % s: place.stack(s, "") for s in ("net", "app")})
        place.start()

        def propose(topic, says):
            place.branch(topic)
            place.propose(
                topic,
                files_of(place, net={"says": says}, app={"reads": ["net_id"], "says": says}),
            )
            number = place.numbers()[-1]
            place.wait_comment(number, "2 stacks")
            settled(place)
            return number

        def applied(says):
            wait_until(
                "app to be applied",
                lambda: input_of(place, "app") == 'app %s "net/%s"' % (says, says),
            )
            wait_state(place, "app", "finished")
            app, net = newest(place, "app"), newest(place, "net")
            preparing = next(c for c in app["history"] if c["state"] == "preparing")
            assert preparing["at_ms"] >= net["finished_at_ms"], (app, net)
            return app, net

        one = propose("one", "one")
        place.say(one, "/slipway apply")
        app, net = applied("one")
        assert app["waits_for"] == [net["id"]], app
        two = propose("two", "two")
        place.say(two, "/slipway apply net")
        place.say(two, "/slipway apply app")
        applied("two")


main(
    [
        a_diamond_of_four,
        what_is_planned_is_what_is_approved,
        a_provisional_plan_is_not_approved,
        what_cannot_be_handed_over,
        what_is_said_at_each_step,
        before_the_merge_in_order,
    ]
)
