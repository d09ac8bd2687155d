"""Sample data for a data root that is to be tried out."""

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import PARQUET, USE_PARQUET
from tickreel.stores import sample_data
from tickreel.stores.raw import RawStore
from tickreel.v1 import converter_service_pb2


def check_takes_sample_data(raw: RawStore) -> None:
    """Checks that there is a place for sample data, and that it would be read. Writes nothing.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH where other than Parquet files are read; STORE_NOT_READABLE where the data root
            is gone; STORE_NOT_WRITABLE where it cannot be written.
    """
    _check_readable(raw)
    sample_data.check_writable(raw.root)


def make_sample_data(raw: RawStore) -> converter_service_pb2.MakeSampleDataResponse:
    """Writes the sample data below the data root, and says where it lies.

    Raises:
        TickreelError: Those of `check_takes_sample_data`; STORE_NOT_WRITABLE also where a file is in the way; STORE_FULL.
    """
    _check_readable(raw)
    paths = sample_data.write_sample_data(raw.root)
    return converter_service_pb2.MakeSampleDataResponse(
        dataset_ids=sorted({raw.dataset_of(path) for path in paths}, reverse=True),
        instruments=sorted({path.name.removesuffix(PARQUET) for path in paths}),
    )


def _check_readable(raw: RawStore) -> None:
    if raw.ending != PARQUET:
        message = f"sample data comes in {PARQUET} files, and {raw.ending} files are read here; {raw.how_to_read_others}"
        raise TickreelError("ENVIRONMENT_MISMATCH", message, variable=USE_PARQUET)
    # A root that is not there may be a disk that is to come back, and must not be hidden by a folder.
    raw.dataset_ids()
