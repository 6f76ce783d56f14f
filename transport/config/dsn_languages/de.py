"""German."""

from __future__ import annotations

from transport.config.dsn_words import Advice, DsnWords

WORDS = DsnWords(
    name="Deutsch",
    sender="Mail Delivery System",
    when="%d.%m.%Y, %H:%M:%S UTC",
    subjects={
        "failed": "Unzustellbar",
        "delayed": "Zustellung verzögert",
        "relayed": "Weitergeleitet",
        "delivered": "Zugestellt",
    },
    openings={
        "failed": "Ihre Nachricht konnte diesen Empfängern oder Gruppen nicht zugestellt werden:",
        "delayed": "Die Zustellung Ihrer Nachricht an diese Empfänger oder Gruppen verzögert sich:",
        "relayed": "Ihre Nachricht wurde für diese Empfänger oder Gruppen weitergegeben, aber der Zielserver sendet "
        "keine Benachrichtigung über die Zustellung:",
        "delivered": "Ihre Nachricht wurde diesen Empfängern zugestellt:",
    },
    delayed_until="Sie brauchen sie nicht noch einmal zu senden: Die Zustellung wird bis {until} versucht. "
    "Misslingt sie, werden Sie benachrichtigt.",
    your_subject="Der Betreff Ihrer Nachricht: {subject}",
    and_more="und {number} weitere; alle stehen in den angehängten Einzelheiten.",
    for_administrators="Angaben für Administratoren:",
    generated_by="Meldender Server: {hostname} ({organization})",
    queue_id="Kennung in der Warteschlange: {queue_id}",
    received="Eingegangen: {received}",
    remote="Zielserver: {remote}",
    remote_said="Antwort des Zielservers: {reply}",
    advice={
        "1.1": Advice(
            "Die Adresse gibt es nicht.",
            "Prüfen Sie die Schreibweise der Adresse, oder fragen Sie den Empfänger nach der richtigen.",
        ),
        "1.2": Advice("Die Domain der Adresse gibt es nicht.", "Prüfen Sie die Schreibweise des Teils nach dem @."),
        "1.3": Advice("Die Adresse ist ungültig.", "Prüfen Sie die Schreibweise der Adresse."),
        "1.8": Advice(
            "Das Ziel lehnt E-Mail von Ihrer Adresse ab.",
            "Bitten Sie Ihren Administrator, die Absenderadresse zu prüfen.",
        ),
        "1.10": Advice(
            "Die Domain des Empfängers nimmt keine E-Mail an.", "Fragen Sie den Empfänger nach einer anderen Adresse."
        ),
        "2.1": Advice("Das Postfach des Empfängers ist gesperrt.", "Erreichen Sie den Empfänger auf anderem Weg."),
        "2.2": Advice(
            "Das Postfach des Empfängers ist voll.",
            "Bitten Sie den Empfänger, Platz zu schaffen, und senden Sie die Nachricht dann noch einmal.",
        ),
        "2.3": Advice(
            "Die Nachricht ist größer, als der Empfänger annimmt.",
            "Senden Sie eine kleinere Nachricht, zum Beispiel ohne Anlagen.",
        ),
        "2.4": Advice(
            "Die Gruppe kann nicht aufgelöst werden.",
            "Bitten Sie Ihren Administrator, die Mitglieder der Gruppe zu prüfen.",
        ),
        "3.4": Advice(
            "Die Nachricht ist größer, als das Ziel annimmt.",
            "Senden Sie eine kleinere Nachricht, zum Beispiel ohne Anlagen.",
        ),
        "4.1": Advice(
            "Der Zielserver ist nicht zu erreichen.",
            "An Ihrer Nachricht liegt es nicht. Versuchen Sie es später noch einmal.",
        ),
        "4.3": Advice(
            "Die Domain des Empfängers kann nicht nachgeschlagen werden.",
            "Prüfen Sie den Teil nach dem @; ist er richtig, versuchen Sie es später noch einmal.",
        ),
        "4.4": Advice(
            "Kein Server nimmt E-Mail für die Domain des Empfängers an.",
            "Prüfen Sie die Schreibweise des Teils nach dem @.",
        ),
        "4.6": Advice(
            "Die Nachricht würde im Kreis laufen.", "Leiten Sie diese Benachrichtigung an Ihren Administrator weiter."
        ),
        "4.7": Advice(
            "Die Nachricht war zu lange in der Warteschlange.",
            "Prüfen Sie die Adresse; ist sie richtig, senden Sie die Nachricht noch einmal.",
        ),
        "5.3": Advice("Die Nachricht hat zu viele Empfänger.", "Senden Sie sie an weniger Empfänger auf einmal."),
        "6.3": Advice(
            "Die Nachricht hat einen Inhalt, den das Ziel nicht annehmen kann.",
            "Senden Sie sie in einem anderen Format, als reinen Text.",
        ),
        "6.7": Advice(
            "Die Adresse braucht internationale E-Mail, die das Ziel nicht anbietet.",
            "Fragen Sie nach einer anderen Adresse.",
        ),
        "6.9": Advice(
            "Die Nachricht braucht internationale E-Mail, die das Ziel nicht anbietet.",
            "Senden Sie sie ohne Umlaute und Sonderzeichen in Namen und Betreff.",
        ),
        "7.1": Advice(
            "Das Ziel erlaubt diese Nachricht nicht.", "Bitten Sie den Empfänger oder Ihren Administrator um Erlaubnis."
        ),
        "7.30": Advice(
            "Die Nachricht verlangt eine gesicherte Verbindung, die das Ziel nicht anbietet.",
            "Senden Sie sie ohne diese Anforderung, wenn der Inhalt das erlaubt.",
        ),
        "7": Advice(
            "Das Ziel lehnt die Nachricht aus Sicherheitsgründen ab.",
            "Leiten Sie diese Benachrichtigung an Ihren Administrator weiter.",
        ),
        "2": Advice(
            "Das Postfach des Empfängers kann die Nachricht nicht annehmen.",
            "Fragen Sie den Empfänger, oder senden Sie die Nachricht später noch einmal.",
        ),
        "4": Advice(
            "Das Ziel ist nicht zu erreichen.",
            "Prüfen Sie den Teil nach dem @; ist er richtig, versuchen Sie es später noch einmal.",
        ),
    },
    other=Advice(
        "Der Zielserver hat die Nachricht abgelehnt.",
        "Leiten Sie diese Benachrichtigung an Ihren Administrator weiter.",
    ),
)
