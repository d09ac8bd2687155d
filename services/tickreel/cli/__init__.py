"""`tickreel`: a client of the services in a terminal, and what starts them on one machine."""
