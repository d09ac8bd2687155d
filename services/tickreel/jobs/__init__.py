"""Work that takes longer than a call: journalled, queued, watched, done in processes of its own."""
