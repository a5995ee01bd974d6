"""What processes tell of themselves in numbers, as Prometheus reads them."""
