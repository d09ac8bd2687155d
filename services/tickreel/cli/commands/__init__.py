"""The commands of `tickreel`, a module each."""
