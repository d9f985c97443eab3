"""The leak hunt: what must not leave the provider's and the trusted third party's stores, looked for in every byte."""
