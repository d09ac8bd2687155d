"""The commands of `tickreel`, one module each."""
