"""What an endpoint says to a program that asks for what there is not."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(gr.Error) as error:
        call()
    assert error.value.print_exception is False, "a visitor's mistake is no fault of the app"
    return str(error.value.message)
