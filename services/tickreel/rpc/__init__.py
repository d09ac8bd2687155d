"""How a service speaks: servers, channels, errors, paging, columns and settings."""
