"""Output of the commands: tables, progress bars and reports for people, JSON for programs."""
