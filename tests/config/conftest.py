"""Load a configuration that a test has written, or tell what is wrong with it."""

import json

import pytest

from tosca_kiosk.config import ConfigError, load_config


@pytest.fixture
def load(tmp_path):
    def load(document):
        path = tmp_path / "site.yaml"
        text = document if isinstance(document, str | bytes) else json.dumps(document)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_config(path)

    return load


@pytest.fixture
def errors_of(load):
    def errors_of(document):
        with pytest.raises(ConfigError) as caught:
            load(document)
        assert str(caught.value).startswith(caught.value.source_name + ": ")
        assert caught.value.source_name.endswith("site.yaml")
        return [str(error) for error in caught.value.errors]

    return errors_of
