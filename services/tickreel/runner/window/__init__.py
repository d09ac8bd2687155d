"""The time window of a run: its files, its rows, and the recorder's, the exchange's and the replay clock."""
