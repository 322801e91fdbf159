"""The one exception that is shown to a user without a traceback."""


class UserError(Exception):
    """A mistake in what the user gave us: a file, a line or a setting.

    The message is one line that names the place and says what would be right, such as
    ``a.tsv:14: expected 'word<TAB>label', found 3 columns``.
    """
