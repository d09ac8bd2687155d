"""Processes that are started here: told their work or found healthy, heard to their end, gone with whoever started them."""
