"""The run configs in the configs folder. A config's id is its path below the folder, without `.json`."""

from dataclasses import dataclass
from pathlib import Path

from tickreel.rpc.errors import TickreelError, Violation, not_found
from tickreel.rpc.json_document import MOST_BYTES

# Holds the generated JSON Schema, which is not a config.
_SCHEMA_FOLDER = "schema"


@dataclass(frozen=True)
class ConfigText:
    """The raw content of a config file."""

    config_id: str
    path: Path
    content: bytes


class ConfigFolder:
    """Read-only access to the configs folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def ids(self) -> list[str]:
        """Return the ids of all configs, sorted."""
        paths = (path.relative_to(self._root) for path in self._root.rglob("*.json") if path.is_file())
        return sorted(
            path.with_suffix("").as_posix()
            for path in paths
            if path.parts[0] != _SCHEMA_FOLDER and not any(part.startswith(".") for part in path.parts)
        )

    def read(self, config_id: str) -> ConfigText:
        """Return the content of a config.

        An id cannot lead out of the folder: it is looked up in the list of ids before any file is opened.

        Raises:
            TickreelError: NOT_FOUND if the config does not exist, CONFIG_INVALID if its file is too large or cannot be read.
        """
        if config_id not in self.ids():
            raise not_found("config", config_id)
        path = self._root / f"{config_id}.json"
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            if len(content) <= MOST_BYTES:
                return ConfigText(config_id, path, content)
            problem = f"has {path.stat().st_size:,} bytes; a config may have at most {MOST_BYTES:,}"
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
        raise TickreelError("CONFIG_INVALID", f"{path} {problem}", [Violation(path.name, problem)]) from None
