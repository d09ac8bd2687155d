"""A process with all imports, which forks other processes, from the side of its parent.

`template_process` is the other side.
"""

import atexit
import os
import socket
import subprocess
import sys
from collections.abc import Sequence

# By module. All pools of a process share them.
_templates: dict[str, "Template"] = {}
# Templates that end with the last process that they have forked.
_retired: list["Template"] = []


class Template:
    """A process that has imported a module and forks a process for each job. A fork takes a fiftieth of the imports' time.

    Args:
        module: A module with a function `main` that runs one job.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._interpreter = _interpreter_variables()
        # Messages instead of a stream: two threads may send at the same time.
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                (sys.executable, "-m", f"{__package__}.template_process", module, str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    @staticmethod
    def of(module: str) -> "Template | None":
        """Return the template of a module, and start it unless it runs.

        None on other systems than Linux: their libraries do not all survive a fork. If the variables of the interpreter have
        changed, PYTHONPATH for example, a new template is started: it may import something else.
        """
        if sys.platform != "linux":
            return None
        _retired[:] = [template for template in _retired if template._is_alive()]
        template = _templates.get(module)
        if template is not None and template._is_alive() and template._interpreter == _interpreter_variables():
            return template
        if template is not None:
            template.retire()
        template = _templates[module] = Template(module)
        return template

    def request(self, descriptors: Sequence[int]) -> None:
        """Ask for a process; see `template_process`. The status socket closes without a process id if the template forks none.

        Raises:
            OSError: The template has ended.
        """
        socket.send_fds(self._channel, [b"+"], descriptors)

    def retire(self) -> None:
        """Let the template end with the last process that it has forked. The next call of `of` starts another one."""
        if _templates.get(self._module) is self:
            del _templates[self._module]
            _retired.append(self)
            self._channel.close()

    def end(self) -> None:
        """End the template, which kills the processes that it has forked."""
        self._channel.close()
        self._process.kill()
        self._process.wait()

    def _is_alive(self) -> bool:
        return self._process.poll() is None


@atexit.register
def _end_all() -> None:
    for template in (*_templates.values(), *_retired):
        template.end()


def _interpreter_variables() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
