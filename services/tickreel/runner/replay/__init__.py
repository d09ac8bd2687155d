"""The replay of a window by the engine, whole or in slices, each in a process of its own."""
