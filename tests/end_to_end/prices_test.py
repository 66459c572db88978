#!/usr/bin/env python3
"""`slipway prices` imports, shows, compares and checks price lists, in little memory, and says what is wrong."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from place import main  # noqa: E402

FIXTURES = pathlib.Path(__file__).parent.parent / "fixtures" / "prices"


def prices(build, directory, *words, fails=0):
    done = subprocess.run(
        [
            pathlib.Path(build) / "bin" / "slipway",
            "prices",
            *map(str, words),
            "--prices",
            directory,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == fails, done
    return done


def imported_prices_are_shown_compared_and_checked(build):
    """import, show, diff and verify agree with each other, and a command's help has an example"""
    with tempfile.TemporaryDirectory() as directory:
        summary = prices(build, directory, "show").stdout
        assert "built in: " in summary and "  aws ec2 " in summary, summary
        done = prices(build, directory, "import", "--from", "aws", FIXTURES / "aws_ec2.csv")
        assert "8 prices added" in done.stdout and "left out: 1 row: reservations" in done.stdout
        words = ["show", "aws", "ec2", "m5.large", "--region", "eu-west-1"]
        rows = [
            json.loads(x) for x in prices(build, directory, *words, "--json").stdout.splitlines()
        ]
        linux = [row for row in rows if row["attributes"] == "os=linux"]
        assert [row["tiers"] for row in linux] == [[{"from": "0", "price": "0.107"}]] * 2, rows
        assert linux[0]["date"] == "2026-11-20" and linux[1]["table"] == "built in", rows
        assert "0 prices differ, 8 are equal" in prices(build, directory, "diff").stdout
        dearer = pathlib.Path(directory) / "dearer.csv"
        dearer.write_text(
            (FIXTURES / "aws_ec2.csv").read_text().replace("0.1070000000", "0.2070000000")
        )
        prices(build, directory, "import", "--from", "aws", dearer)
        told = prices(build, directory, "diff", fails=1).stdout
        assert "m5.large (os=linux) in eu-west-1: $0.107 per hour" in told, told
        assert "aws.prices-table: 8 prices, 0 wrong" in prices(build, directory, "verify").stdout
        assert "no such price" in prices(build, directory, "show", "aws", "nosuch", fails=1).stderr
        for command in ("import", "show", "diff", "verify"):
            assert "Example: slipway prices" in prices(build, directory, command, "--help").stdout


def wrong_files_change_nothing(build):
    """one sentence with file and line, exit code 2, and the table as it was"""
    with tempfile.TemporaryDirectory() as directory:
        prices(build, directory, "import", "--from", "aws", FIXTURES / "aws_elb.csv")
        table = pathlib.Path(directory) / "aws.prices-table"
        before = table.read_bytes()
        cut = pathlib.Path(directory) / "cut.csv"
        cut.write_bytes((FIXTURES / "aws_ec2.csv").read_bytes()[:-40])
        for words in (
            ["import", "--from", "aws", FIXTURES / "aws_ec2.csv", cut],
            ["import", "--from", "aws", FIXTURES / "gcp_page.json"],
        ):
            refused = prices(build, directory, *words, fails=2)
            assert refused.stderr.startswith("slipway: ") and refused.stderr.count("\n") == 1, (
                refused
            )
        assert table.read_bytes() == before
        assert sorted(os.listdir(directory)) == ["aws.prices-table", "cut.csv"]
        table.write_bytes(before[:-1])
        refused = prices(build, directory, "verify", fails=2)
        assert "aws.prices-table is cut off" in refused.stderr, refused


def a_large_file_is_read_in_little_memory(build):
    """a list of 40 MB takes no more memory than one of 4 MB"""
    head, row = [], None
    for line in (FIXTURES / "aws_ec2.csv").read_text(encoding="utf-8-sig").splitlines(True):
        if '"Reserved"' in line:
            row = line
        elif row is None:
            head.append(line)
    with tempfile.TemporaryDirectory() as directory:
        peaks = []
        for megabytes in (4, 40):
            large = pathlib.Path(directory) / "large.csv"
            with open(large, "w") as out:
                out.writelines(head)
                for _ in range(megabytes * 1_000_000 // len(row)):
                    out.write(row)
            code = (
                "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
                "stdout=subprocess.DEVNULL); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            )
            words = ["prices", "import", "--from", "aws", str(large), "--prices", directory]
            done = subprocess.run(
                [sys.executable, "-c", code, pathlib.Path(build) / "bin" / "slipway", *words],
                check=True,
                capture_output=True,
                text=True,
                # What AddressSanitizer keeps of freed memory is not the program's.
                env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:detect_leaks=0"},
            )
            peaks.append(int(done.stdout))  # in kB
        assert peaks[1] < peaks[0] + 16_000, peaks


main(
    [
        imported_prices_are_shown_compared_and_checked,
        wrong_files_change_nothing,
        a_large_file_is_read_in_little_memory,
    ]
)
