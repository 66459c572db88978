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
    """The names of the resources in a local Terraform state, sorted. The tool writes the file in place: it is empty
    before, and half of it is read again."""

    def whole():
        text = file.read_text() if file.exists() else ""
        return [json.loads(text)["resources"] if text else []]

    return sorted(r["name"] for r in wait_until("a whole state", whole, 30)[0])
