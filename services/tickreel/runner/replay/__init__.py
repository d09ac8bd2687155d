"""The replay of a window by the engine: in one piece, or in slices that several processes replay."""
