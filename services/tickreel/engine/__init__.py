"""The engine, NautilusTrader: nothing else but a strategy imports it, so that the next change of engine is one package's
work."""
