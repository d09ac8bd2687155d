"""The tables of the documents against the code: all that there is, and nothing that is not."""

import ast
import re
from collections.abc import Iterator

import click
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from documents import ROOT, Document
from tickreel.cli import exit_codes
from tickreel.cli.__main__ import main
from tickreel.engine import event_record
from tickreel.rpc.descriptors import descriptor_of
from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import CATALOG_ROOT, DATA_ROOT, DEFAULT_PORTS, Settings, address_variable
from tickreel.runner.ledger.settlement import STATUSES
from tickreel.v1 import (
    catalog_service_pb2,
    converter_service_pb2,
    error_reason_pb2,
    result_pb2,
    results_service_pb2,
    run_config_pb2,
    runner_service_pb2,
    text_format_pb2,
)

SPEC, REFERENCE, UI = (Document.of(f"docs/{name}.md") for name in ("BACKTEST_SPEC", "REFERENCE", "FRONTEND_UI_SPEC"))
SOURCES = [path for path in sorted((ROOT / "services/tickreel").rglob("*.py")) if "v1" not in path.parts]

# Words in capitals that no reader meets as a finding, a fault or the reason of an order: names of other things.
INTERNAL = {
    *("BIT_PACKED", "DELTA_BINARY_PACKED", "FIXED_LEN_BYTE_ARRAY", "PLAIN_DICTIONARY", "RLE_DICTIONARY"),
    *("CLOCK_BOOTTIME", "SC_PAGE_SIZE", "SC_PHYS_PAGES", "NO_AGGRESSOR", "SPOT_PAIR"),
}

# The engine's words for orders, in the tables of the record.
ENGINE = {
    *(*event_record.ORDER_TYPES, *event_record.TIMES_IN_FORCE, *event_record.CONTINGENCIES),
    *(*event_record.TRIGGER_TYPES, *event_record.TRAILING_OFFSET_TYPES),
}


def _names(text: str) -> list[str]:
    """The names in inline code of a cell."""
    return re.findall(r"`([^`]+)`", text)


def _first_names(document: Document, heading: str) -> list[str]:
    """The names in the first cells of the tables below a heading."""
    return [name for row in document.rows_below(heading) for name in _names(row[0])]


