#!/usr/bin/env python3
"""`slipway preview` prints the comment that the service posts, but for links and times, and says what is wrong."""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import Place, main, organisation, resource  # noqa: E402


def plain(comment):
    """Without links, times, commits and durations."""
    comment = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", comment)
    comment = re.sub(r"^\s*log and timeline\s*$", "", comment, flags=re.M)
    comment = re.sub(r"<sub>.*</sub>", "", comment)
    comment = re.sub(r"plan [0-9a-f]{4}|@[0-9a-f]{4}", "", comment)
    return re.sub(r"\n{2,}", "\n\n", comment).strip()


def the_same_comment(build):
    """preview on a working copy and the service's comment on the pull request are the same"""
    tree = organisation()
    tree["stacks/web.yaml"] = "directory: stacks/web\n"
    tree["costs/terraform_data.yaml"] = (
        "type: terraform_data\nprovider: acme\nregion: global\ncomponents:\n"
        "  - {name: Data, unit: pieces, quantity: 1, price: {usd: 12.50, date: 2026-10-01}}\n"
    )
    with Place(build, tree) as place:
        place.push_main(
            {
                "stacks/network/main.tf": place.stack("network", resource("net", "a")),
                "stacks/web/main.tf": place.stack("web", resource("page", "a")),
            }
        )
        place.start()
        place.branch("topic")
        place.write(
            place.clone,
            {
                "stacks/network/main.tf": place.stack("network", resource("net", "b")),
                "stacks/web/main.tf": place.stack("web", resource("page", "b")),
            },
        )
        previewed = place.slipway(
            "preview",
            "--org",
            str(place.organisation),
            "--writable",
            str(place.state),
            "--base",
            "origin/main",
        )
        place.propose("topic", {})
        place.wait_check(1, "success")
        posted = place.wait_comment(1, "planned")
        assert "| Cost per month |" in posted and "12.50 |" in posted, posted
        assert plain(previewed.stdout) == plain(posted), "%s\n=====\n%s" % (
            plain(previewed.stdout),
            plain(posted),
        )


def what_cannot_be_previewed(build):
    """what keeps a preview from its answer is said at once: a shallow clone, a stack that nobody knows"""
    with Place(build, organisation()) as place:
        place.push_main({"stacks/network/main.tf": place.stack("network", resource("net", "a"))})
        shallow = place.work / "shallow"
        place.run("git", "clone", "-q", "--depth", "1", "file://" + str(place.bare), str(shallow))
        refused = place.run(place.binary, "preview", cwd=shallow, check=False)
        assert refused.returncode == 2 and "git fetch --unshallow" in refused.stderr, refused
        refused = place.slipway(
            "preview", "--org", str(place.organisation), "--stack", "nosuch", check=False
        )
        assert (
            refused.returncode == 2
            and "no stack is like nosuch; stacks here: network" in refused.stderr
        ), refused
        refused = place.slipway("preview", check=False)
        assert (
            refused.returncode == 2
            and "nothing describes stacks of this repository" in refused.stderr
        ), refused
        refused = place.slipway(
            "preview", "--org", str(place.organisation), "--name", "nosuch/x", check=False
        )
        assert refused.returncode == 2 and "no stacks of nosuch/x on main" in refused.stderr, (
            refused
        )


main([the_same_comment, what_cannot_be_previewed])
