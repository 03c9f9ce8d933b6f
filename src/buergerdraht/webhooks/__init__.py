"""What happened, told to other systems' addresses: thin, signed, retried, replayable. Knows no room above; rooms call `tell`."""