def _constants() -> Iterator[str]:
    """The texts in the sources that are one name in capitals with an underscore."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[A-Z]+(_[A-Z]+)+", node.value):
                yield node.value


# Fields of a config


def _config_fields(message: Descriptor, prefix: str = "") -> Iterator[tuple[str, str, bool]]:
    """Each key of a config with its type, and whether it must be given."""
    for field in message.fields:
        path = f"{prefix}{field.json_name if field.json_name.isupper() else field.name}"
        required = not field.is_repeated and "optional" not in _label(message, field)
        yield from _config_field(field, path, required)


def _config_field(field: FieldDescriptor, path: str, required: bool) -> Iterator[tuple[str, str, bool]]:
    kind = field.message_type
    if kind is None:
        types = {
            FieldDescriptor.CPPTYPE_STRING: "string",
            FieldDescriptor.CPPTYPE_INT32: "integer",
            FieldDescriptor.CPPTYPE_BOOL: "bool",
        }
        yield path, types.get(field.cpp_type, "number"), required
    elif kind.GetOptions().map_entry:
        yield path, "map", False
    elif kind.full_name == "google.protobuf.Timestamp":
        yield path, "time", True
    elif kind.full_name == "google.protobuf.Struct":
        yield path, "object", required
    else:
        # A block that must be given has keys that must be given, and a row of its own would say nothing.
        if field.is_repeated or not required:
            yield path, "list" if field.is_repeated else "object", False
        yield from _config_fields(kind, f"{path}{'[]' if field.is_repeated else ''}.")


def _label(message: Descriptor, field: FieldDescriptor) -> str:
    """`optional` where the proto says so: messages have presence in any case."""
    text = (ROOT / "protos" / message.file.name).read_text()
    body = text[text.index(f"message {message.name} {{") :]
    found = re.search(rf"^  (optional |repeated )?[\w.<>, ]+ {field.name} = ", body, re.MULTILINE)
    assert found is not None
    return found[1] or ""


def test_every_field_of_a_config_is_specified() -> None:
    headings = ("Instrument", "Venue", "Data, window and the rest")
    rows = [row for heading in headings for row in SPEC.rows_below(heading)]
    stated = {_names(name)[0]: (kind, "required" in default.split()) for name, kind, default, *_ in rows}
    # What a MARGIN or a CASH account requires is optional in the contract.
    conditional = {"venue.base_currency", "venue.starting_balance", "venue.starting_balances"}
    expected = {
        path: (kind, required or path in conditional)
        for path, kind, required in _config_fields(descriptor_of(run_config_pb2.RunConfig))
    }
    assert stated == expected


# Fields of a result


def _result_fields(message: Descriptor, prefix: str = "") -> Iterator[tuple[str, str]]:
    for field in message.fields:
        path, kind = prefix + field.name, field.message_type
        if kind is None:
            yield path, f"list of {_type(field)}s" if field.is_repeated else _type(field)
        elif kind.GetOptions().map_entry:
            yield path, "map"
        else:
            yield from _result_fields(kind, f"{path}{'[]' if field.is_repeated else ''}.")


def _type(field: FieldDescriptor) -> str:
    formats = {text_format_pb2.TEXT_FORMAT_DECIMAL: "decimal", text_format_pb2.TEXT_FORMAT_TIME: "time"}
    options = {option.name: value for option, value in field.GetOptions().ListFields()}
    if options.get("text_format") in formats:
        return formats[options["text_format"]]
    if field.enum_type is not None:
        return "word"
    return {FieldDescriptor.CPPTYPE_STRING: "string", FieldDescriptor.CPPTYPE_DOUBLE: "number"}.get(field.cpp_type, "integer")


def test_every_field_of_a_result_is_specified() -> None:
    tables = [table for table in SPEC.tables if table.header == ["field", "type", "meaning"]]
    stated = [(_names(name)[0], kind) for table in tables for name, kind, _ in table.rows]
    assert sorted(stated) == sorted(_result_fields(descriptor_of(result_pb2.Result)))


# Commands


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")


COMMANDS = dict(_commands(main, "tickreel"))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_of_a_command_is_specified(name: str) -> None:
    codes = [code for heading, code in SPEC.codes if heading == f"`{name}`"]
    stated = {option.replace("_", "-") for code in codes for option in re.findall(r"--[\w-]+", code)}
    parameters = [parameter for parameter in COMMANDS[name].params if isinstance(parameter, click.Option)]
    options = {option.replace("_", "-") for parameter in parameters for option in parameter.opts if option.startswith("--")}
    assert stated == options | {"--help"}


def test_no_other_command_is_specified() -> None:
    assert {heading.strip("`") for heading in SPEC.headings if heading.startswith("`tickreel ")} == set(COMMANDS)


# Findings, reasons and settings


def _reasons() -> list[str]:
    """The reasons of errors."""
    return [value.name.removeprefix("ERROR_REASON_") for value in error_reason_pb2.ErrorReason.DESCRIPTOR.values[1:]]


def _explained() -> list[str]:
    """The findings and the faults of files in the tables."""
    of_files = (
        _first_names(REFERENCE, "Findings of conversion")
        + _first_names(REFERENCE, "Findings of verification")
        + _first_names(REFERENCE, "Faults of raw files")
    )
    return _first_names(SPEC, "Findings") + of_files


def test_every_finding_and_every_reason_of_an_order_is_explained() -> None:
    variables = ("TICKREEL_", "UNIFIED_CLOUD_", "DATA_CATALOG_")
    constants = {name for name in _constants() if not name.startswith(variables)}
    explained = {*_explained(), *_first_names(SPEC, "The life of an order"), *_reasons()}
    assert constants - explained - ENGINE == INTERNAL, "explain the others in a table, or name them as INTERNAL"


def test_every_status_of_an_order_is_explained() -> None:
    (table,) = (table for table in SPEC.tables if table.header[0] == "status")
    assert {_names(row[0])[0] for row in table.rows} == set(STATUSES)


def test_no_finding_is_explained_that_is_never_made() -> None:
    sources = "\n".join(path.read_text() for path in SOURCES)
    explained = _explained()
    assert not [code for code in explained if f'"{code}"' not in sources]
    assert len(explained) == len(set(explained))


def test_every_reason_of_an_error_is_explained_with_its_status_and_exit_code() -> None:
    stated = {_names(reason)[0]: (status, int(code)) for reason, status, code, *_ in REFERENCE.rows_below("Reasons")}
    assert stated == {reason: (TickreelError(reason, "").code.name, exit_codes.of_reason(reason)) for reason in _reasons()}


def test_every_environment_variable_is_explained() -> None:
    variable = re.compile(r"\b(?:TICKREEL|UNIFIED_CLOUD|DATA_CATALOG)_[A-Z_]*[A-Z]\b")
    files = [
        *SOURCES,
        *(ROOT / "services/gateway").iterdir(),
        ROOT / "docker-compose.yml",
        ROOT / "Makefile",
        ROOT / "frontend/vite.config.ts",
    ]
    files += [path for folder in ("e2e", "fuzz") for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))]
    used = {name for file in files for name in variable.findall(file.read_text())}
    used |= {address_variable(service) for service in DEFAULT_PORTS}
    stated = [*_first_names(REFERENCE, "Settings"), *_first_names(REFERENCE, "Containers")]
    images = {"PYTHON_IMAGE", "NODE_IMAGE", "CADDY_IMAGE", "ENVOY_IMAGE"}
    compose = (ROOT / "docker-compose.yml").read_text()
    assert set(stated) == used | {image for image in images if image in compose}
    assert len(stated) == len(set(stated))


def test_the_defaults_of_settings_are_those_of_the_code() -> None:
    settings = Settings.from_env({DATA_ROOT: "data_downloads", CATALOG_ROOT: "data/parquet"})
    stated = {_names(row[0])[0]: row[1] for row in REFERENCE.rows_below("Settings")}
    attributes = {name: name.removeprefix("TICKREEL_").lower() for name in stated}
    numbers = {
        name: int(default) for name, default in stated.items() if default.isdigit() and hasattr(settings, attributes[name])
    }
    assert len(numbers) > 5
    assert numbers == {name: int(getattr(settings, attributes[name])) for name in numbers}
    for service, address in settings.addresses.items():
        assert stated[address_variable(service)] == address
    for name, attribute in (
        ("RESULTS", "results_root"),
        ("TICKDATA", "tickdata_root"),
        ("CONFIGS", "configs_root"),
        ("UI", "ui_root"),
    ):
        assert str(getattr(settings, attribute)).endswith(stated[f"TICKREEL_{name}_PATH"])
    assert stated["TICKREEL_LOG_LEVEL"] == settings.log_level


# Calls


def test_every_call_is_in_the_table_of_calls() -> None:
    modules = (catalog_service_pb2, converter_service_pb2, runner_service_pb2, results_service_pb2)
    services = [service for module in modules for service in module.DESCRIPTOR.services_by_name.values()]
    expected = {}
    for service in services:
        reads, changes, streams = expected[service.name] = (set[str](), set[str](), set[str]())
        for method in service.methods:
            is_read = method.GetOptions().idempotency_level == 1
            (streams if method.server_streaming else reads if is_read else changes).add(method.name)
    rows = Document.of("protos/README.md").rows_below("Calls")
    stated = {_names(row[0])[0]: tuple(set(_names(cell)) for cell in row[1:]) for row in rows}
    assert stated == expected


# The UI


def _parameters(name: str) -> set[str]:
    """The search parameters of a screen."""
    (path,) = (ROOT / "frontend/src/features").rglob(f"{name}-search.ts")
    text = path.read_text()
    body = text[text.index("v.strictObject({") :]
    return set(re.findall(r"[{,]?\s*(\w+): (?:v\.optional|instant)", body))


def test_every_route_is_specified() -> None:
    router = (ROOT / "frontend/src/app/router.tsx").read_text()
    assert set(_first_names(UI, "Screens")) == set(re.findall(r"path: '([^']+)'", router))


@pytest.mark.parametrize(
    ("heading", "name"),
    [("Run", "launch"), ("Runs", "runs"), ("Report", "report"), ("Data", "data"), ("Configs", "configs")],
)
def test_every_parameter_of_an_address_is_specified(heading: str, name: str) -> None:
    (table,) = (table for table in UI.tables if table.heading == heading and table.header[0] == "parameter")
    assert {stated for row in table.rows for stated in _names(row[0])} == _parameters(name)


def test_every_shortcut_is_specified() -> None:
    sources = [path for path in (ROOT / "frontend/src").rglob("*.tsx") if ".test." not in path.name]
    bound = {keys for path in sources for keys in re.findall(r"useShortcut\(\s*'([^']+)'", path.read_text())}
    stated = _first_names(UI, "Keyboard")
    assert bound
    assert bound <= set(stated)
    assert {keys for keys in stated if keys.startswith(("mod+", "g ")) or keys in "?t"} <= bound


def test_the_components_that_are_specified_exist() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "frontend/src").rglob("*.tsx"))
    stated = _first_names(UI, "Components")
    assert not [name for name in stated if not re.search(rf"^export (function|const) {name}\b", sources, re.MULTILINE)]


def test_the_labels_that_are_specified_are_on_the_screens() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "frontend/src").rglob("*.tsx") if ".test." not in path.name)
    labels = set(re.findall(r"\*\*([\w ]+)\*\*", UI.path.read_text()))
    assert labels
    assert not [label for label in labels if not re.search(rf"""(['">]|^ *){label}(['"<]|$)""", sources, re.MULTILINE)]
