"""The parameters of a strategy: the keywords of its constructor, or of the constructor of its config class."""

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nautilus_trader.model import CryptoPerpetual, CurrencyPair, InstrumentId
from nautilus_trader.trading import Strategy, StrategyConfig

from tickreel.engine.instrument import Instrument
from tickreel.engine.parameter_kind import Kind, kind_of_type, named

_EMPTY = inspect.Parameter.empty
# Parameters that the run supplies if they have one of these annotations.
_SUPPLIED: dict[str, tuple[Any, ...]] = {
    "instrument": (CryptoPerpetual, CurrencyPair, CryptoPerpetual | CurrencyPair, Any, _EMPTY),
    "instrument_id": (InstrumentId, str, _EMPTY),
    "seed": (int,),
}
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class _Parameter:
    """A parameter with an annotation that a config can express."""

    annotation: Any
    default: Any
    kind: Kind

    @property
    def required(self) -> bool:
        """Whether a config must have it. A config expresses None by leaving it out."""
        return self.default is _EMPTY and not self.kind.optional

    def schema(self, description: str) -> dict[str, Any]:
        """Return its JSON Schema. A default that is no JSON value is in the description."""
        schema, sentences = dict(self.kind.schema), [description, self.kind.unit]
        if self.default is not _EMPTY and self.default is not None:
            try:
                default = self.kind.write(self.default)
                is_value = self.kind.read(default, "") == self.default
            except (AttributeError, TypeError, ValueError, OverflowError):
                is_value = False
            if is_value:
                schema["default"] = default
            else:
                sentences.append(f"Default: {self.default}.")
        if text := " ".join(filter(None, sentences)):
            schema["description"] = text
        return schema


@dataclass(frozen=True)
class Parameters:
    """What the constructor of a strategy takes.

    Attributes:
        config_class: The class of the constructor's `config`, or None if the constructor takes the parameters themselves.
        supplied: Annotations of the parameters that the run supplies, by name.
        schema: JSON Schema of the others in a config.
    """

    config_class: type | None
    supplied: Mapping[str, Any]
    schema: Mapping[str, Any]
    _parameters: Mapping[str, _Parameter]

    @classmethod
    def of(cls, strategy: type[Strategy]) -> "Parameters":
        """Return the parameters of a strategy.

        Raises:
            TypeError: A parameter has no annotation, or one that a config cannot express. The message names it.
        """
        keywords, config_class = _keywords(strategy), None
        if "config" in keywords:
            config_class = _config_class(keywords.pop("config").annotation)
            if keywords:
                raise TypeError(
                    f"its constructor takes a config and also {', '.join(keywords)}; make these fields of the config"
                )
            keywords = _keywords(config_class)
        supplied = {
            name: annotation
            for name, taken in keywords.items()
            if (annotation := _without_none(taken.annotation)) in _SUPPLIED.get(name, ())
        }
        taken_from_config = {name: taken for name, taken in keywords.items() if name not in supplied}
        declared = getattr(strategy, "parameters_schema", None)
        if declared is not None:
            return cls(config_class, supplied, declared, _declared(declared, taken_from_config, config_class or strategy))
        parameters = {name: _parameter(name, taken) for name, taken in taken_from_config.items()}
        described = _descriptions([strategy] if config_class is None else [config_class, strategy])
        schema = {
            "type": "object",
            "properties": {name: one.schema(described.get(name, "")) for name, one in parameters.items()},
            "required": [name for name, one in parameters.items() if one.required],
            "additionalProperties": False,
        }
        return cls(config_class, supplied, schema, parameters)

    def read(self, name: str, value: Any, instrument_id: str) -> Any:
        """Return a JSON value that fits the schema as the constructor's value.

        Args:
            instrument_id: The engine's id of the run's instrument.

        Raises:
            ValueError: The value is none of the parameter's type.
        """
        parameter = self._parameters.get(name)
        if parameter is None:
            return value
        try:
            return parameter.kind.read(value, instrument_id)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"which is no {named(parameter.annotation)}: {error}") from None

    def keywords(self, values: Mapping[str, Any], instrument: Instrument, seed: int) -> dict[str, Any]:
        """Return the keyword arguments of the constructor, including those that the run supplies.

        Args:
            values: What `read` returned, by name.
        """
        identity = str(instrument.id) if self.supplied.get("instrument_id") is str else instrument.id
        supplied = {"instrument": instrument.engine, "instrument_id": identity, "seed": seed}
        none = [name for name, one in self._parameters.items() if one.default is _EMPTY and one.kind.optional]
        return {**{name: supplied[name] for name in self.supplied}, **dict.fromkeys(none), **values}


