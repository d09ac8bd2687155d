"""The strategies that come with Tickreel."""
