"""`python -m tickreel.cli.tethered COMMAND...`: becomes the command, which is gone when the process that started it is.

For programs that do not see to that themselves.
"""

import os
import sys

from tickreel.jobs.worker import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    os.execv(sys.argv[1], sys.argv[1:])
