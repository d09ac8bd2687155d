"""The engine, NautilusTrader. Only this package and strategies import it, so a change of engine stays in one package."""

import platform
from importlib.util import find_spec

# On Python 3.12, the extra `services` does not install the engine.
if find_spec("nautilus_trader") is None:
    message = (
        "NautilusTrader is not installed: `pip install 'tickreel[services]'` installs it on Python 3.13 or 3.14;"
        f" this is Python {platform.python_version()}"
    )
    raise ModuleNotFoundError(message, name="nautilus_trader")
