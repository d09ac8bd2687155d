"""From a request to a job of the runner's queue, and the views of a job for its watchers."""
