"""What the API of every room stands on: the door, the pages, problems and answers that are given once. No room's endpoint lives here."""
