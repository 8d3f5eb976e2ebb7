"""The sky: air, sun, clouds, stars and moon as an HDR environment."""
