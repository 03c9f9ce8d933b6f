"""Cases in other systems: handed over by e-mail, to Zammad, to another Open311 server; what happens there comes back."""
