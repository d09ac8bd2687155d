"""The instrument of a run config: the Runner replays it, and the Converter registers it in the catalog."""
