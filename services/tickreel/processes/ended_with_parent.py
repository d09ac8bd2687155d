"""`python -m tickreel.processes.ended_with_parent COMMAND...`: run a command that is killed when its parent exits.

For programs that would outlive their parent. The soft limit of open files is raised to the hard limit, because each
connection of the gateway is an open file and the usual soft limit is 1,024.
"""

import os
import resource
import sys

from tickreel.processes.starter import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    os.execv(sys.argv[1], sys.argv[1:])
