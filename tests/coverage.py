#!/usr/bin/env python3
"""Runs the unit tests of runs/control in a build of the preset `coverage`, and prints how many of its lines they reach.

    cmake --preset coverage && cmake --build --preset coverage     does that
    tests/coverage.py BUILD                                        again, without building

A line counts as reached if one of the functions that the compiler made of it was. Exits with 1 below 90 percent.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ("handlers/runs/control/", "handlers/runs/lifecycle")
WANTED = 90.0
TESTS = ("lifecycle_tests", "control_tests", "simulation_tests")


def run_tests(build):
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    for name in TESTS:
        subprocess.run([build / "bin" / name, "--minimal"], cwd=build, check=True)


def lines_reached(build):
    """File -> line -> how often."""
    found = {}
    for library in ("control", "lifecycle"):
        folder = build / "CMakeFiles" / ("slipway_%s.dir" % library)
        for notes in sorted(folder.rglob("*.gcno")):
            command = ["gcov", "--json-format", "--stdout", str(notes)]
            output = subprocess.run(command, cwd=build, check=True, capture_output=True).stdout
            for document in output.splitlines():
                for file in json.loads(document)["files"]:
                    # As the compiler was told it: below the build, or without what is in front of it.
                    name = re.sub(r"^(\.\.?/)+", "", file["file"].removeprefix(str(ROOT) + "/"))
                    if not name.startswith(FOLDERS):
                        continue
                    lines = found.setdefault(name, {})
                    for line in file["lines"]:
                        number = line["line_number"]
                        lines[number] = max(lines.get(number, 0), line["count"])
    return found


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    run_tests(build)
    found = lines_reached(build)
    all_lines = reached = 0
    for name, lines in sorted(found.items()):
        if not lines:
            continue
        hit = sum(1 for count in lines.values() if count)
        missed = [str(number) for number, count in sorted(lines.items()) if not count]
        print(
            "%5.1f %%  %s%s"
            % (100 * hit / len(lines), name, missed and "  not: " + " ".join(missed) or "")
        )
        all_lines += len(lines)
        reached += hit
    percent = 100 * reached / all_lines
    print("handlers/runs/control: %d of %d lines, %.1f %%" % (reached, all_lines, percent))
    return 0 if percent >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
