"""The ledger of a run: it turns orders and fills into an account, statistics and an outcome."""
