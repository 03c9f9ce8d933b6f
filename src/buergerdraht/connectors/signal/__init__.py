"""Signal, through a signal-cli of one's own: its daemon, or signal-cli-rest-api. Nothing of either is linked in."""
