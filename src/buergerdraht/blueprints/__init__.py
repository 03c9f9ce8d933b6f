"""Ready set-ups (topics, texts, teams, sample broadcasts) that an organisation switches on; never overwrites what people edited."""
