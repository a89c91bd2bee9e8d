"""``python -m orkestra`` is the ``orkestra`` command."""

import sys

from orkestra._command import main

if __name__ == "__main__":
    sys.exit(main())
