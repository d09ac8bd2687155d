"""Jobs: work that takes longer than a call. Jobs are journalled, queued and watched, and run in child processes."""