def _keywords(taker: type) -> dict[str, inspect.Parameter]:
    """Return the parameters of a constructor by name, with evaluated annotations. Variadic ones are left out."""
    constructor = taker.__init__  # type: ignore[misc]
    written = inspect.isfunction(constructor)
    if not written and not hasattr(taker, "__signature__"):
        # The constructor of the engine or of `object`.
        return {}
    try:
        signature = inspect.signature(constructor if written else taker, eval_str=True)
    except NameError as error:
        raise TypeError(f"the annotations of {taker.__name__}.__init__ cannot be evaluated: {error}") from None
    found = {}
    # The first parameter of a function is `self`.
    for taken in list(signature.parameters.values())[written:]:
        if taken.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise TypeError(f"its parameter {taken.name!r} is positional-only; a config gives parameters by name")
        if taken.kind not in _VARIADIC:
            found[taken.name] = taken
    if dataclasses.is_dataclass(taker):
        for field in dataclasses.fields(taker):
            if field.default_factory is not dataclasses.MISSING and field.name in found:
                found[field.name] = found[field.name].replace(default=field.default_factory())
    return found


def _config_class(annotation: Any) -> type:
    """Return the class of a config from the annotation of the parameter `config`."""
    config_class = _without_none(annotation)
    if config_class is _EMPTY or not isinstance(config_class, type):
        stated = "no annotation" if config_class is _EMPTY else f"the annotation {named(annotation)}"
        raise TypeError(f"its parameter 'config' has {stated}; annotate it with the class of the config")
    if config_class is not StrategyConfig and not _keywords(config_class) and (fields := inspect.get_annotations(config_class)):
        raise TypeError(
            f"{config_class.__name__} does not store its fields {', '.join(fields)}: its constructor ignores them;"
            " decorate it with @dataclass(kw_only=True)"
        )
    return config_class


def _without_none(annotation: Any) -> Any:
    """Return X for `X | None`, and any other annotation unchanged."""
    kept = [one for one in typing.get_args(annotation) if one is not type(None)]
    optional = typing.get_origin(annotation) in (typing.Union, types.UnionType)
    return kept[0] if optional and len(kept) == 1 else annotation


def _parameter(name: str, taken: inspect.Parameter) -> _Parameter:
    remedy = "or declare parameters_schema, which then lists all parameters"
    if taken.annotation is _EMPTY:
        raise TypeError(f"its parameter {name!r} has no annotation; add one, {remedy}")
    try:
        return _Parameter(taken.annotation, taken.default, kind_of_type(taken.annotation))
    except TypeError as error:
        raise TypeError(f"its parameter {name!r}: {error}; {remedy}") from None


def _declared(declared: Mapping[str, Any], keywords: Mapping[str, inspect.Parameter], taker: type) -> dict[str, _Parameter]:
    """Return the parameters of a declared schema whose annotations say how to read them. Others get the JSON values."""
    names = declared.get("properties", {})
    unknown = [name for name in names if name not in keywords]
    if unknown and not _takes_any(taker):
        raise TypeError(f"parameters_schema has {', '.join(unknown)}, which {taker.__name__}.__init__ does not take")
    if missing := [name for name, taken in keywords.items() if name not in names and taken.default is _EMPTY]:
        raise TypeError(f"parameters_schema lacks {', '.join(missing)}, which {taker.__name__}.__init__ requires")
    found = {}
    for name in names:
        if name in keywords and keywords[name].annotation is not _EMPTY:
            try:
                found[name] = _parameter(name, keywords[name])
            except TypeError:
                continue
    return found


def _takes_any(taker: type) -> bool:
    """Return whether a constructor takes any keyword."""
    constructor = taker.__init__  # type: ignore[misc]
    taken = inspect.signature(constructor).parameters.values() if inspect.isfunction(constructor) else ()
    return any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken)


def _descriptions(takers: list[type]) -> dict[str, str]:
    """Return the descriptions of parameters in the docstrings of classes and constructors, in the style of Google or NumPy."""
    found: dict[str, str] = {}
    for taker in takers:
        for documented in (taker, taker.__init__):  # type: ignore[misc]
            lines = inspect.cleandoc(documented.__doc__ or "").splitlines()
            for number, line in enumerate(lines):
                if (start := _DESCRIBED.fullmatch(line)) is None:
                    continue
                # In NumPy's style the type follows a colon after a space, and the text is below.
                first = [] if start["numpy"] else [start["text"]]
                for more in lines[number + 1 :]:
                    if len(more) - len(more.lstrip()) <= len(start["indent"]):
                        break
                    first.append(more.strip())
                if text := " ".join(filter(None, first)):
                    found.setdefault(start["name"], text)
    return found


_DESCRIBED = re.compile(r"(?P<indent>\s*)(?P<name>\w+)(?: ?\([^)]*\))?(?P<numpy> )?:\s*(?P<text>.*)")
