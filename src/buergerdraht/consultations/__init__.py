"""The mayor's hour: when somebody answers citizens personally, and the queue of who waits for it. No message lives here."""
