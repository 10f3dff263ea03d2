"""The study: claims, each with its measurement, its control and its verdict."""
