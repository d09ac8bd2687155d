"""The results service: lists, reads, exports and deletes the results of runs."""
