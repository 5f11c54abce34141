"""`python3 installer`: everything; `python3 installer --help` lists the rest.

Nothing newer than Python 3.6 in this file, so that an old Python can say what is wrong.
"""

import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036 - see above
    sys.exit(
        "error: Neural Style needs Python 3.10 or newer; this one is %d.%d. "  # noqa: UP031
        "Install a newer one from python.org. [python_too_old]" % sys.version_info[:2]
    )

# PYTHONPATH is some other program's, and what it adds comes before the standard library.
foreign = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The engine's package is there for what needs the standard library only.
sys.path[:1] = [root, os.path.join(root, "core")]
sys.path[2:] = [path for path in sys.path[2:] if path not in foreign]

from installer.commands import main  # noqa: E402

sys.exit(main())
