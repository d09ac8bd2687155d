"""The time window of a run: its files, its rows, and the clocks they are on."""
