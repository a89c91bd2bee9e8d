"""``python -m orkestra`` is the ``orkestra`` command."""

import sys

from orkestra._command import main

sys.exit(main())
