"""Tests of the system as it is deployed, on one local platform that ends with the last of them."""
