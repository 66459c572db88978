#!/usr/bin/env python3
"""What a change costs, from the pull request to the history, with plans that the real tool makes of `aws_*` resources
through a stand-in for their provider."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import AWS_PROVIDER, INSTALLED, TOOL, Place, main, organisation, settled, wait_until  # noqa: E402

ROOT = pathlib.Path(__file__).parent.parent.parent
TOOLS = ROOT / "build" / "tools"
LIBRARY = ROOT / "policies" / "library"

# On-demand Linux in eu-west-1 and 730 hours: m5.large 0.107 → 78.11, m5.2xlarge 0.428 → 312.44, t3.micro 0.0114 →
# 8.322; the root volume is 8 GB of gp2 at 0.11 → 0.88.
LARGE, HUGE, SMALL = "$78.99", "$313.32", "$9.20"


MACHINE = """resource "aws_instance" "web" {
  ami           = "ami-1"
  instance_type = "%s"
  tags          = { owner = "platform" }
}
"""


class Bills(Place):
    """One stack, `web`, in the space `production`."""

    def __init__(self, build, space="", tree=None, tool=TOOL):
        files = organisation(tool)
        del files["stacks/network.yaml"]
        files["production/space.yaml"] = space
        files["production/stacks/web.yaml"] = (
            "directory: stacks/web\napply: {when: on_merge, start: automatic}\n"
            "variables: {STAND_IN_AWS: %s}\n" % "@CLOUD@"
        )
        files.update(tree or {})
        super().__init__(
            build,
            {},
            config="provider_mirrors: [%s]\n" % (TOOLS / "stand-in-aws" / "mirror"),
        )
        self.cloud = self.state / "cloud"
        self.cloud.mkdir()
        self.write(
            self.organisation,
            {path: text.replace("@CLOUD@", str(self.cloud)) for path, text in files.items()},
        )

    def body(self, kind="", extra=""):
        machine = MACHINE % kind if kind else ""
        return {"stacks/web/main.tf": AWS_PROVIDER % self.state + machine + extra}

    def proposed(self, topic, files):
        self.branch(topic)
        self.propose(topic, files)
        return self.numbers()[-1]

    def merged(self, number):
        self.slipway("pull", "merge", str(number))
        wait_until("the apply", lambda: self.newest()["state"] == "finished")
        settled(self)

    def newest(self):
        return next((r for r in self.runs("web") if r["kind"] == "tracked"), {"state": ""})

    def comment(self, number):
        """What the bot says, as it is shown: a dollar sign that opens no formula is written \\$ and a word joiner."""
        said = "".join(c["body"] for c in self.pull(number)["comments"] if c["ours"])
        return said.replace("\\$\u2060", "$")

    def costs(self, **query):
        words = "&".join("%s=%s" % pair for pair in query.items())
        status, text = self.http("GET", "/api/v1/costs?" + words, unix=True)
        assert status == 200, text
        return json.loads(text)


def from_the_pull_request_to_the_history(build):
    """the change of costs is shown, a budget denies it, a smaller machine passes, is applied and is remembered, with
    each tool that is there"""
    for tool in INSTALLED:
        to_the_history(build, tool)


def to_the_history(build, tool):
    policy = (LIBRARY / "plan" / "space_budget.rego").read_text()
    with Bills(
        build,
        "budget: {monthly: 200}\n",
        {"production/policies/plan/space_budget.rego": policy},
        tool,
    ) as place:
        place.push_main(place.body())
        place.start()
        first = place.proposed("large", place.body("m5.large"))
        place.wait_check(first, "success")
        said = place.comment(first)
        assert "| Cost per month |" in said and "+%s → %s" % (LARGE, LARGE) in said, said
        assert "`aws_instance.web` +%s" % LARGE in said and "costs at list prices of 20" in said, (
            said
        )
        place.merged(first)
        assert place.costs(space="production")["monthly"] == "78.99", place.costs()

        second = place.proposed("huge", place.body("m5.2xlarge"))
        place.wait_check(second, "failure")
        said = place.comment(second)
        assert "+$234.33 → %s" % HUGE in said, said
        assert "production would cost $313.32 per month, and its budget is $200.00" in said, said
        assert "Over the budget of production: $313.32 of $200.00 per month." in said, said

        third = place.proposed("small", place.body("t3.micro"))
        place.wait_check(third, "success")
        assert "-$69.79 → %s" % SMALL in place.comment(third), place.comment(third)
        place.merged(third)
        costs = place.costs(stack="web")
        assert [a["monthly"] for a in costs["stacks"][0]["applied"]] == ["78.99", "9.202"], costs
        told = place.slipway("cost", "history", "web").stdout
        assert "web  $78.99 (+$78.99)" in told and "web  $9.20 (-$69.79)" in told, told
        assert "Now $9.20 per month in 1 stack." in told, told
        assert told == place.slipway("cost", "history", "production").stdout
        nothing = place.slipway("cost", "history", "staging").stdout
        assert nothing == "nothing that costs was applied in a stack or space staging yet\n", (
            nothing
        )
        run = json.loads(place.slipway("runs", "--json", "--limit", "1").stdout)["runs"][0]
        assert run["cost"]["after"] == "9.202" and run["cost"]["delta"] == "-69.788", run["cost"]


def a_usage_file_of_the_pull_request_does_not_count(build):
    """usage counts as the branch has it, prices of the organisation and imported ones are used, discounts too"""
    discounts = "- {provider: aws, service: sqs, percent: 50}\n"
    with Bills(build, tree={"costs/discounts.yaml": discounts}) as place:
        usage = "version: 0.1\nresource_usage:\n  aws_sqs_queue.jobs: {monthly_requests: %d}\n"
        queue = 'resource "aws_sqs_queue" "jobs" {\n  name = "jobs"\n}\n'
        place.push_main(dict(place.body(), **{"stacks/web/usage.yml": usage % 10_000_000}))
        place.start()
        files = place.body("t3.micro", queue)
        number = place.proposed("queue", dict(files, **{"stacks/web/usage.yml": usage % 0}))
        place.wait_check(number, "success")
        said = place.comment(number)
        # 10 million requests at 0.40 per million, less half: 2.00.
        assert "+$11.20 → $11.20" in said and "`aws_sqs_queue.jobs` +$2.00" in said, said
        assert "Its usage file is changed here" in said, said


def a_policy_written_for_infracost_decides(build):
    """a policy over `third_party_metadata.infracost` reads our document in place of Infracost's"""
    policy = """package spacelift

deny[msg] {
  monthly := to_number(input.third_party_metadata.infracost.projects[0].breakdown.totalMonthlyCost)
  monthly > 50
  msg := sprintf("the monthly cost is %v", [monthly])
}
"""
    with Bills(build, tree={"policies/plan/infracost.rego": policy}) as place:
        place.push_main(place.body())
        place.start()
        number = place.proposed("large", place.body("m5.large"))
        place.wait_check(number, "failure")
        assert "the monthly cost is 78.99" in place.comment(number), place.comment(number)


main(
    [
        from_the_pull_request_to_the_history,
        a_usage_file_of_the_pull_request_does_not_count,
        a_policy_written_for_infracost_decides,
    ]
)
