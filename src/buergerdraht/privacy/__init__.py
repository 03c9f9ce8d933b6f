"""Access, erasure and retention over all rooms, listed room by room."""
