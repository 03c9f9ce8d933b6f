"""The program around the rooms: the embedded PostgreSQL, the supervisor, the doctor, the demo town. Never a rule of the desk."""
