"""Public posts on Threads, and the answers to them. Threads has no messages to one person that we could send."""
