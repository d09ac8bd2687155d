"""Supervision of the services and the gateway as child processes: start, health checks, restart, stop."""
