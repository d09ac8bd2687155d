"""Sample data for a data root that is to be tried out."""

from tickreel.rpc.errors import TickreelError
from tickreel.rpc.settings import PARQUET, USE_PARQUET
from tickreel.stores import sample_data
from tickreel.stores.raw import Dataset, RawStore


def takes_sample_data(raw: RawStore) -> bool:
    """Whether there is a place for sample data, and it would be read."""
    return raw.ending == PARQUET and sample_data.takes_sample_data(raw.root)


def make_sample_data(raw: RawStore) -> list[Dataset]:
    """Writes the sample data below the data root, and gives the day folders that it lies in, newest first.

    Raises:
        TickreelError: ENVIRONMENT_MISMATCH where other than Parquet files are read; STORE_NOT_READABLE where the data root
            is gone; STORE_NOT_WRITABLE where it cannot be written, or a file is in the way; STORE_FULL.
    """
    if raw.ending != PARQUET:
        message = f"sample data comes in {PARQUET} files, and {raw.ending} files are read here; {raw.how_to_read_others}"
        raise TickreelError("ENVIRONMENT_MISMATCH", message, variable=USE_PARQUET)
    # A root that is not there may be a disk that is to come back, and must not be hidden by a folder.
    raw.dataset_ids()
    days = {raw.dataset_of(path) for path in sample_data.write_sample_data(raw.root)}
    return [raw.dataset(day) for day in sorted(days, reverse=True)]
