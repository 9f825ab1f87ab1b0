# Winnow on Debian 12: built in one stage, run in another, not as root.
#   docker build -t winnow .
# deploy/compose.yaml runs it with PostgreSQL.
FROM debian:12-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends \
        gcc make binutils pkg-config libc6-dev libmicrohttpd-dev libjansson-dev libpq-dev uuid-dev \
        libssl-dev libcurl4-openssl-dev zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Makefile openapi.yaml LICENSE CHANGELOG.md ./
COPY include include
COPY src src
COPY migrations migrations
COPY tools tools
COPY deploy/winnowd.service deploy/
RUN make -j"$(nproc)" all && make install PREFIX=/usr DESTDIR=/out \
    && strip /out/usr/bin/winnowd /out/usr/bin/winnow

FROM debian:12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends \
        libmicrohttpd12 libjansson4 libpq5 libuuid1 libssl3 libcurl4 zlib1g ca-certificates tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65500 --no-create-home --shell /usr/sbin/nologin winnow
COPY --from=build /out/usr/bin/ /usr/bin/
COPY --from=build /out/usr/share/doc/winnow /usr/share/doc/winnow
USER 65500:65500
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/winnowd"]
