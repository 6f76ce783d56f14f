"""What keeps the product from starting, each a sentence that names the thing and the place."""


class CannotStart(Exception):
    """`str()` is shown to the person at the terminal; nothing was left half done."""
