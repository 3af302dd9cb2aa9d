"""The one door for developers: ``python3 manage.py demo`` and ``python3 manage.py test``.

This file stays free of syntax newer than the oldest Python it may meet, so that an old one
is told so in a sentence instead of showing a SyntaxError. Everything else is in ``launch/``.
"""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "error: this needs Python 3.11 or newer, and %s is Python %d.%d.\n"
        "  Run it with a newer one, for example: python3.11 manage.py %s\n"
        % (sys.executable, sys.version_info[0], sys.version_info[1], " ".join(sys.argv[1:]))
    )
    sys.exit(2)

from launch.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
