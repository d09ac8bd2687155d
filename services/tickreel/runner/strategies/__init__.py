"""The strategies that come with Tickreel, and the registry of all that are installed."""
