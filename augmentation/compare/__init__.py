"""compare: transfer strategies trained, scored and tested against each other."""
