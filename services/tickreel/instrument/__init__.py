"""Rules for the instrument of a run config, which the Runner replays and the Converter registers in the catalog."""
