"""Sample data for a new data root."""

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import PARQUET, USE_PARQUET
from tickreel.stores import sample_data
from tickreel.stores.raw import RawStore
from tickreel.v1 import converter_service_pb2


def check_takes_sample_data(raw: RawStore) -> None:
    """Check that sample data could be written and would be read. Writes nothing.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH if the service does not read Parquet files; STORE_NOT_READABLE if the data root is
            missing; STORE_NOT_WRITABLE if it cannot be written.
    """
    _check_readable(raw)
    sample_data.check_writable(raw.root)


def make_sample_data(raw: RawStore) -> converter_service_pb2.MakeSampleDataResponse:
    """Write the sample data below the data root, and return its datasets and instruments.

    Raises:
        TickreelError: Like `check_takes_sample_data`; also STORE_NOT_WRITABLE if a file is in the way, and STORE_FULL.
    """
    _check_readable(raw)
    paths = sample_data.write_sample_data(raw.root)
    return converter_service_pb2.MakeSampleDataResponse(
        dataset_ids=sorted({raw.dataset_of(path) for path in paths}, reverse=True),
        instruments=sorted({path.name.removesuffix(PARQUET) for path in paths}),
    )


def _check_readable(raw: RawStore) -> None:
    if raw.ending != PARQUET:
        message = f"sample data is written to {PARQUET} files, but this service reads {raw.ending} files; {raw.other_kind_hint}"
        raise TickreelError("ENVIRONMENT_MISMATCH", message, variable=USE_PARQUET)
    # A missing root may be an unmounted disk. Creating a folder in its place would hide that.
    raw.dataset_ids()
