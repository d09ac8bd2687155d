"""Turn requests into runs, execute runs, and give watchers views of them."""
