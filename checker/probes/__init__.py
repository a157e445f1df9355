"""Ask real vendor compilers, and write down what they say (development-time only)."""
