"""How tests look at what happens elsewhere: they wait for the thing itself and never for a time to pass."""

import json
import subprocess
import threading
import time


def wait_until(what, condition, seconds=90):
    """Polls the thing itself; a condition that raises because it is half done is not true yet."""
    end, pause, last = time.monotonic() + seconds, threading.Event(), None
    while time.monotonic() < end:
        try:
            value = condition()
            if value:
                return value
        except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as error:
            last = error
        pause.wait(0.05)
    raise AssertionError(
        "waited %d s in vain for: %s%s" % (seconds, what, " (%s)" % last if last else "")
    )


def state_resources(file):
    """The names of the resources in a local Terraform state, sorted. Raises ValueError while the tool, which
    writes the file in place, has written half of it."""
    if not file.exists():
        return []
    return sorted(r["name"] for r in json.loads(file.read_text())["resources"])
