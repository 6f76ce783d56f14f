"""What the listener says where no rule of the configuration decides."""

from transport.model.reply import Reply

OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
START_DATA = Reply(354, "", "Start mail input; end with <CRLF>.<CRLF>")
BYE = Reply(221, "2.0.0", "Service closing transmission channel")
READY_FOR_TLS = Reply(220, "2.0.0", "SMTP server ready")
CANNOT_VERIFY = Reply(252, "2.1.5", "Cannot VRFY user, but will take message for this user and attempt delivery")
NO_EXPN = Reply(502, "5.7.0", "EXPN is not offered here")  # RFC 5321 7.3
HELP = Reply(214, "2.0.0", "This is a mail relay. Ask its postmaster for help.")
UNKNOWN_COMMAND = Reply(500, "5.5.2", "Command not recognised")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
LINE_TOO_LONG = Reply(500, "5.5.2", "Line too long")
BARE_LINE_END = Reply(500, "5.5.2", "A line must end with CRLF")
NOT_ASCII = Reply(500, "5.5.2", "The command is not valid UTF-8 or holds control characters")
BAD_SEQUENCE = Reply(503, "5.5.1", "Bad sequence of commands")
HELO_FIRST = Reply(503, "5.5.1", "Say EHLO first")
MAIL_FIRST = Reply(503, "5.5.1", "Need MAIL first")
RCPT_FIRST = Reply(503, "5.5.1", "Need a valid recipient first")
ALREADY_MAIL = Reply(503, "5.5.1", "Sender already given")
NEEDS_NAME = Reply(501, "5.5.4", "A host name or address literal is needed")
NO_PARAMETER = Reply(501, "5.5.4", "This command takes no parameter")
STOPPING = Reply(421, "4.3.2", "Service is stopping, try again later")
NOT_NOW = Reply(452, "4.3.1", "Insufficient system resources, try again later")
NOT_REDUNDANT = Reply(450, "4.5.1", "No second copy of the message could be kept, try again later")
NOT_STORED = Reply(451, "4.3.0", "The message could not be stored, try again later")
INTERNAL = Reply(451, "4.3.0", "Local error in processing, try again later")
BAD_CHUNK = Reply(521, "5.5.4", "Syntax: BDAT size [LAST]")  # RFC 3030 2; closes, see bdat
CHUNK_REFUSED = Reply(503, "5.5.1", "A chunk of this message was refused, say RSET")
CHUNKS_BEGUN = Reply(503, "5.5.1", "The message is being sent by BDAT")
BINARY_NEEDS_CHUNKS = Reply(503, "5.5.1", "BODY=BINARYMIME needs BDAT")  # RFC 3030 3
BARE_LINE_END_IN_DATA = Reply(550, "5.6.11", "The message holds a bare CR or LF; lines must end with CRLF")
BAD_XCLIENT = Reply(501, "5.5.4", "Syntax: XCLIENT ADDR=address and other attributes")
TLS_NOT_HERE = Reply(502, "5.5.1", "STARTTLS is not offered")
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already active")
AUTH_NOT_HERE = Reply(502, "5.5.1", "AUTH is not offered")
AUTH_ALREADY = Reply(503, "5.5.1", "Already authenticated")
AUTH_NEEDS_TLS = Reply(538, "5.7.11", "Encryption is required for authentication")  # RFC 4954 6
AUTH_MECHANISM = Reply(504, "5.5.4", "Unrecognised authentication type")
AUTH_CANCELLED = Reply(501, "5.7.0", "Authentication cancelled")  # RFC 4954 4
AUTH_NOT_BASE64 = Reply(501, "5.5.2", "Cannot decode base64")
AUTH_LINE_TOO_LONG = Reply(500, "5.5.6", "Authentication exchange line is too long")  # RFC 4954 6
AUTH_OK = Reply(235, "2.7.0", "Authentication successful")
AUTH_WRONG = Reply(535, "5.7.8", "Authentication credentials invalid")
AUTH_NOT_NOW = Reply(454, "4.7.0", "Temporary authentication failure")
