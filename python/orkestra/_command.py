"""The ``orkestra`` command: hands its arguments to the extension."""

from __future__ import annotations

import signal
import sys

from orkestra import _orkestra


def main() -> int:
    """Runs the command with the arguments of the process and gives its exit code."""
    # The command has its own way with Ctrl-C; Python's would wait for the command to end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout.flush()
    return _orkestra.main(["orkestra", *sys.argv[1:]])
