"""The runner service: replays windows of the catalog and writes results."""
