"""Run configs: from JSON to a message, the rules a config must satisfy, and the strategies it can name."""
