"""The `tickreel` command: a terminal client of the services, and their supervisor on one machine."""
