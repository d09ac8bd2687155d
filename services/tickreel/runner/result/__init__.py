"""The files of a result: tables, JSON, findings, and the rows that a verification compares."""
