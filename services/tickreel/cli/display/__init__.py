"""The output of the commands: tables, bars and reports for people, JSON for programs."""
