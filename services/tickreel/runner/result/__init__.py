"""The files of a result: tables, JSON, findings, and the data that a verification compares."""
