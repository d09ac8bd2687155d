"""Run configs: JSON to message, the rules that a config must satisfy, and the strategies that it can name."""
