"""gRPC for services and clients: servers, channels, errors, paging, columns and settings."""
