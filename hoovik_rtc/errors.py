"""Everything that can go wrong in words that say what was wrong, what was expected and what to do.

HoovikError
├── ConfigError           the configuration (file, environment or flag) cannot be used
├── SystemLibraryError    a library of the operating system is missing
├── MediaFileError        a recording cannot be read
├── AnalysisError         the process that analyses does not start
├── EvaluationError       labelled material cannot be read, or its figures cannot be written
├── InferenceError        a bundle, windows or pictures cannot be used, or what comes of them cannot be written
├── TrainingError         a model cannot be trained here, or from this material
├── ModelError            a model cannot be pulled or found (its kinds: hoovik_rtc/models/errors.py)
├── UsageError            a command was called with what it cannot use (exit code 2)
└── RequestError          somebody's request is refused; carries an HTTP status and a code
    ├── OfferError        400  the SDP offer cannot be answered
    ├── TooLargeError     413  the body is over its limit
    ├── RestartError      422  an ICE restart, which we do not answer (RFC 9725, 4.3)
    ├── StaleError        412  a request about an ICE session that is not there any more
    ├── MediaTypeError    415  the body is of the wrong type
    ├── NoCommonCodecError 406 the offer has no codec that we decode
    ├── MessageError      400  a control message is malformed
    ├── UnauthorizedError 401  no token, or a wrong one
    ├── OriginError       403  a page of another origin
    ├── UnknownSessionError 404 there is no such session
    └── CapacityError     503  full; carries the seconds after which to try again
"""

from __future__ import annotations


class HoovikError(Exception):
    """Base of all errors that this project raises on purpose."""


class ConfigError(HoovikError):
    """The configuration cannot be used."""


class SystemLibraryError(HoovikError):
    """A library of the operating system is missing; the message holds the command that installs it."""


class MediaFileError(HoovikError):
    """A recording cannot be read."""


class AnalysisError(HoovikError):
    """The process that analyses does not start."""


class EvaluationError(HoovikError):
    """Labelled material cannot be read, or its figures cannot be written."""


class InferenceError(HoovikError):
    """A bundle, windows or pictures cannot be used, or what comes of them cannot be written."""


class TrainingError(HoovikError):
    """A model cannot be trained here, or from this material."""


class UsageError(HoovikError):
    """A command was called with what it cannot use; its exit code is 2, as for arguments that cannot be parsed."""


class RequestError(HoovikError):
    """A request is refused. `status` is the HTTP status, `code` the machine-readable reason."""

    status = 400
    code = "bad_request"


class OfferError(RequestError):
    """The SDP offer cannot be answered."""

    code = "bad_offer"


class TooLargeError(RequestError):
    """The body is over its limit."""

    status = 413
    code = "too_large"


class RestartError(RequestError):
    """An ICE restart, which we do not answer (RFC 9725, 4.3)."""

    status = 422
    code = "no_ice_restart"


class StaleError(RequestError):
    """A request about an ICE session that is not there any more."""

    status = 412
    code = "stale"


class MediaTypeError(RequestError):
    """The body is of the wrong type."""

    status = 415
    code = "wrong_content_type"


class NoCommonCodecError(RequestError):
    """The offer has no codec that we decode."""

    status = 406
    code = "no_common_codec"


class MessageError(RequestError):
    """A control message is malformed."""

    code = "bad_message"


class UnauthorizedError(RequestError):
    """No token, or a wrong one."""

    status = 401
    code = "unauthorized"


class OriginError(RequestError):
    """A page of another origin asks for what only ours may have."""

    status = 403
    code = "foreign_origin"


class UnknownSessionError(RequestError):
    """There is no such session."""

    status = 404
    code = "unknown_session"


class CapacityError(RequestError):
    """No room for another participant now."""

    status = 503
    code = "full"

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
