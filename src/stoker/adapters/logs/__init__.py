"""What processes tell of what they do, a line for each thing that happened, without secrets."""
