"""PhpSerializer handles the corpus of script/fuzz-codec as it must."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.codec import corpus
from tests.codec.php_codec import PhpCodec
from tests.codec.properties import check


def test_the_corpus() -> None:
    for data in corpus.read():
        check(data, None)


@pytest.mark.php
def test_php_reads_the_corpus_alike() -> None:
    with closing(PhpCodec()) as php:
        for data in corpus.read():
            check(data, php)
