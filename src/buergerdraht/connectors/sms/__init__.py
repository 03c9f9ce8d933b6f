"""SMS by any gateway that speaks HTTP, as the Config describes it. Never a decision when to try again."""
