"""One file for each kind of system: what is said to it, how it is asked, what its answers mean. No table is known here."""
