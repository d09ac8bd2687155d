"""The results service: answers what runs found."""
