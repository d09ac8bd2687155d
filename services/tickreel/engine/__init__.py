"""The engine, NautilusTrader: nothing else but a strategy imports it, so that the next change of engine is one package's
work."""

import platform
from importlib.util import find_spec

# Where the extra is installed on an older Python, its marker leaves the engine out.
if find_spec("nautilus_trader") is None:
    message = (
        "NautilusTrader is not installed: pip install 'tickreel[services]' brings it, on Python 3.13 or 3.14;"
        f" this is Python {platform.python_version()}"
    )
    raise ModuleNotFoundError(message, name="nautilus_trader")
