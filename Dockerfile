# One image for every service of docker-compose.yml; which one it is, its command says.
FROM python:3.12-slim-bookworm AS build
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock

FROM python:3.12-slim-bookworm
# A fixed id, so that volumes keep their owner from image to image.
RUN groupadd --gid 10001 mailconsole \
    && useradd --uid 10001 --gid mailconsole --no-create-home --home-dir /var/lib/mailconsole mailconsole \
    && install -d -o mailconsole -g mailconsole -m 0700 /var/lib/mailconsole
COPY --from=build /opt/venv /opt/venv
COPY . /opt/mailconsole
# The user may not write here: without this each process would compile everything at each start.
RUN /opt/venv/bin/python -m compileall -q /opt/mailconsole
WORKDIR /opt/mailconsole
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MAILCONSOLE_HOME=/var/lib/mailconsole
USER mailconsole
VOLUME /var/lib/mailconsole
EXPOSE 8000 2525 2587
