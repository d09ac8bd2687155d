"""`python -m tickreel.processes.ended_with_parent COMMAND...`: run a command that is killed when its parent exits.

For programs that do not see to that themselves. The command may open as many files as the system lets it: a connection of the
gateway is one, and the usual soft limit is 1,024.
"""

import os
import resource
import sys

from tickreel.processes.starter import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.execv(sys.argv[1], sys.argv[1:])
