"""The past walked through as the service would have lived it, for training and back-test."""
