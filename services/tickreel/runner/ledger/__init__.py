"""The ledger of a run: orders and fills become an account, statistics and an outcome."""
