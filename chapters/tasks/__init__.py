"""What `check` knows about the tasks of each chapter, in a module named after it."""
