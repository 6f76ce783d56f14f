"""English, in Exchange's wording."""

from __future__ import annotations

from transport.config.dsn_words import Advice, DsnWords

WORDS = DsnWords(
    name="English",
    sender="Mail Delivery System",
    when="%a, %d %b %Y %H:%M:%S +0000",
    subjects={
        "failed": "Undeliverable",
        "delayed": "Delivery delayed",
        "relayed": "Relayed",
        "delivered": "Delivered",
    },
    openings={
        "failed": "Delivery has failed to these recipients or groups:",
        "delayed": "Delivery is delayed to these recipients or groups:",
        "relayed": "Delivery to these recipients or groups is complete, but no delivery notification was sent by the "
        "destination server:",
        "delivered": "Your message has been delivered to the following recipients:",
    },
    delayed_until="You do not have to send it again: delivery will be tried until {until}. "
    "You will be told if it fails.",
    your_subject="The subject of your message: {subject}",
    and_more="and {number} more; all of them are in the details attached.",
    for_administrators="Diagnostic information for administrators:",
    generated_by="Generating server: {hostname} ({organization})",
    queue_id="Queue id: {queue_id}",
    received="Received: {received}",
    remote="Remote server: {remote}",
    remote_said="Remote server returned: {reply}",
    advice={
        "1.1": Advice(
            "The address does not exist.", "Check the spelling of the address, or ask the recipient for the right one."
        ),
        "1.2": Advice("The domain of the address does not exist.", "Check the spelling of the part after the @."),
        "1.3": Advice("The address is not valid.", "Check the spelling of the address."),
        "1.8": Advice(
            "The destination refuses mail from your address.", "Ask your administrator to check the sender address."
        ),
        "1.10": Advice("The recipient's domain accepts no mail.", "Ask the recipient for another address."),
        "2.1": Advice("The recipient's mailbox is disabled.", "Reach the recipient in another way."),
        "2.2": Advice(
            "The recipient's mailbox is full.", "Ask the recipient to make room, then send the message again."
        ),
        "2.3": Advice(
            "The message is larger than the recipient accepts.",
            "Send a smaller message, for example without attachments.",
        ),
        "2.4": Advice("The group cannot be expanded.", "Ask your administrator to check the group's members."),
        "3.4": Advice(
            "The message is larger than the destination accepts.",
            "Send a smaller message, for example without attachments.",
        ),
        "4.1": Advice(
            "The destination server cannot be reached.", "Nothing is wrong with your message. Try again later."
        ),
        "4.3": Advice(
            "The recipient's domain cannot be looked up.",
            "Check the part after the @; if it is right, try again later.",
        ),
        "4.4": Advice(
            "No server takes mail for the recipient's domain.", "Check the spelling of the part after the @."
        ),
        "4.6": Advice("The message would go in a circle.", "Forward this notification to your administrator."),
        "4.7": Advice(
            "The message was in the queue for too long.", "Check the address; if it is right, send the message again."
        ),
        "5.3": Advice("The message has too many recipients.", "Send it to fewer recipients at a time."),
        "6.3": Advice(
            "The message has content that the destination cannot take.", "Send it in another format, as plain text."
        ),
        "6.7": Advice(
            "The address needs international mail, which the destination does not offer.", "Ask for another address."
        ),
        "6.9": Advice(
            "The message needs international mail, which the destination does not offer.",
            "Send it with plain letters in names and subject.",
        ),
        "7.1": Advice(
            "The destination does not permit this message.", "Ask the recipient, or your administrator, for permission."
        ),
        "7.30": Advice(
            "The message demands a secured connection, which the destination does not offer.",
            "Send it without that demand, if its content allows that.",
        ),
        "7": Advice(
            "The destination refuses the message for security reasons.",
            "Forward this notification to your administrator.",
        ),
        "2": Advice(
            "The recipient's mailbox cannot take the message.", "Ask the recipient, or send the message again later."
        ),
        "4": Advice(
            "The destination cannot be reached.", "Check the part after the @; if it is right, try again later."
        ),
    },
    other=Advice("The destination server refused the message.", "Forward this notification to your administrator."),
)
