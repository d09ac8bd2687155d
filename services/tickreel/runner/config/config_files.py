"""The run configs under the configs folder, by id: their path below it without its ending."""

from dataclasses import dataclass
from pathlib import Path

from tickreel.rpc.errors import TickreelError, Violation, not_found
from tickreel.rpc.json_document import MOST_BYTES

# The generated JSON Schema lies among them.
_SCHEMA_FOLDER = "schema"


@dataclass(frozen=True)
class ConfigText:
    """A config file as it is."""

    config_id: str
    path: Path
    content: bytes


class ConfigFolder:
    """The folder of the configs; only read."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def ids(self) -> list[str]:
        """The ids of all configs, sorted."""
        paths = (path.relative_to(self._root) for path in self._root.rglob("*.json") if path.is_file())
        return sorted(
            path.with_suffix("").as_posix()
            for path in paths
            if path.parts[0] != _SCHEMA_FOLDER and not any(part.startswith(".") for part in path.parts)
        )

    def read(self, config_id: str) -> ConfigText:
        """The text of a config.

        Raises:
            TickreelError: CONFIG_INVALID where the file cannot be read, NOT_FOUND where there is none; an id never leads
                out of the folder, because it is looked up and not opened.
        """
        if config_id not in self.ids():
            raise not_found("config", config_id)
        path = self._root / f"{config_id}.json"
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
            if len(content) <= MOST_BYTES:
                return ConfigText(config_id, path, content)
            problem = f"has {path.stat().st_size:,} bytes; a config has {MOST_BYTES:,} at most"
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
        raise TickreelError("CONFIG_INVALID", f"{path} {problem}", [Violation(path.name, problem)]) from None
