"""Runs a client command from the virtual environment that runs the tests."""

import os
import pty
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from harness.image import Refused


def run(home, program, *words):
    """What the command printed; `Refused` if it failed.

    `home` keeps the caches of the command out of the user's own.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OS_")}
    environment |= {"HOME": str(home), "COLUMNS": "4000", "LC_ALL": "C.UTF-8"}
    command = [str(Path(sys.executable).parent / program), *words]
    with _terminal() as stdin:
        done = subprocess.run(
            command, env=environment, stdin=stdin, capture_output=True, text=True, timeout=120
        )
    if done.returncode != 0:
        raise Refused(f"{program} {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def _terminal():
    """Both commands take what is not a terminal for the data of a new image."""
    ends = pty.openpty()
    try:
        yield ends[1]
    finally:
        for end in ends:
            os.close(end)
